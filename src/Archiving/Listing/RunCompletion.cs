using Archiving.Ledger;
using Archiving.Model;
using Microsoft.Extensions.Logging;

namespace Archiving.Listing;

/// <summary>
/// Ends a run once every window of it is done: moves the watermark of a listing, writes the report of a reconcile and has a share
/// of the days indexed again. Any number may run at once.
/// </summary>
public sealed partial class RunCompletion(
    ListingStore store,
    ReconcileReports reports,
    LedgerDays ledgerDays,
    SearchIndex index,
    TimeProvider timeProvider,
    ILogger<RunCompletion> logger)
{
    // So many reconciles index every day again, weekly ones within a quarter of a year. By the number of the day since 1970, a prime
    // number of shares comes round with any usual schedule.
    private const int RepairShares = 13;

    /// <summary>Ends the run when nothing of it is left to do.</summary>
    public async Task TryCompleteAsync(string region, string runId, WindowKind kind, CancellationToken cancellationToken)
    {
        var counts = await store.ReadCountsAsync(runId, cancellationToken);
        if (!counts.IsListed || await store.FindRunAsync(runId, cancellationToken) is not { } run)
        {
            return;
        }

        if (kind == WindowKind.Listing && counts.Planned > 0)
        {
            await MoveWatermarkAsync(region, runId, run.To, cancellationToken);
        }

        if (run.CompletedAt is not null)
        {
            return;
        }

        if (run.ListsUnreadableAgain)
        {
            await store.ForgetUnreadableAsync(runId, cancellationToken);
        }

        run.CompletedAt = timeProvider.GetUtcNow();
        if (kind == WindowKind.Reconcile)
        {
            // Before the run is called complete: a crash in between writes the report again.
            await reports.WriteAsync(runId, run, await store.ReadWindowsAsync(runId, cancellationToken), cancellationToken);
            var days = await ledgerDays.ReadAsync(region: null, from: null, to: null, cancellationToken);
            await index.RepairAsync(days.Where(day => ShareOf(day.Day) == ShareOf(run.StartedAt)).Select(day => day.Partition), cancellationToken);
        }

        await store.WriteRunAsync(runId, run, cancellationToken);
    }

    private static long ShareOf(DateTimeOffset time) => time.UtcTicks / TimeSpan.TicksPerDay % RepairShares;

    private async Task MoveWatermarkAsync(string region, string runId, DateTimeOffset reached, CancellationToken cancellationToken)
    {
        while (await store.FindWatermarkAsync(region, cancellationToken) is { } watermark && watermark.ActiveRun == runId)
        {
            // Never backwards: a run that was given up may end after its successor.
            watermark.Watermark = watermark.Watermark > reached ? watermark.Watermark : reached;
            watermark.CreatedWatermark = watermark.CreatedWatermark > watermark.ActiveCreatedTo
                ? watermark.CreatedWatermark
                : watermark.ActiveCreatedTo ?? watermark.CreatedWatermark;
            watermark.ActiveCreatedTo = null;
            watermark.LastCompleted = timeProvider.GetUtcNow();
            watermark.ActiveRun = null;
            watermark.ActiveSince = null;
            watermark.ActiveFrom = null;
            if (await store.TryWriteWatermarkAsync(watermark, cancellationToken))
            {
                Log.Completed(logger, region, watermark.Watermark.Value);
                return;
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1211, Level = LogLevel.Information, Message = "Listing of {Region} complete; watermark {Watermark:O}")]
        public static partial void Completed(ILogger logger, string region, DateTimeOffset watermark);
    }
}
