using System.Globalization;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Source;
using Azure.Core;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using EightByEight;
using Microsoft.Extensions.Logging;

namespace Operations.Plan;

/// <summary>
/// The first contact with an account: checks everything that archiving needs, counts what there is to archive and
/// estimates what that takes. Writes nothing: no container, queue or table is made, no token goes into the vault, and
/// nothing at 8x8 is changed.
/// </summary>
public sealed class Checkup(
    TokenClient tokenClient,
    ITokenStore tokenStore,
    RequestGate gate,
    BlobServiceClient blobs,
    QueueServiceClient queues,
    TableServiceClient tables,
    LedgerChanges changes,
    ArchiverOptions options,
    TimeProvider timeProvider,
    ILoggerFactory loggers)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>How long the storage may take to answer.</summary>
    internal TimeSpan StorageTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Looks, counts and estimates.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="progress">Told how far the count is.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="PlanRequestException">The time range ends before it begins.</exception>
    public async Task<PlanReport> RunAsync(PlanRequest request, IProgress<CountProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (from, to) = request.TimeRange(options.Listing, timeProvider.GetUtcNow());
        var azure = new AzureExamination(blobs, queues, tables, options, request.ProbeRights != false, StorageTimeout).ExamineAsync(cancellationToken);
        var checks = new List<Check> { Check.Ok(CheckNames.Settings, "Every setting is well-formed.") };
        var watch = new ResponseWatch(timeProvider);
        var findings = new SourceFindings();
        CountedObjects? counted = null;
        if (await BorrowTokenAsync(checks, cancellationToken) is { } token)
        {
            var client = CreateClient(token, watch);
            findings = await new SourceExamination(client, watch, options).ExamineAsync(request, from, to, cancellationToken);
            using var ledger = (await azure).Any(check => check is { Name: CheckNames.Table, Status: CheckStatus.Ok }) ? ObjectLedger.WithoutCreating(tables, changes) : null;
            counted = await CountAsync(client, watch, findings, ledger, request, from, to, progress, cancellationToken);
        }
        else
        {
            findings.Checks.AddRange(((string[])[CheckNames.Regions, CheckNames.Clock, .. SourceExamination.Needed(request, options)]).Select(name => Check.Unknown(name, "Not asked: there is no token.")));
        }

        checks.AddRange(findings.Checks);
        checks.AddRange(await azure);
        var count = counted?.ToCount();
        var estimate = counted is null ? null : RunEstimate.Of(counted, findings.Regions.Count * (int)Math.Ceiling((to - from).TotalDays), watch.Average, options);
        if (count is not null)
        {
            AddNotes(findings.Notes, count);
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
            estimate);
    }

    private static string Verdict(int problems, List<string> regions, ObjectCount? count, RunEstimate? estimate) => problems switch
    {
        1 => "One problem must be fixed before archiving can be relied on.",
        > 1 => string.Create(CultureInfo.InvariantCulture, $"{problems} problems must be fixed before archiving can be relied on; begin with the first."),
        _ when count is null || estimate is null => "Nothing is known to be wrong, but 8x8 could not be counted.",
        _ when count.ToCopy.Objects == 0 => $"All is well, and there is nothing to copy in {Wording.List(regions)}.",
        _ => $"All is well: a run would copy {(count.IsEstimate ? "about " : "")}{Wording.Objects(count.ToCopy.Objects)} ({Wording.Size(count.ToCopy.Bytes)}) from {Wording.List(regions)} in {Wording.Hours(estimate.Hours)} on one instance{(estimate.RestoreDays > 0 ? $", and bring back {Wording.Objects(count.ToRestore.Objects)} from cold storage within {(estimate.RestoreDays == 1 ? "a day" : $"{Wording.Number(estimate.RestoreDays)} days")}" : "")}.",
    };

    private static void AddNotes(List<string> notes, ObjectCount count)
    {
        if (count.WithinSevenDays.Objects > 0)
        {
            notes.Add($"8x8 deletes {Wording.Objects(count.WithinSevenDays.Objects)} of these within seven days: begin soon.");
        }

        if (count.PastRetention.Objects > 0)
        {
            notes.Add($"{Wording.Objects(count.PastRetention.Objects)} should be gone by now by Retention__DefaultDays and Retention__<type>, and 8x8 still has them: set these to what your plan says, or what is at risk cannot be told.");
        }
    }

    private async Task<BorrowedToken?> BorrowTokenAsync(List<Check> checks, CancellationToken cancellationToken)
    {
        if (await ReadApiKeyAsync(checks, cancellationToken) is not { } apiKey)
        {
            return null;
        }

        var token = new BorrowedToken(tokenClient, apiKey, timeProvider);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Timeout);
        try
        {
            var present = await token.GetTokenAsync(timeout.Token);
            checks.Add(Check.Ok(CheckNames.Credentials, string.Create(CultureInfo.InvariantCulture, $"8x8 gives a token for {(present.ExpiresOn - present.IssuedAt).TotalMinutes:0} minutes{(present.Products.Count > 0 ? $", good for {Wording.List(present.Products)}" : "")}.")));
            return token;
        }
        catch (TokenRequestException exception)
        {
            checks.Add(Check.Problem(CheckNames.Credentials, exception.Message));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            checks.Add(Check.Problem(CheckNames.Credentials, "8x8's authorization server does not answer. Check the network and EightByEight__BaseUrl, and https://status.8x8.com."));
        }

        return null;
    }

    private async Task<ApiKey?> ReadApiKeyAsync(List<Check> checks, CancellationToken cancellationToken)
    {
        if (!tokenStore.IsShared)
        {
            checks.Add(Check.Ok(CheckNames.Vault, "There is none: the API key comes from the settings, and the token stays in memory. In Azure, set KeyVault__Uri."));
            return await tokenStore.ReadApiKeyAsync(cancellationToken);
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Timeout);
        try
        {
            await tokenStore.ReadTokenAsync(timeout.Token);
            var apiKey = await tokenStore.ReadApiKeyAsync(timeout.Token);
            checks.Add(ReadableVault());
            return apiKey;
        }
        catch (OutageException outage) when (outage.Condition == Condition.Vault)
        {
            checks.Add(Check.Problem(CheckNames.Vault, outage.Message));
            checks.Add(Check.Unknown(CheckNames.Credentials, "Not tried: the vault gives no API key."));
        }
        catch (OutageException outage)
        {
            checks.Add(ReadableVault());
            checks.Add(Check.Problem(CheckNames.Credentials, outage.Message));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            checks.Add(Check.Problem(CheckNames.Vault, "The vault does not answer. Check KeyVault__Uri, the vault's firewall and private endpoint."));
            checks.Add(Check.Unknown(CheckNames.Credentials, "Not tried: the vault gives no API key."));
        }

        return null;
    }

    private static Check ReadableVault() => Check.Ok(
        CheckNames.Vault,
        "The app may read secrets. Whether it may write the token cannot be seen without writing: give its identity the role Key Vault Secrets Officer.");

    private async Task<CountedObjects?> CountAsync(CloudStorageClient client, ResponseWatch watch, SourceFindings findings, ObjectLedger? ledger, PlanRequest request, DateTimeOffset from, DateTimeOffset to, IProgress<CountProgress>? progress, CancellationToken cancellationToken)
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

            SettleRestore(findings, counted);
            return counted;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && (SourceFailure.Answer(exception) is not null || exception is ListingException or AggregateException or OperationCanceledException or IOException))
        {
            findings.Checks.RemoveAll(check => check.Name == CheckNames.List);
            findings.Checks.Add(Check.Problem(CheckNames.List, $"8x8 could not be listed to the end. {SourceFailure.OfAccount(exception)?.Message ?? FailureText.Of(exception)}"));
            return null;
        }
    }

    /// <summary>A key that may not restore is as it should be where nothing is in cold storage.</summary>
    private static void SettleRestore(SourceFindings findings, CountedObjects counted)
    {
        var index = findings.Checks.FindIndex(check => check is { Name: CheckNames.Restore, Status: CheckStatus.Problem });
        if (index >= 0 && counted.ToRestore.Objects == 0 && !counted.IsEstimate)
        {
            findings.Checks[index] = Check.Ok(CheckNames.Restore, "The key may not restore from cold storage (403), and no object of the time range is there, so it need not. If that changes, the health check says so.");
        }
    }

    private CloudStorageClient CreateClient(BorrowedToken token, ResponseWatch watch)
    {
        // The user waits for the answer.
        var clientOptions = new CloudStorageClientOptions { Gate = gate, TimeProvider = timeProvider, Retry = { MaxRetries = 3, NetworkTimeout = Timeout } };
        clientOptions.AddPolicy(watch, HttpPipelinePosition.PerRetry);
        return new CloudStorageClient(options.EightByEight.BaseUrl, token, clientOptions);
    }
}
