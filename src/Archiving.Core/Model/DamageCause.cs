namespace Archiving.Model;

/// <summary>What is wrong with an archived object.</summary>
public enum DamageCause
{
    /// <summary>There is no receipt.</summary>
    ReceiptMissing,

    /// <summary>The receipt is none.</summary>
    ReceiptUnreadable,

    /// <summary>The receipt is of another object, or says something else than the ledger.</summary>
    ReceiptDiffers,

    /// <summary>The content is not there.</summary>
    BlobMissing,

    /// <summary>The content is not what the receipt says.</summary>
    BlobDiffers,
}
