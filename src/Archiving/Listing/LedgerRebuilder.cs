using Archiving.Archive;
using Archiving.Queues;

namespace Archiving.Listing;

/// <summary>
/// Rebuilds the ledger from the receipts alone: one window for each region and day that the container holds. 8x8 is not called.
/// </summary>
public sealed class LedgerRebuilder(ArchiveStore archive, ReceiptRestorer restorer)
{
    private const int ReceiptsAtOnce = 500;

    /// <summary>Restores the rows of a window's day.</summary>
    public async Task<WindowRow> RebuildAsync(WindowMessage window, CancellationToken cancellationToken)
    {
        var counts = new WindowRow { Restored = 0 };
        await foreach (var names in archive.ListReceiptsAsync(window.Region, window.From, cancellationToken).Chunk(ReceiptsAtOnce))
        {
            counts.Listed += names.Length;
            counts.Restored += await restorer.RestoreAsync(names, cancellationToken);
        }

        return counts;
    }
}
