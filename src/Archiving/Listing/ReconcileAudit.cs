using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Source;

namespace Archiving.Listing;

/// <summary>
/// Compares 8x8, the ledger and the receipts with each other, for the time range of one window. What 8x8 has and the archive
/// lacks is queued by the intake; what the archive has and the ledger does not know is rebuilt from the receipt; what
/// 8x8 no longer has is counted and kept; what waits and is not listed any more, so that no listing meets it, is queued
/// again when it has waited for long. Holds a page of records and sixteen bytes for each receipt of the window's days.
/// </summary>
public sealed class ReconcileAudit(
    ArchiveStore archive,
    ReceiptDays receiptDays,
    ObjectLedger ledger,
    ReceiptRestorer restorer,
    ObjectRequeuer requeuer,
    WantedObjects wanted,
    ArchiverOptions options,
    TimeProvider timeProvider)
{
    // Enough to read receipts in parallel.
    private const int RestoredAtOnce = 500;
    private const int RequeuedAtOnce = 16;

    private static readonly string[] Columns =
    [
        nameof(LedgerEntry.PartitionKey), nameof(LedgerEntry.RowKey), nameof(LedgerEntry.State), nameof(LedgerEntry.Type),
        nameof(LedgerEntry.Blob), nameof(LedgerEntry.CreatedTime), nameof(LedgerEntry.QueuedAt), nameof(LedgerEntry.RestoreRequestedAt),
        nameof(LedgerEntry.Damaged),
    ];

    /// <summary>Reads the names of the receipts of a window's days and begins to compare.</summary>
    public async Task<WindowAudit> StartAsync(WindowMessage window, CancellationToken cancellationToken)
    {
        var receipts = new NameSet();
        var readAt = timeProvider.GetUtcNow();
        foreach (var day in await FindDaysAsync(window, cancellationToken))
        {
            await foreach (var name in archive.ListReceiptsAsync(window.Region, day, cancellationToken))
            {
                receipts.Add(name);
            }
        }

        var now = timeProvider.GetUtcNow();
        var riskFrom = now + RetentionOptions.AtRisk;
        return new WindowAudit(
            window.From,
            receipts,
            readAt,
            type => wanted.Includes(type, window.Types),
            record => options.Retention.DeletedOn(window.Region, record) <= riskFrom,
            entry => IsTriedAgain(entry, now));
    }

    /// <summary>Compares what is left once the whole window, or the part before <paramref name="until"/>, has been listed.</summary>
    /// <param name="window">The window.</param>
    /// <param name="until">How far it was listed.</param>
    /// <param name="comparison">What was compared page by page.</param>
    /// <param name="cancellationToken">Stops the comparison.</param>
    /// <returns>What was counted.</returns>
    public async Task<WindowRow> FinishAsync(WindowMessage window, DateTimeOffset until, WindowAudit comparison, CancellationToken cancellationToken)
    {
        if (comparison.Since < until)
        {
            await foreach (var entry in ledger.ReadCreatedAsync(window.Region, comparison.Since, until, Columns, cancellationToken))
            {
                comparison.TakeRow(entry, until);
            }
        }

        comparison.Settle(until);
        var restored = 0L;
        if (until == window.To)
        {
            foreach (var day in await FindDaysAsync(window, cancellationToken))
            {
                restored += await RestoreDayAsync(window.Region, day, cancellationToken);
            }
        }

        if (options.Archive.Enabled)
        {
            await RequeueAsync(comparison.Forgotten, cancellationToken);
        }

        return comparison.ToCounts(restored);
    }

    /// <summary>
    /// Whether an object that 8x8 does not list is tried again. One that failed may be gone since: asking 8x8 for it tells, and it no
    /// longer counts among those that can still be archived. One whose archived bytes are damaged stays failed without being asked for:
    /// it is lost, and people were told.
    /// </summary>
    private static bool IsTriedAgain(LedgerEntry entry, DateTimeOffset now) =>
        (entry.Is(LedgerState.Failed) && entry.Damaged is null) || ObjectIntake.MayBeForgotten(entry, now);

    private async Task RequeueAsync(IEnumerable<LedgerKey> forgotten, CancellationToken cancellationToken)
    {
        foreach (var chunk in forgotten.Chunk(RequeuedAtOnce))
        {
            await Task.WhenAll(chunk.Select(async key =>
            {
                // It may have been archived meanwhile, rebuilt from its receipt, or queued again by an earlier delivery of the window.
                if (await ledger.FindAsync(key, cancellationToken) is { } entry && IsTriedAgain(entry, timeProvider.GetUtcNow()))
                {
                    await requeuer.RequeueAsync(entry, cancellationToken);
                }
            }));
        }
    }

    /// <summary>Finds receipts of a day that no row speaks of.</summary>
    private async Task<int> RestoreDayAsync(string region, DateTimeOffset day, CancellationToken cancellationToken)
    {
        var known = new NameSet();
        await foreach (var entry in ledger.ReadCreatedAsync(region, day, day.AddDays(1), Columns, cancellationToken))
        {
            if (entry.Blob is { } blob && entry.IsInArchive())
            {
                known.Add(ArchiveLayout.ReceiptName(blob));
            }
        }

        var restored = 0;
        var unknown = new List<string>();
        await foreach (var name in archive.ListReceiptsAsync(region, day, cancellationToken))
        {
            if (!known.Contains(name))
            {
                unknown.Add(name);
            }

            if (unknown.Count == RestoredAtOnce)
            {
                restored += await restorer.RestoreAsync(unknown, cancellationToken);
                unknown.Clear();
            }
        }

        return restored + await restorer.RestoreAsync(unknown, cancellationToken);
    }

    /// <summary>
    /// The days of a window that may hold receipts. A window of what is long past spans decades, of which the container
    /// holds some days at most.
    /// </summary>
    private async Task<IReadOnlyCollection<DateTimeOffset>> FindDaysAsync(WindowMessage window, CancellationToken cancellationToken)
    {
        var day = UtcTime.DayOf(window.From);
        return window.To <= day.AddDays(1)
            ? [day]
            : await receiptDays.FindAsync(window.Region, window.From, window.To, cancellationToken);
    }
}
