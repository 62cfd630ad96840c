using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Azure;
using Microsoft.Extensions.Logging;

namespace Archiving.Listing;

/// <summary>
/// Rebuilds ledger rows from receipts, which are the source of truth. A row that says archived stays as it is, but for what
/// rows of an earlier version lack. One that says damaged stays, unless the bytes that its receipt describes are back.
/// </summary>
public sealed partial class ReceiptRestorer(ArchiveStore archive, ObjectLedger ledger, ILogger<ReceiptRestorer> logger)
{
    private const int ReadsAtOnce = 16;

    /// <summary>Reads receipts and writes the rows that are missing, or say less than the receipt.</summary>
    /// <param name="names">Names of receipts.</param>
    /// <param name="cancellationToken">Stops between two rows.</param>
    /// <returns>How many rows were written.</returns>
    public async Task<int> RestoreAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        var newest = new Dictionary<LedgerKey, Receipt>();
        foreach (var chunk in names.Chunk(ReadsAtOnce))
        {
            foreach (var receipt in await Task.WhenAll(chunk.Select(name => ReadAsync(name, cancellationToken))))
            {
                // An object whose content changed has a receipt for each; the row describes the last.
                if (receipt is not null && (!newest.TryGetValue(KeyOf(receipt), out var other) || other.ArchivedAt < receipt.ArchivedAt))
                {
                    newest[KeyOf(receipt)] = receipt;
                }
            }
        }

        var restored = 0;
        foreach (var (key, receipt) in newest)
        {
            var present = await ledger.FindAsync(key, cancellationToken);
            if (present is { Tags: null } && present.IsSettled() && present.HasContentOf(receipt.Record))
            {
                present.Complete(receipt.Record);
                restored += await ledger.TryReplaceAsync(present, cancellationToken) ? 1 : 0;
                continue;
            }

            // Content that 8x8 changed and then deleted is archived as it was before.
            var isLeft = present is not null && present.Is(LedgerState.Gone) && present.Blob == receipt.Blob;
            if (present is not null && !isLeft && (present.IsSettled() || !present.HasContentOf(receipt.Record)))
            {
                continue;
            }

            if (present?.Damaged is not null && !await IsWholeAsync(receipt, cancellationToken))
            {
                continue;
            }

            var row = LedgerEntry.Archived(receipt.Region, receipt.Record, receipt, present?.Run);
            row.ETag = present?.ETag ?? default;
            restored += await ledger.TryReplaceAsync(row, cancellationToken) ? 1 : 0;
        }

        return restored;
    }

    private static LedgerKey KeyOf(Receipt receipt) => LedgerKey.Of(receipt.Region, receipt.Record);

    private async Task<Receipt?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await archive.ReadAsync(name, cancellationToken) is { } body ? Receipt.Parse(body) : null;
        }
        catch (FormatException exception)
        {
            Log.Unreadable(logger, name, exception.Message);
            return null;
        }
        catch (RequestFailedException exception) when (ArchiveStore.IsOfArchiveTier(exception.ErrorCode))
        {
            Log.Unreadable(logger, name, "it is in the archive tier; move it to a tier that can be read");
            return null;
        }
    }

    private async Task<bool> IsWholeAsync(Receipt receipt, CancellationToken cancellationToken)
    {
        try
        {
            return await archive.MeasureAsync(receipt.Blob, cancellationToken) is { } content && content.IsOf(receipt);
        }
        catch (RequestFailedException exception) when (ArchiveStore.IsOfArchiveTier(exception.ErrorCode))
        {
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1220, Level = LogLevel.Error, Message = "The receipt {Name} cannot be read: {Problem}")]
        public static partial void Unreadable(ILogger logger, string name, string problem);
    }
}
