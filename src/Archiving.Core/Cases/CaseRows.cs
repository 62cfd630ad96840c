using System.Globalization;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Storage;

namespace Archiving.Cases;

/// <summary>How far the legal hold of a case is.</summary>
public enum HoldState
{
    /// <summary>Nothing is held.</summary>
    None,

    /// <summary>Blobs are being held.</summary>
    Placing,

    /// <summary>Every blob is held.</summary>
    Held,

    /// <summary>Holds are being cleared.</summary>
    Releasing,

    /// <summary>Not every blob is held, or objects could not be added. The app deletes nothing of the case at 8x8 all the same.</summary>
    Incomplete,
}

/// <summary>What is done with the objects of a case.</summary>
public enum CaseChange
{
    /// <summary>Adds what a search finds.</summary>
    Add,

    /// <summary>Removes what a search finds.</summary>
    Remove,

    /// <summary>Sets the legal hold of every blob.</summary>
    Hold,

    /// <summary>Clears it.</summary>
    Release,
}

/// <summary>How far an export is.</summary>
public enum ExportState
{
    /// <summary>It is being written.</summary>
    Running,

    /// <summary>All of it is written, and equals the archive.</summary>
    Done,

    /// <summary>It ended without a result; its problems say why.</summary>
    Failed,
}

/// <summary>A case: a named set of objects with a reason.</summary>
public sealed class CaseRow : TableRow
{
    /// <summary>Partition of every case.</summary>
    public const string Partition = "case";

    /// <summary>Initializes a row.</summary>
    public CaseRow() => PartitionKey = Partition;

    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Why it was made.</summary>
    public string Reason { get; set; } = "";

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>Who made it, by the name that people know.</summary>
    public string CreatedBy { get; set; } = "";

    /// <summary>Object ID in Entra ID of who made it, or <c>function key</c>: names differ between sign-in and the Azure CLI.</summary>
    public string CreatedById { get; set; } = "";

    /// <summary>When it was closed; <see langword="null"/> while it is open.</summary>
    public DateTimeOffset? ClosedAt { get; set; }

    /// <summary>How many objects it had when they were last counted.</summary>
    public long Objects { get; set; }

    /// <summary>Their size in bytes.</summary>
    public long Bytes { get; set; }

    /// <summary>Name of a <see cref="HoldState"/>.</summary>
    public string Hold { get; set; } = nameof(HoldState.None);

    /// <summary>Why not every blob is held; <see langword="null"/> when nothing is wrong.</summary>
    public string? HoldProblem { get; set; }

    /// <summary>The change that alone says how far the hold is. One that was asked for before ends when it finds another here.</summary>
    public string? HoldChange { get; set; }

    /// <summary>How far its legal hold is.</summary>
    public HoldState HoldState => Enum.TryParse<HoldState>(Hold, out var state) ? state : HoldState.Incomplete;

    /// <summary>Whether its objects must be kept.</summary>
    internal bool IsOnHold => HoldState is HoldState.Placing or HoldState.Held or HoldState.Incomplete;
}

/// <summary>An object of a case.</summary>
public sealed class CaseObjectRow : TableRow
{
    /// <summary>What row keys of objects begin with; then the keys of the ledger row.</summary>
    public const string Prefix = "object|";

    /// <summary>8x8's region.</summary>
    public string Region { get; set; } = "";

    /// <summary>8x8's id.</summary>
    public string Id { get; set; } = "";

    /// <summary>8x8's object type.</summary>
    public string Type { get; set; } = "";

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedTime { get; set; }

    /// <summary>Its size in bytes when it was added.</summary>
    public long Bytes { get; set; }

    /// <summary>When it was added.</summary>
    public DateTimeOffset AddedAt { get; set; }

    /// <summary>Where its ledger row is.</summary>
    internal LedgerKey Key => new(LedgerKey.Partition(Region, CreatedTime), ObjectNames.Encode(Id));

    internal static CaseObjectRow Of(string caseId, LedgerEntry entry, DateTimeOffset now) => new()
    {
        PartitionKey = caseId,
        RowKey = KeyOf(entry.Key),
        Region = entry.Region,
        Id = entry.Id,
        Type = entry.Type,
        CreatedTime = entry.CreatedTime,
        Bytes = entry.Bytes ?? entry.SourceBytes ?? 0,
        AddedAt = now,
    };

    internal static string KeyOf(LedgerKey key) => $"{Prefix}{key.PartitionKey}|{key.RowKey}";
}

/// <summary>The same from the object's side: which cases it is in.</summary>
internal sealed class MembershipRow : TableRow
{
    public static MembershipRow Of(CaseObjectRow item) => new()
    {
        PartitionKey = PartitionOf(item.Key),
        RowKey = $"{item.Key.RowKey}|{item.PartitionKey}",
    };

    public static string PartitionOf(LedgerKey key) => $"object|{key.PartitionKey}";
}

/// <summary>
/// What each removal of objects from a case writes together with it, and each hold before it begins: so a removal fails that
/// did not see the hold.
/// </summary>
internal sealed class RemovalGuardRow : TableRow
{
    public const string Key = "removal";

    public RemovalGuardRow() => RowKey = Key;
}

/// <summary>A case whose objects must be kept.</summary>
internal sealed class HeldCaseRow : TableRow
{
    public const string Partition = "held";

    public HeldCaseRow() => PartitionKey = Partition;
}

/// <summary>A change of a case that is under way, or failed. One that is done has no row.</summary>
public sealed class CaseChangeRow : TableRow
{
    /// <summary>What row keys of changes begin with.</summary>
    public const string Prefix = "change|";

