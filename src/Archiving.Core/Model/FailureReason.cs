namespace Archiving.Model;

/// <summary>Why an object failed for good, as metrics tell it. The ledger row has the whole story.</summary>
public enum FailureReason
{
    /// <summary>Anything else.</summary>
    Other,

    /// <summary>The API key lacks a right.</summary>
    Forbidden,

    /// <summary>8x8's content contradicts its own record.</summary>
    WrongContent,

    /// <summary>Other content exists under the name in the container.</summary>
    NameTaken,

    /// <summary>The object is in cold storage, and those are not to be restored.</summary>
    ColdStorage,

    /// <summary>8x8 reports a state in which the object has no content.</summary>
    NoContent,

    /// <summary>8x8 lists the object and did not give its content for more than a day.</summary>
    ContentMissing,

    /// <summary>For more than a day the host of the addresses that 8x8 gave for the content refused them.</summary>
    AddressRefused,

    /// <summary>For more than a day 8x8 sent something else than the object, which nothing that 8x8 claims can tell from it.</summary>
    Implausible,

    /// <summary>8x8 refused again and again to restore the object.</summary>
    RestoreRefused,

    /// <summary>Its record cannot be read.</summary>
    Unreadable,

    /// <summary>No address can hold its id.</summary>
    Unaddressable,

    /// <summary>Every attempt failed.</summary>
    Exhausted,

    /// <summary>The archived bytes are damaged, and 8x8 no longer has the object.</summary>
    Lost,
}
