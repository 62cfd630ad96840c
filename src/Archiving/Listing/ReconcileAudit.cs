using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Queues;
using Archiving.Settings;

namespace Archiving.Listing;

/// <summary>
/// Holds 8x8, the ledger and the receipts against each other, for the span of one window. What 8x8 has and the archive
/// lacks is queued by the intake; what the archive has and the ledger does not know is restored from the receipt; what
/// 8x8 no longer has is counted and kept.
/// </summary>
public sealed class ReconcileAudit(ArchiveStore archive, ObjectLedger ledger, ReceiptRestorer restorer, ArchiverOptions options, TimeProvider timeProvider)
{
    private static readonly string[] Columns =
    [
        nameof(LedgerEntry.PartitionKey), nameof(LedgerEntry.RowKey), nameof(LedgerEntry.State), nameof(LedgerEntry.Type), nameof(LedgerEntry.Blob),
    ];

    /// <summary>The names of all receipts of the window's days.</summary>
    public async Task<IReadOnlySet<string>> ReadReceiptsAsync(WindowMessage window, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(window);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var day in Days(window.From, window.To))
        {
            await foreach (var name in archive.ListReceiptsAsync(window.Region, day, cancellationToken))
            {
                names.Add(name);
            }
        }

        return names;
    }

    /// <summary>Compares what was listed with what the ledger and the receipts say, and writes the counts into the row.</summary>
    /// <param name="window">The window.</param>
    /// <param name="until">How far it was listed.</param>
    /// <param name="taken">What was listed.</param>
    /// <param name="receipts">The receipts of its days.</param>
    /// <param name="counts">Receives the counts.</param>
    /// <param name="cancellationToken">Stops the comparison.</param>
    public async Task CompareAsync(
        WindowMessage window,
        DateTimeOffset until,
        IReadOnlyCollection<Intake> taken,
        IReadOnlySet<string> receipts,
        WindowRow counts,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(window);
        ArgumentNullException.ThrowIfNull(taken);
        ArgumentNullException.ThrowIfNull(receipts);
        ArgumentNullException.ThrowIfNull(counts);

        // By key, so that a record that changed while it was listed counts once; the part that follows lists the last second again.
        var source = taken.Where(intake => LedgerKey.CreatedTime(intake.Record) < until).GroupBy(intake => intake.Key).ToDictionary(group => group.Key, group => group.Last());
        var riskFrom = timeProvider.GetUtcNow() + RetentionOptions.AtRisk;
        counts.Listed = source.Count;
        counts.Archived = source.Values.Count(intake => intake.Finding == Finding.Archived);
        counts.Missing = source.Values.Count(intake => intake.Finding == Finding.Missing);
        counts.Changed = source.Values.Count(intake => intake.Finding == Finding.Changed);
        counts.AtRisk = source.Values.Count(intake => intake.Finding != Finding.Archived
            && options.Retention.DeletedOn(intake.Record.Type, LedgerKey.CreatedTime(intake.Record)) <= riskFrom);
        counts.OnlyHere = 0;
        await foreach (var entry in ledger.ReadCreatedAsync(window.Region, window.From, until, Columns, cancellationToken))
        {
            var isHeld = entry.Is(LedgerState.Archived) || entry.Is(LedgerState.Purged);
            if (isHeld && IsListed(window, entry.Type) && !source.ContainsKey(new LedgerKey(entry.PartitionKey, entry.RowKey)))
            {
                counts.OnlyHere++;
            }
        }

        counts.Restored = 0;
        if (until == window.To)
        {
            foreach (var day in Days(window.From, window.To).Where(day => day.AddDays(1) >= window.To))
            {
                counts.Restored += await RestoreDayAsync(window.Region, day, cancellationToken);
            }
        }
    }

    private bool IsListed(WindowMessage window, string type)
    {
        var types = window.Types is { Count: > 0 } own ? own : options.EightByEight.Types;
        return types.Count == 0 || types.Contains(type, StringComparer.Ordinal);
    }

    /// <summary>Finds receipts of a day that no row speaks of. A day is looked at once, with the last of its windows.</summary>
    private async Task<int> RestoreDayAsync(string region, DateTimeOffset day, CancellationToken cancellationToken)
    {
        var unknown = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var name in archive.ListReceiptsAsync(region, day, cancellationToken))
        {
            unknown.Add(name);
        }

        await foreach (var entry in ledger.ReadCreatedAsync(region, day, day.AddDays(1), Columns, cancellationToken))
        {
            if (entry.Blob is { } blob && (entry.Is(LedgerState.Archived) || entry.Is(LedgerState.Purged)))
            {
                unknown.Remove(ArchiveLayout.ReceiptName(blob));
            }
        }

        return await restorer.RestoreAsync(unknown, cancellationToken);
    }

    private static IEnumerable<DateTimeOffset> Days(DateTimeOffset from, DateTimeOffset to)
    {
        for (var day = new DateTimeOffset(from.UtcDateTime.Date, TimeSpan.Zero); day < to; day = day.AddDays(1))
        {
            yield return day;
        }
    }
}
