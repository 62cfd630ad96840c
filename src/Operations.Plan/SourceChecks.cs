using System.Globalization;
using Archiving.Model;
using Archiving.Settings;
using Archiving.Source;
using Azure;
using EightByEight;

namespace Operations.Plan;

/// <summary>What was found of 8x8.</summary>
internal sealed class SourceFindings
{
    /// <summary>What was looked at.</summary>
    public List<Check> Checks { get; } = [];

    /// <summary>What is good to know.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>The rights that the key lacks.</summary>
    public List<string> MissingRights { get; } = [];

    /// <summary>The regions that can be listed.</summary>
    public List<string> Regions { get; } = [];

    /// <summary>Those of them that reject filters on times.</summary>
    public HashSet<string> ListedWhole { get; } = new(StringComparer.Ordinal);
}

/// <summary>
/// Checks 8x8: the account's regions, its clock, and what the API key may do. It only reads, except for two requests
/// that show the rights to restore and to delete: each names one made-up id that 8x8 has just said it does not know.
/// They never name the id of an object.
/// </summary>
internal sealed class SourceChecks(CloudStorageClient client, ResponseWatch watch, ArchiverOptions options)
{
    private const string CreatedTime = "createdTime";

    // A page can hold fewer records than there are, so one is too few to tell that there is none.
    private const int FewRecords = 20;
    private static readonly TimeSpan MaxSkew = TimeSpan.FromSeconds(60);
    private readonly SourceFindings _findings = new();
    private (string Region, string Id)? _sample;

    private EightByEightOptions Source => options.EightByEight;

    /// <summary>Checks regions, clock and rights.</summary>
    public async Task<SourceFindings> CheckAsync(PlanRequest request, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var (wanted, failure) = await FindRegionsAsync(request, cancellationToken);
        if (failure is { Status: 0 or 401 or 429 })
        {
            // The next checks would fail in the same way.
            Skip("Not asked: see Regions.", [CheckNames.Clock, .. Needed(request, options)]);
            return _findings;
        }

        AddClock();
        await ListAsync(wanted, request, from, to, cancellationToken);
        var region = wanted.Count > 0 ? wanted[0] : Source.DiscoveryRegion;
        await DownloadAsync(region, cancellationToken);
        await RestoreAsync(region, request, cancellationToken);
        await DeleteAsync(region, request, cancellationToken);
        return _findings;
    }

    /// <summary>The rights that are looked at.</summary>
    public static IEnumerable<string> Needed(PlanRequest request, ArchiverOptions options)
    {
        yield return CheckNames.List;
        yield return CheckNames.Download;
        if (request.ProbeRights == true || NeedsRestore(options))
        {
            yield return CheckNames.Restore;
        }

        if (request.ProbeRights == true || NeedsDelete(options))
        {
            yield return CheckNames.Delete;
        }
    }

    private static bool NeedsRestore(ArchiverOptions options) => options.EightByEight.IncludeArchived;

    private static bool NeedsDelete(ArchiverOptions options) => options.Purge.Enabled || options.Purge.AfterDays is not null;

    private async Task<(IReadOnlyList<string> Regions, RequestFailedException? Failure)> FindRegionsAsync(
        PlanRequest request,
        CancellationToken cancellationToken)
    {
        var wanted = request.Regions.Count > 0 ? request.Regions : Source.Regions;
        IReadOnlyList<string> account = [];
        var failure = await TryAsync(async () => account = await client.GetRegionsAsync(Source.DiscoveryRegion, cancellationToken), cancellationToken);
        if (failure is not null)
        {
            _findings.Checks.Add(failure.Status switch
            {
                403 => Check.Unknown(CheckNames.Regions, "8x8 does not tell this API key the account's regions (403): see List."),
                404 => Check.Problem(
                    CheckNames.Regions,
                    $"8x8 does not know the region {Wording.Clean(Source.DiscoveryRegion)} of EightByEight__DiscoveryRegion (404). Give another, "
                    + "such as us-east, and check EightByEight__BaseUrl."),
                _ => Check.Problem(CheckNames.Regions, Explain(failure)),
            });
            return (wanted.Count > 0 || failure.Status != 403 ? wanted : [Source.DiscoveryRegion], failure);
        }

        if (account.Count == 0)
        {
            _findings.Checks.Add(
                Check.Problem(CheckNames.Regions, "8x8 names no region for this account. Check that the API key belongs to the right customer."));
            return ([], null);
        }

        var strange = wanted.Except(account, StringComparer.Ordinal).ToList();
        _findings.Checks.Add(strange.Count == 0
            ? Check.Ok(CheckNames.Regions, $"The account has {Wording.List(account)}.")
            : Check.Problem(
                CheckNames.Regions,
                $"{(request.Regions.Count > 0 ? "The regions asked for" : "EightByEight__Regions")} name {Wording.List(strange)}, "
                + $"which the account does not have. It has {Wording.List(account)}."));
        var leftOut = wanted.Count == 0 ? [] : account.Except(wanted, StringComparer.Ordinal).ToList();
        if (leftOut.Count > 0 && request.Regions.Count == 0)
        {
            _findings.Notes.Add($"The account also has {Wording.List(leftOut)}, which EightByEight__Regions leaves out: nothing from there is archived.");
        }

        return (wanted.Count == 0 ? account : [.. wanted.Intersect(account, StringComparer.Ordinal)], null);
    }

