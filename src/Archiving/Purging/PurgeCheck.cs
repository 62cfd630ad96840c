using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Settings;
using EightByEight;

namespace Archiving.Purging;

/// <summary>Decides whether an object may be deleted at 8x8. Refuses when anything is uncertain.</summary>
public static class PurgeCheck
{
    /// <summary>Looks at everything that is known of an object right before it would be deleted.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="now">The time.</param>
    /// <param name="row">Its ledger row.</param>
    /// <param name="receipt">The receipt of the blob that the row names.</param>
    /// <param name="stored">That blob, as the storage describes it now.</param>
    /// <param name="source">8x8's record, read just now.</param>
    /// <returns><see langword="null"/> when it may be deleted; else why not.</returns>
    public static string? Refuse(PurgeOptions options, DateTimeOffset now, LedgerEntry? row, Receipt? receipt, StoredContent? stored, StorageObject source)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(source);
        if (!options.Enabled || options.AfterDays is not { } days)
        {
            return "purging is not switched on";
        }

        if (row is null || !row.Is(LedgerState.Archived))
        {
            return "the ledger does not say that it is archived";
        }

        if (row.Damaged is not null)
        {
            return "its archived bytes were found damaged";
        }

        if (receipt is null)
        {
            return "there is no receipt";
        }

        return RefuseReceipt(row, receipt)
            ?? RefuseSource(receipt.Record, source)
            ?? RefuseStored(receipt, stored)
            ?? (stored!.IsHeld ? "a legal hold is on the archived blob" : null)
            ?? (now - receipt.ArchivedAt < TimeSpan.FromDays(days) ? $"it was archived less than {days} days ago" : null);
    }

    private static string? RefuseReceipt(LedgerEntry row, Receipt receipt)
    {
        if (!row.IsOf(receipt))
        {
            return "the receipt is of another object";
        }

        if (!row.AgreesWith(receipt))
        {
            return "receipt and ledger do not agree";
        }

        // Size alone proves little, however often it was read.
        return VerificationNames.IsProof(receipt.Verification) ? null : "no checksum of 8x8's proves the archived bytes";
    }

    /// <summary>Looks whether 8x8 still has the object as it was archived.</summary>
    /// <returns><see langword="null"/> when it has; else what is different.</returns>
    internal static string? RefuseSource(StorageObject archived, StorageObject source)
    {
        if (source.Id != archived.Id)
        {
            return "8x8 answered with another object";
        }

        if (source.State != ObjectState.Available)
        {
            return $"8x8 reports it in {source.DescribeState()}";
        }

        if (source.UpdatedTime is null || source.UpdatedTime != archived.UpdatedTime)
        {
            return "its record changed at 8x8 since it was archived";
        }

        if (string.IsNullOrEmpty(source.Checksum) || source.Checksum != archived.Checksum)
        {
            return "its checksum at 8x8 is not the archived one";
        }

        return source.StoredBytes is null || source.StoredBytes != archived.StoredBytes ? "its size at 8x8 is not the archived one" : null;
    }

    private static string? RefuseStored(Receipt receipt, StoredContent? stored)
    {
        if (stored is null)
        {
            return "the archived blob is not there";
        }

        if (stored.Bytes != receipt.Bytes || stored.Bytes != receipt.Record.StoredBytes)
        {
            return "the archived blob has another size";
        }

        return Convert.ToHexStringLower(stored.Md5.Span) == receipt.Md5 ? null : "the archived blob has another MD5";
    }
}
