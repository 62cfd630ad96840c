using Archiving.Archive;
using Archiving.Model;
using Archiving.Queues;

namespace Archiving.Listing;

/// <summary>
/// Rebuilds the ledger from the receipts alone: one window for each region and day that the container holds. 8x8 is not called.
/// </summary>
public sealed class LedgerRebuilder(ArchiveStore archive, ReceiptDays receiptDays, ReceiptRestorer restorer)
{
    private const int ReceiptsAtOnce = 500;

    /// <summary>The regions and days that the container holds.</summary>
    public async Task<IReadOnlyList<(string Region, DateTimeOffset Day)>> FindDaysAsync(CancellationToken cancellationToken)
    {
        var days = new List<(string Region, DateTimeOffset Day)>();
        await foreach (var region in archive.ListFoldersAsync("", cancellationToken))
        {
            var found = await receiptDays.FindAsync(region, DateTimeOffset.MinValue, DateTimeOffset.MaxValue, cancellationToken);
            days.AddRange(found.Select(day => (ObjectNames.Decode(region.TrimEnd('/')), day)));
        }

        return [.. days.OrderBy(day => day.Day).ThenBy(day => day.Region, StringComparer.Ordinal)];
    }

    /// <summary>Restores the rows of a window's day.</summary>
    public async Task<WindowRow> RebuildAsync(WindowMessage window, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(window);
        var counts = new WindowRow { Restored = 0 };
        var names = new List<string>(ReceiptsAtOnce);
        await foreach (var name in archive.ListReceiptsAsync(window.Region, window.From, cancellationToken))
        {
            names.Add(name);
            if (names.Count == ReceiptsAtOnce)
            {
                await FlushAsync();
            }
        }

        await FlushAsync();
        return counts;

        async Task FlushAsync()
        {
            counts.Listed += names.Count;
            counts.Restored += await restorer.RestoreAsync(names, cancellationToken);
            names.Clear();
        }
    }
}