    private void AddClock()
    {
        if (watch.Ahead is not { } ahead)
        {
            _findings.Checks.Add(Check.Unknown(CheckNames.Clock, "8x8's answers have no date to compare with."));
            return;
        }

        var seconds = Math.Round(ahead.TotalSeconds);
        _findings.Checks.Add(ahead.Duration() <= MaxSkew
            ? Check.Ok(CheckNames.Clock, "This machine's clock agrees with 8x8's.")
            : Check.Problem(
                CheckNames.Clock,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"This machine's clock is {Math.Abs(seconds):#,0} seconds {(seconds > 0 ? "ahead of" : "behind")} 8x8's. "
                    + $"Listings go by time, and would leave out or delay what is new. Set the clock, and have it kept by NTP.")));
    }

    private async Task ListAsync(
        IReadOnlyList<string> regions,
        PlanRequest request,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellationToken)
    {
        if (regions.Count == 0)
        {
            Skip("There is no region to list: see Regions.", CheckNames.List);
            return;
        }

        var problems = new List<string>();
        foreach (var region in regions)
        {
            if (await TryListAsync(region, request, from, to, cancellationToken) is not { } failure)
            {
                _findings.Regions.Add(region);
            }
            else if (failure.Status == 403)
            {
                _findings.MissingRights.Add("list");
                _findings.Checks.Add(
                    Check.Problem(
                        CheckNames.List,
                        "8x8 does not let this API key search (403). Give its user the role Storage API, and its app the product Call recordings & "
                        + "Storage. A change takes some minutes."));
                return;
            }
            else
            {
                problems.Add($"{Wording.Clean(region)}: {Explain(failure)}");
            }
        }

        if (problems.Count > 0)
        {
            _findings.Checks.Add(Check.Problem(CheckNames.List, string.Join(' ', problems)));
            return;
        }

        var slow = _findings.ListedWhole.Count == 0
            ? ""
            : $" {Wording.List(_findings.ListedWhole)} rejects filters on times and is listed whole, which is slow: report it to 8x8.";
        _findings.Checks.Add(Check.Ok(CheckNames.List, $"The key may search {Wording.List(_findings.Regions)}.{slow}"));
    }

    /// <summary>Searches a region as a listing would.</summary>
    /// <returns>Why that is not possible; <see langword="null"/> when it is.</returns>
    private async Task<RequestFailedException?> TryListAsync(
        string region,
        PlanRequest request,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellationToken)
    {
        var filter = new WantedObjects(Source).ToFiql(request.Types);
        StorageObject? oldest = null;
        var failure = await TryAsync(async () => oldest = await FirstAsync(region, filter, SortDirection.Ascending, cancellationToken), cancellationToken);
        if (failure is not null)
        {
            var unfiltered = new WantedObjects(Source with { Filter = null }).ToFiql(request.Types);
            return failure.Status is 400 or 500 && Source.Filter is not null
                && await TryAsync(() => FirstAsync(region, unfiltered, SortDirection.Ascending, cancellationToken), cancellationToken) is null
                    ? new RequestFailedException(
                        failure.Status,
                        $"8x8 rejects EightByEight__Filter ({failure.Status}). Correct it: FIQL, such as direction==inbound.",
                        failure)
                    : failure;
        }

        var range = Fiql.And(filter, Fiql.GreaterOrEqual(CreatedTime, from), Fiql.LessThan(CreatedTime, to));
        if (await TryAsync(() => FirstAsync(region, range, SortDirection.Ascending, cancellationToken), cancellationToken) is { } rejected)
        {
            if (rejected.Status is not (400 or 500))
            {
                return rejected;
            }

            _findings.ListedWhole.Add(region);
        }

        if (oldest?.CreatedTime < from)
        {
            _findings.Notes.Add(
                $"{Wording.Clean(region)} has objects since {Wording.Time(oldest.CreatedTime.Value)}, before the time range of the plan. A "
                + "first run begins at Listing__StartFrom; a backfill archives what is older.");
        }

        if (_sample is null)
        {
            await TryAsync(
                async () =>
                {
                    var newest = await FirstAsync(region, Fiql.Equal("objectState", "AVAILABLE"), SortDirection.Descending, cancellationToken);
                    _sample = newest is null ? null : (region, newest.Id);
                },
                cancellationToken);
        }

        return null;
    }

    private async Task<StorageObject?> FirstAsync(string region, string? filter, SortDirection direction, CancellationToken cancellationToken)
    {
        var page = await client.GetObjectsAsync(
            region,
            new ObjectQuery { Filter = filter, PageKey = "0", Limit = FewRecords, SortField = CreatedTime, SortDirection = direction },
            cancellationToken);
        return page.Objects.Count > 0 ? page.Objects[0] : null;
    }

    private async Task DownloadAsync(string region, CancellationToken cancellationToken)
    {
        // Without an object to try, one that does not exist still shows that the right is missing, if not that it is there.
        var (from, id) = _sample ?? (region, NewId());
        var failure = await TryAsync(
            async () =>
            {
                await using var content = await client.OpenContentAsync(from, id, cancellationToken);
                _ = await content.Stream.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, cancellationToken);
            },
            cancellationToken);
        if (failure is { Status: 403 })
        {
            _findings.MissingRights.Add("download");
        }

        _findings.Checks.Add(failure switch
        {
            null => Check.Ok(CheckNames.Download, "The key may download: the first byte of an object was read."),
            { Status: 403 } => Check.Problem(
                CheckNames.Download,
                "8x8 does not let this API key download (403). Give the API app the right to download. A change takes some minutes."),
            { Status: 404 or 410 } when _sample is null => Check.Unknown(CheckNames.Download, "There is no AVAILABLE object to try it with."),
            { Status: 404 or 410 } => Check.Unknown(CheckNames.Download, "The object to try it with has gone meanwhile. Ask again."),
            _ => Check.Unknown(CheckNames.Download, Explain(failure)),
        });
    }

    private async Task RestoreAsync(string region, PlanRequest request, CancellationToken cancellationToken)
    {
        if (request.ProbeRights ?? NeedsRestore(options))
        {
            await ProbeAsync(
                CheckNames.Restore,
                "restore from cold storage",
                "restore",
                "8x8 does not let this API key restore from cold storage (403). Give the API app the right to edit, or set "
                + "EightByEight__IncludeArchived to false.",
                region,
                id => client.RestoreAsync(region, id, expirationDays: 1, cancellationToken),
                cancellationToken);
        }
        else if (NeedsRestore(options))
        {
            Skip("Not tried, as asked.", CheckNames.Restore);
        }
    }

    private async Task DeleteAsync(string region, PlanRequest request, CancellationToken cancellationToken)
    {
        if (request.ProbeRights ?? NeedsDelete(options))
        {
            await ProbeAsync(
                CheckNames.Delete,
                "delete",
                "delete",
                "8x8 does not let this API key delete (403). Give the API app the right to edit, or leave Purge__Enabled false.",
                region,
                id => client.DeleteAsync(region, [id], cancellationToken),
                cancellationToken);
        }
        else if (NeedsDelete(options))
        {
            Skip("Not tried, as asked.", CheckNames.Delete);
        }
    }

    /// <summary>Sends a request that cannot succeed, to see whether it is refused because a permission or because the object is missing.</summary>
    private async Task ProbeAsync(
        string name,
        string what,
        string right,
        string missing,
        string region,
        Func<string, Task> ask,
        CancellationToken cancellationToken)
    {
        var id = NewId();
        var known = await TryAsync(() => client.GetObjectAsync(region, id, cancellationToken), cancellationToken);
        if (known is not { Status: 404 or 410 })
        {
            // Only send an id that 8x8 has said it does not know.
            _findings.Checks.Add(Check.Unknown(name, known is null
                ? "Not tried: 8x8 says that it knows an id that was just made up."
                : $"Not tried: 8x8 does not say that the made-up id to try with is unknown ({known.Status})."));
            return;
        }

        var failure = await TryAsync(() => ask(id), cancellationToken);
        if (failure is { Status: 403 })
        {
            _findings.MissingRights.Add(right);
        }

        _findings.Checks.Add(failure switch
        {
            null or { Status: 404 or 410 } => Check.Ok(
                name,
                $"The key may {what}: a request for an object that does not exist was not refused because of a missing right."),
            { Status: 403 } => Check.Problem(name, missing),
            _ => Check.Unknown(name, Explain(failure)),
        });
    }

    private void Skip(string why, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            _findings.Checks.Add(Check.Unknown(name, why));
        }
    }

    private static string NewId() => Guid.NewGuid().ToString();

    /// <summary>Calls 8x8.</summary>
    /// <returns>How that failed; <see langword="null"/> when it did not.</returns>
    private static async Task<RequestFailedException?> TryAsync(Func<Task> call, CancellationToken cancellationToken)
    {
        try
        {
            await call();
            return null;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && AsFailure(exception) is { } failure)
        {
            return failure;
        }
    }

    private static RequestFailedException? AsFailure(Exception exception) => SourceFailure.Answer(exception) ?? exception switch
    {
        // No answer: the pipeline timed out, or the answer broke off.
        OperationCanceledException or IOException or AggregateException => new RequestFailedException(0, exception.Message, exception),
        _ => null,
    };

    /// <summary>Cause and remedy. A token that cannot be renewed has its own message.</summary>
    private static string Explain(RequestFailedException failure) =>
        failure is TokenRequestException ? failure.Message : SourceFailure.OfAccount(failure)?.Message ?? failure.Message;
}
