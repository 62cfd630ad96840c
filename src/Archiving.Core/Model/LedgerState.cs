namespace Archiving.Model;

/// <summary>The state of an object on its way into the archive.</summary>
public enum LedgerState
{
    /// <summary>Seen at 8x8, on its way.</summary>
    Queued,

    /// <summary>Archived and verified.</summary>
    Archived,

    /// <summary>In 8x8's cold storage; a restore has been asked for.</summary>
    Restoring,

    /// <summary>Could not be archived; the last error says why.</summary>
    Failed,

    /// <summary>8x8 no longer has it. What the archive holds stays.</summary>
    Gone,

    /// <summary>Archived, verified, and then deleted at 8x8 by this app.</summary>
    Purged,

    /// <summary>Was archived; the archive's retention policy has removed its blobs. The row keeps what its receipt said.</summary>
    Expired,
}