    /// <summary>Name of a <see cref="CaseChange"/>.</summary>
    public string Kind { get; set; } = "";

    /// <summary>The search whose result is added or removed, as JSON.</summary>
    public string? Search { get; set; }

    /// <summary>How far it is; <see langword="null"/> at the beginning.</summary>
    public string? Position { get; set; }

    /// <summary>How many objects it was done for.</summary>
    public long Objects { get; set; }

    /// <summary>Of a hold that another change started because objects were added: that change, which does not end before this one has begun.</summary>
    public string? After { get; set; }

    /// <summary>The blobs that the storage refused to hold or to release so far, as JSON.</summary>
    public string? Refused { get; set; }

    /// <summary>How often it went through all objects.</summary>
    public int Passes { get; set; }

    /// <summary>When it may go through them once more: not before every instance knows of it.</summary>
    public DateTimeOffset? NextPassAt { get; set; }

    /// <summary>When it began.</summary>
    public DateTimeOffset StartedAt { get; set; }

    /// <summary>What went wrong last; <see langword="null"/> when nothing did.</summary>
    public string? Problem { get; set; }

    /// <summary>Whether it was given up.</summary>
    public bool HasFailed { get; set; }

    /// <summary>Its id.</summary>
    public string ChangeId => RowKey[Prefix.Length..];
}

/// <summary>An export of a case.</summary>
public sealed class ExportRow : TableRow
{
    /// <summary>What row keys of exports begin with.</summary>
    public const string Prefix = "export|";

    /// <summary>Name of an <see cref="ExportState"/>.</summary>
    public string State { get; set; } = nameof(ExportState.Running);

    /// <summary>When it was asked for.</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>The same by the clock of the storage, which also dates the objects' rows. Objects that were added later are not part of it.</summary>
    public DateTimeOffset? RequestedAt { get; set; }

    /// <summary>Who asked for it.</summary>
    public string CreatedBy { get; set; } = "";

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>How many objects it has; until it is planned, how many the case had when it was asked for.</summary>
    public long Objects { get; set; }

    /// <summary>How many contents it has of them: one of each, and those that 8x8 had before; <see langword="null"/> in exports of an earlier version.</summary>
    public long? Contents { get; set; }

    /// <summary>Their size in bytes.</summary>
    public long Bytes { get; set; }

    /// <summary>
    /// The plan that counts: the rows of parts and objects have it in their keys, so two deliveries that plan at the same time
    /// do not mix. <see langword="null"/> in exports of 0.1.0.
    /// </summary>
    public string? Plan { get; set; }

    /// <summary>How many parts it has; <see langword="null"/> until its plan is complete, and from then on nothing is planned again.</summary>
    public int? Parts { get; set; }

    /// <summary>What went wrong last; <see langword="null"/> when nothing did.</summary>
    public string? Problem { get; set; }

    /// <summary>Its id.</summary>
    public string ExportId => RowKey[Prefix.Length..];

    /// <summary>The case.</summary>
    public string CaseId => PartitionKey;

    /// <summary>Whether it is in a state.</summary>
    public bool Is(ExportState state) => State == state.ToString();
}

/// <summary>A part of an export.</summary>
public sealed class ExportPartRow : TableRow
{
    /// <summary>What row keys of parts begin with; then the plan.</summary>
    public const string Prefix = "part|";

    /// <summary>Its number, from 1.</summary>
    public int Number { get; set; }

    /// <summary>How many contents of objects it has.</summary>
    public int Objects { get; set; }

    /// <summary>Its size in bytes, when it is written.</summary>
    public long Bytes { get; set; }

    /// <summary>Its SHA-256, hex, when it is written.</summary>
    public string? Sha256 { get; set; }

    /// <summary>Its MD5, hex, when it is written.</summary>
    public string? Md5 { get; set; }

    /// <summary>Whether it was written, or found that it cannot be.</summary>
    public bool IsDone { get; set; }

    /// <summary>How many of its objects have a problem. Such a part has no blob.</summary>
    public int Problems { get; set; }
}

/// <summary>A content of an object of an export.</summary>
public sealed class ExportObjectRow : TableRow
{
    /// <summary>What row keys of objects begin with; then the plan and the number of the part.</summary>
    public const string Prefix = "object|";

    /// <summary>8x8's region.</summary>
    public string Region { get; set; } = "";

    /// <summary>8x8's id.</summary>
    public string Id { get; set; } = "";

    /// <summary>8x8's object type.</summary>
    public string Type { get; set; } = "";

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedTime { get; set; }

    /// <summary>The archived blob.</summary>
    public string Blob { get; set; } = "";

    /// <summary>Its name in the export.</summary>
    public string Name { get; set; } = "";

    /// <summary>Its size in bytes.</summary>
    public long Bytes { get; set; }

    /// <summary>MD5 of the content by its receipt, hex.</summary>
    public string? Md5 { get; set; }

    /// <summary>SHA-256 of the content by its receipt and as it was read for the export, hex.</summary>
    public string? Sha256 { get; set; }

    /// <summary>SHA-256 of the receipt, hex.</summary>
    public string? ReceiptSha256 { get; set; }

    /// <summary>What of 8x8's claims was checked when it was archived.</summary>
    public string? Verification { get; set; }

    /// <summary>When it was archived.</summary>
    public DateTimeOffset? ArchivedAt { get; set; }

    /// <summary>Why it cannot be exported; <see langword="null"/> when it can.</summary>
    public string? Problem { get; set; }

    /// <summary>The number of its part.</summary>
    internal int Part => int.Parse(RowKey.Split('|')[^2], CultureInfo.InvariantCulture);
}
