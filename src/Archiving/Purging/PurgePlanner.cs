using System.Text.Json;
using System.Text.Json.Serialization;
using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Storage;
using EightByEight;
using Microsoft.Extensions.Logging;

namespace Archiving.Purging;

/// <summary>What a run deletes at 8x8, or would.</summary>
/// <param name="DryRun">Whether nothing was queued.</param>
/// <param name="ArchivedBefore">Objects archived before this time are old enough.</param>
/// <param name="Candidates">How many objects are old enough, proven by a checksum of 8x8's and, as far as the ledger knows, still there.</param>
/// <param name="Bytes">How many bytes they hold.</param>
/// <param name="Unproven">
/// How many are old enough, and stay because no checksum proves them, they were found damaged, or 8x8's record is no longer the
/// archived one.
/// </param>
/// <param name="Queued">How many of the candidates are deleted by this run: <c>Purge__MaxPerRun</c> at most. Each is looked at again first.</param>
public sealed record PurgePlan(bool DryRun, DateTimeOffset ArchivedBefore, long Candidates, long Bytes, long Unproven, long Queued);

/// <summary>
/// Finds what may be deleted at 8x8 and queues it, a bounded number at a time. The first run after purging was switched
/// on, or its time was changed, only reports what it would delete, so that there is a day to look at it.
/// </summary>
public sealed partial class PurgePlanner(
    ObjectLedger ledger,
    WorkQueues queues,
    ArchiveStore store,
    OperationsTable operations,
    ArchiverOptions options,
    TimeProvider timeProvider,
    ILogger<PurgePlanner> logger)
{
    private const int SendsAtOnce = 16;

    /// <summary>Whether purging is switched on.</summary>
    public bool IsEnabled => options.Purge is { Enabled: true, AfterDays: not null };

    /// <summary>Whether a dry run has a time to count from.</summary>
    public bool CanPlan => options.Purge.AfterDays is not null;

    /// <summary>The nightly run. Does nothing unless purging is switched on.</summary>
    public async Task<PurgePlan?> RunNightlyAsync(CancellationToken cancellationToken)
    {
        if (!IsEnabled)
        {
            return null;
        }

        var days = options.Purge.AfterDays!.Value;
        var announced = await operations.FindAsync<Announcement>("purge", "announced", cancellationToken);
        var plan = await PlanAsync(isDryRun: announced?.AfterDays != days, cancellationToken);
        if (plan.DryRun)
        {
            await operations.WriteAsync(new Announcement { PartitionKey = "purge", RowKey = "announced", AfterDays = days }, cancellationToken);
        }

        return plan;
    }

    /// <summary>Plans, and unless it is a dry run queues what is to be deleted.</summary>
    public async Task<PurgePlan> PlanAsync(bool isDryRun, CancellationToken cancellationToken)
    {
        var before = timeProvider.GetUtcNow()
            - TimeSpan.FromDays(options.Purge.AfterDays ?? throw new InvalidOperationException("Purge__AfterDays is not set."));
        var candidates = 0L;
        var bytes = 0L;
        var unproven = 0L;
        var queued = 0L;
        var chunk = new List<Task>(SendsAtOnce);
        await foreach (var entry in ledger.ReadStateAsync(LedgerState.Archived, cancellationToken))
        {
            if (entry.ArchivedAt is not { } at || at > before || !IsAvailable(entry))
            {
                continue;
            }

            if (entry.Damaged is not null || entry.PurgeRefused is not null || entry.Verification is not ("md5" or "multipart-md5"))
            {
                unproven++;
                continue;
            }

            candidates++;
            bytes += entry.Bytes ?? 0;
            if (isDryRun || queued >= options.Purge.MaxPerRun)
            {
                continue;
            }

            queued++;
            var message = ObjectMessage.About(entry);
            chunk.Add(queues.SendAsync(QueueNames.PurgeObjects, message, TimeSpan.Zero, cancellationToken));
            if (chunk.Count == SendsAtOnce)
            {
                await Task.WhenAll(chunk);
                chunk.Clear();
            }
        }

        await Task.WhenAll(chunk);
        var plan = new PurgePlan(isDryRun, before, candidates, bytes, unproven, queued);
        Log.Planned(logger, isDryRun ? "Dry run of the purge" : "Purge", candidates, bytes, queued, unproven);
        await store.TryWriteReportAsync(
            FormattableString.Invariant($"_reports/purge/{timeProvider.GetUtcNow().UtcDateTime:yyyy-MM-dd}{(isDryRun ? ".dry-run" : "")}.json"),
            BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(plan, PurgeJson.Default.PurgePlan)),
            "application/json",
            cancellationToken);
        return plan;
    }

    /// <summary>Whether 8x8 has the object ready, by what it last said. What it no longer has, or has in cold storage, would only be refused.</summary>
    private static bool IsAvailable(LedgerEntry entry) => entry.SourceState is null || new ObjectState(entry.SourceState) == ObjectState.Available;

    internal sealed class Announcement : TableRow
    {
        public int AfterDays { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1610,
            Level = LogLevel.Warning,
            Message = "{Run} at 8x8: {Candidates} archived objects are old enough, {Bytes} bytes; {Queued} queued now; {Unproven} stay because "
                + "they are not proven")]
        public static partial void Planned(ILogger logger, string run, long candidates, long bytes, long queued, long unproven);
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(PurgePlan))]
internal sealed partial class PurgeJson : JsonSerializerContext;
