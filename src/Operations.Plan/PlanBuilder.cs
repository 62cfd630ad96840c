using System.Globalization;
using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Source;
using Azure.Core;
using EightByEight;
using Microsoft.Extensions.Logging;
using Operations.Objects;

namespace Operations.Plan;

/// <summary>
/// The first contact with an account: checks everything that archiving needs, counts what there is to archive and
/// estimates what that takes. Writes nothing: no container, queue or table is made, no token goes into the vault, and
/// nothing at 8x8 is changed.
/// </summary>
public sealed class PlanBuilder(
    CredentialsChecks credentials,
    StorageClients storage,
    RecordedHealth health,
    RequestGate gate,
    LedgerChanges changes,
    ArchiverOptions options,
    TimeProvider timeProvider,
    ILoggerFactory loggers,
    TimeSpan? storageTimeout = null)
{
    // The user waits for the answer.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    // How long the storage may take to answer.
    private readonly TimeSpan _storageTimeout = storageTimeout ?? TimeSpan.FromSeconds(20);

    /// <summary>Checks, counts and estimates.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="progress">Told how far the count is.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="PlanRequestException">The time range ends before it begins.</exception>
    public async Task<PlanReport> BuildAsync(PlanRequest request, IProgress<CountProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (from, to) = request.TimeRange(options.Listing, timeProvider.GetUtcNow());
        var azure = new StorageChecks(storage, options, request.ProbeRights != false, _storageTimeout).CheckAsync(cancellationToken);
        var checks = new List<Check> { Check.Ok(CheckNames.Settings, "Every setting is well-formed.") };
        var watch = new ResponseWatch(timeProvider);
        var findings = new SourceFindings();
        CountedObjects? counted = null;
        IReadOnlyList<OldestObject> oldest = [];
        if (await credentials.BorrowTokenAsync(checks, cancellationToken) is { } token)
        {
            var client = CreateClient(token, watch);
            findings = await new SourceChecks(client, watch, options).CheckAsync(request, from, to, cancellationToken);
            var ledger = HasTable(await azure)
                ? ObjectLedger.WithoutCreating(storage.Tables, changes)
                : null;
            counted = await CountAsync(client, watch, findings, ledger, request, from, to, progress, cancellationToken);
            oldest = counted is null
                ? []
                : await new RetentionChecks(client, options, timeProvider)
                    .CheckAsync(findings.Regions, counted.Types, findings.Notes, request.MaxDuration, cancellationToken);
        }
        else
        {
            string[] others = [CheckNames.Regions, CheckNames.Clock, .. SourceChecks.Needed(request, options)];
            findings.Checks.AddRange(others.Select(name => Check.Unknown(name, "Not asked: there is no token.")));
        }

        checks.AddRange(findings.Checks);
        checks.AddRange(await azure);
        if (HasTable(await azure))
        {
            checks.AddRange(await health.CheckAsync(cancellationToken));
        }

        var count = counted?.ToCount();
        var estimate = counted is null
            ? null
            : RunEstimate.Of(counted, findings.Regions.Count * (int)Math.Ceiling((to - from).TotalDays), watch.Average, options);
        if (count is not null)
        {
            AddNotes(findings.Notes, count);
            AddUnseen(findings.Notes, request.Types.Count > 0 ? request.Types : options.EightByEight.Types, counted!);
        }

        var problems = checks.Count(check => check.Status == CheckStatus.Problem);
        return new PlanReport(
            from,
            to,
            findings.Regions,
            request.Types.Count > 0 ? request.Types : options.EightByEight.Types,
            problems == 0,
            Verdict(problems, findings.Regions, count, estimate),
            findings.MissingRights,
            checks,
            findings.Notes,
            count,
            estimate,
            oldest,
            NameFiles(counted));
    }

    private static bool HasTable(IReadOnlyList<Check> azure) => azure.Any(check => check is { Name: CheckNames.Table, Status: CheckStatus.Ok });

    private List<NamedFile> NameFiles(CountedObjects? counted)
    {
        var names = new DownloadName(options);
        return
        [
            .. from sample in counted?.Samples ?? []
               let blob = ArchiveLayout.ContentName(sample.Region, sample.Record)
               select new NamedFile(sample.Record.Type, sample.Record.ObjectName, names.Of(sample.Region, sample.Record, blob)),
        ];
    }

    private static string Verdict(int problems, List<string> regions, ObjectCount? count, RunEstimate? estimate) => problems switch
    {
        1 => "One problem must be fixed before archiving can be relied on.",
        > 1 => string.Create(CultureInfo.InvariantCulture, $"{problems} problems must be fixed before archiving can be relied on; begin with the first."),
        _ when count is null || estimate is null => "Nothing is known to be wrong, but 8x8 could not be counted.",
        _ when count.ToCopy.Objects == 0 => $"All is well, and there is nothing to copy in {Wording.List(regions)}.",
        _ => $"All is well: a run would copy {(count.IsEstimate ? "about " : "")}{Wording.Objects(count.ToCopy.Objects)} "
            + $"({Wording.Size(count.ToCopy.Bytes)}) from {Wording.List(regions)} in {Wording.Hours(estimate.Hours)} on one instance"
            + $"{DescribeRestore(count, estimate)}.",
    };

    private static string DescribeRestore(ObjectCount count, RunEstimate estimate) => estimate.RestoreDays switch
    {
        <= 0 => "",
        1 => $", and restore {Wording.Objects(count.ToRestore.Objects)} from cold storage within a day",
        var days => $", and restore {Wording.Objects(count.ToRestore.Objects)} from cold storage within {Wording.Number(days)} days",
    };

    private static void AddNotes(List<string> notes, ObjectCount count)
    {
        if (count.WithinSevenDays.Objects > 0)
        {
            notes.Add($"8x8 deletes {Wording.Objects(count.WithinSevenDays.Objects)} of these within seven days: begin soon.");
        }

        if (count.PastRetention.Objects > 0)
        {
            notes.Add(
                $"{Wording.Objects(count.PastRetention.Objects)} should be gone by now by Retention__DefaultDays, Retention__<type> and Retention__Rules, "
                + "and 8x8 still has them: set these to what your plan says, or what is at risk cannot be told.");
        }
    }

    /// <summary>8x8 answers a search for a type that does not exist with nothing, and not with an error.</summary>
    private static void AddUnseen(List<string> notes, IEnumerable<string> wanted, CountedObjects counted)
    {
        foreach (var type in wanted.Except(counted.Types, StringComparer.Ordinal))
        {
            notes.Add($"8x8 lists no object of the type {Wording.Clean(type)} in this time range. If there should be any, check how the type is written.");
        }
    }

    private async Task<CountedObjects?> CountAsync(
        CloudStorageClient client,
        ResponseWatch watch,
        SourceFindings findings,
        ObjectLedger? ledger,
        PlanRequest request,
        DateTimeOffset from,
        DateTimeOffset to,
        IProgress<CountProgress>? progress,
        CancellationToken cancellationToken)
    {
        if (findings.Regions.Count == 0)
        {
            return null;
        }

        var counter = new ObjectCounter(new KeysetPager(client, timeProvider, loggers.CreateLogger<KeysetPager>()), watch, ledger, options, timeProvider);
        try
        {
            var counted = await counter.CountAsync(findings.Regions, findings.ListedWhole, request, from, to, progress, cancellationToken);
            if (counter.Ledger is null)
            {
                findings.Notes.Add("The ledger could not be read, so what is archived already counts as to be copied.");
            }

            if (counted.Unreadable > 0)
            {
                findings.Checks.RemoveAll(check => check.Name == CheckNames.List);
                findings.Checks.Add(
                    Check.Problem(
                        CheckNames.List,
                        $"8x8 lists {(counted.Unreadable == 1 ? "a record" : $"{Wording.Number(counted.Unreadable)} records")} that cannot be read. The object "
                        + "is archived only if 8x8 gives a record that can be read when it is asked for that one by its ID. Report it to 8x8."));
            }

            SettleRestore(findings, counted);
            return counted;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && (SourceFailure.Answer(exception) is not null
            || exception is InvalidDataException or UnsettledListException or AggregateException or OperationCanceledException or IOException))
        {
            findings.Checks.RemoveAll(check => check.Name == CheckNames.List);
            findings.Checks.Add(
                Check.Problem(
                    CheckNames.List,
                    $"8x8 could not be listed to the end. {SourceFailure.OfAccount(exception)?.Message ?? FailureText.Of(exception)}"));
            return null;
        }
    }

    /// <summary>A key that may not restore is as it should be where nothing is in cold storage.</summary>
    private static void SettleRestore(SourceFindings findings, CountedObjects counted)
    {
        var index = findings.Checks.FindIndex(check => check is { Name: CheckNames.Restore, Status: CheckStatus.Problem });
        if (index >= 0 && counted.ToRestore.Objects == 0 && !counted.IsEstimate)
        {
            findings.Checks[index] = Check.Ok(
                CheckNames.Restore,
                "The key may not restore from cold storage (403), and no object of the time range is there, so it need not. If that changes, the "
                + "health check says so.");
        }
    }

    private CloudStorageClient CreateClient(BorrowedToken token, ResponseWatch watch)
    {
        var clientOptions = new CloudStorageClientOptions
        {
            Gate = gate,
            FailsWhenRefused = true,
            TimeProvider = timeProvider,
            Retry = { MaxRetries = 3, NetworkTimeout = Timeout },
        };
        clientOptions.AddPolicy(watch, HttpPipelinePosition.PerRetry);
        return new CloudStorageClient(options.EightByEight.BaseUrl, token, clientOptions);
    }
}
