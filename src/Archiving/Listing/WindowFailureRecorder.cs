using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Telemetry;
using Microsoft.Extensions.Logging;

namespace Archiving.Listing;

/// <summary>Keeps which windows failed too often, and sends the messages that they may not have sent.</summary>
public sealed partial class WindowFailureRecorder(
    ListingStore listings,
    ObjectLedger ledger,
    ObjectRequeuer requeuer,
    ArchivingMetrics metrics,
    TimeProvider timeProvider,
    ILogger<WindowFailureRecorder> logger)
{
    private const string NoEnd = "A part of the list took too long each time, or the app crashed while it listed it. The log says why under the function "
        + "ListWindow. If it took too long, raise functionTimeout in host.json or AzureFunctionsJobHost__functionTimeout.";

    /// <summary>
    /// Records a window as failed. It may have written rows whose messages it never sent. The next listing of its region begins
    /// there and sends them, whether or not the window's run is the one that counts. No listing is sure to find what a backfill or
    /// a reconcile found, so the messages of their days are sent here. Larger windows are cut before they write rows, but for what
    /// a reconcile takes as too old to trust its days: the next reconcile sends those.
    /// </summary>
    /// <param name="window">The message from the poison queue.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    public async Task RecordAsync(WindowMessage window, CancellationToken cancellationToken)
    {
        metrics.CountFailedWindow(window.Region, window.Kind);
        Log.WindowFailed(logger, window.Region, window.From, window.To);
        if (window.Kind == WindowKind.Listing)
        {
            await listings.ListAgainAsync(window.Region, window.From, window.To, cancellationToken);
        }
        else if (window is { Kind: WindowKind.Backfill or WindowKind.Reconcile, RunId: { } run } && window.To - window.From <= ListingPlanner.MaxWindow)
        {
            await SendQueuedAsync(window, run, cancellationToken);
        }

        await listings.NoteGivenUpAsync(window, NoEnd, timeProvider.GetUtcNow(), cancellationToken);
        if (window.RunId is not null)
        {
            await listings.RecordWindowErrorAsync(window, "It failed again and again; the log says why.", cancellationToken);
        }
    }

    private async Task SendQueuedAsync(WindowMessage window, string run, CancellationToken cancellationToken)
    {
        for (var day = UtcTime.DayOf(window.From); day < window.To; day = day.AddDays(1))
        {
            var partition = LedgerKey.Partition(window.Region, day);
            string? after = null;
            do
            {
                var rows = await ledger.ReadPartAsync(partition, after, LedgerState.Queued, type: null, columns: null, cancellationToken, run);

                // A row without that time waits for archiving to be switched on.
                foreach (var row in rows.Where(row => row.QueuedAt is not null))
                {
                    await requeuer.RequeueAsync(row, cancellationToken);
                }

                after = rows.Count < ObjectLedger.RowsPerPart ? null : rows[^1].RowKey;
            }
            while (after is not null);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1401,
            Level = LogLevel.Error,
            Message = "The window of {Region} from {From:O} to {To:O} could not be listed")]
        public static partial void WindowFailed(ILogger logger, string region, DateTimeOffset from, DateTimeOffset to);
    }
}
