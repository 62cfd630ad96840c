namespace Archiving.Telemetry;

/// <summary>The steps of the work whose time is measured.</summary>
public enum Phase
{
    /// <summary>8x8 gives the next page of a window.</summary>
    List,

    /// <summary>A page is compared with the ledger, and new objects are queued.</summary>
    Intake,

    /// <summary>8x8 begins to answer with content.</summary>
    Fetch,

    /// <summary>Content passes once: it is read, verified and stored.</summary>
    Store,

    /// <summary>Blob Storage fetches content by itself, and it is read back.</summary>
    Copy,

    /// <summary>The receipt is written.</summary>
    Receipt,

    /// <summary>The ledger row is written.</summary>
    Ledger,

    /// <summary>8x8 is asked to restore an object from cold storage.</summary>
    Restore,

    /// <summary>An archived object is verified. The name is a value of the tag <c>phase</c> and so part of the public contract.</summary>
    Scrub,

    /// <summary>8x8 deletes an object.</summary>
    Purge,
}
