using System.Text.Json.Serialization;

namespace Archiving.Model;

/// <summary>What is done with a window.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WindowKind>))]
public enum WindowKind
{
    /// <summary>What changed is listed, and what is new is queued.</summary>
    Listing,

    /// <summary>What was made is listed, and what is not archived is queued.</summary>
    Backfill,

    /// <summary>What was made is compared with ledger and receipts.</summary>
    Reconcile,

    /// <summary>Ledger rows are restored from the receipts; 8x8 is not asked.</summary>
    Rebuild,
}
