namespace Operations.Access;

/// <summary>What a caller may do, as an app role of the app registration. Names are those in its manifest.</summary>
public enum Role
{
    /// <summary>Searches, sees, plays and reads objects within its scope.</summary>
    Viewer,

    /// <summary>Runs the archive: status, runs, failures, plan. Sees neither content nor names of people.</summary>
    Operator,

    /// <summary>Does what <see cref="Viewer"/> does without scope, and has cases, exports and the audit log.</summary>
    Investigator,

    /// <summary>Purges and rebuilds, and does all of the above.</summary>
    Administrator,
}
