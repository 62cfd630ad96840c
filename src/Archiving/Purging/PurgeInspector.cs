using Archiving.Archive;
using Archiving.Cases;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Settings;
using EightByEight;

namespace Archiving.Purging;

/// <summary>Looks at everything that has to be right before an object may be deleted at 8x8.</summary>
public sealed class PurgeInspector(
    ArchiveStore store,
    ObjectLedger ledger,
    ObjectHolds holds,
    ArchiverOptions options,
    TimeProvider timeProvider)
{
    /// <summary>Reads row, receipt and stored blob, and checks them against 8x8's record.</summary>
    /// <exception cref="PermanentFailureException">The receipt cannot be read.</exception>
    internal async Task<PurgeFinding> InspectAsync(LedgerKey key, StorageObject record, CancellationToken cancellationToken)
    {
        var row = await ledger.FindAsync(key, cancellationToken);
        var receipt = row?.Blob is { } blob ? await ReadReceiptAsync(blob, cancellationToken) : null;
        var stored = receipt is not null ? await store.FindAsync(receipt.Blob, cancellationToken) : null;
        var refusal = PurgeCheck.Refuse(options.Purge, timeProvider.GetUtcNow(), row, receipt, stored, record)
            ?? (await holds.IsHeldAsync(key, cancellationToken) ? "a case on hold has it" : null);
        return new PurgeFinding(row, receipt, refusal)
        {
            SourceRefusal = receipt is null ? null : PurgeCheck.RefuseSource(receipt.Record, record),
        };
    }

    private async Task<Receipt?> ReadReceiptAsync(string blob, CancellationToken cancellationToken)
    {
        try
        {
            return await store.ReadAsync(ArchiveLayout.ReceiptName(blob), cancellationToken) is { } body ? Receipt.Parse(body) : null;
        }
        catch (FormatException exception)
        {
            throw new PermanentFailureException("its receipt cannot be read", exception);
        }
    }
}

/// <summary>What is known of an object that is to be deleted at 8x8.</summary>
/// <param name="Row">Its row.</param>
/// <param name="Receipt">Its receipt.</param>
/// <param name="Refusal">Why it is not to be deleted; <see langword="null"/> when it may be, and then there is a receipt.</param>
internal sealed record PurgeFinding(LedgerEntry? Row, Receipt? Receipt, string? Refusal)
{
    /// <summary>What of that lies in 8x8's record, which another night will not change.</summary>
    public string? SourceRefusal { get; init; }
}
