using Archiving.Cases;

namespace Operations.Cases;

/// <summary>An object that is meant by a request.</summary>
/// <param name="Region">8x8's region.</param>
/// <param name="Id">8x8's id.</param>
/// <param name="Created">When it was made, if that is known: then one read finds it.</param>
public sealed record CaseObject(string Region, string Id, DateTimeOffset? Created = null);

/// <summary>A case that was made.</summary>
/// <param name="CaseId">Its id.</param>
public sealed record CreatedCase(string CaseId);

/// <summary>What was accepted.</summary>
/// <param name="CaseId">The case.</param>
public sealed record AcceptedChange(string CaseId);

/// <summary>An export that was started.</summary>
/// <param name="ExportId">Its id.</param>
public sealed record StartedExport(string ExportId);

/// <summary>Every case.</summary>
/// <param name="Items">The cases, the newest first.</param>
public sealed record CaseList(IReadOnlyList<CaseItem> Items);

/// <summary>A case in a list.</summary>
/// <param name="CaseId">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Reason">Why it was made.</param>
/// <param name="State"><c>Open</c> or <c>Closed</c>.</param>
/// <param name="Objects">How many objects it has.</param>
/// <param name="Bytes">Their size when they were added, in bytes.</param>
/// <param name="Held">Whether every blob is on legal hold.</param>
/// <param name="Hold">How far the hold is; a <see cref="HoldState"/>.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="CreatedBy">Who made it.</param>
public record CaseItem(
    string CaseId,
    string Name,
    string Reason,
    string State,
    long Objects,
    long Bytes,
    bool Held,
    string Hold,
    DateTimeOffset CreatedAt,
    string CreatedBy)
{
    internal static CaseItem Of(CaseRow row) => new(
        row.RowKey,
        row.Name,
        row.Reason,
        row.ClosedAt is null ? "Open" : "Closed",
        row.Objects,
        row.Bytes,
        row.HoldState == HoldState.Held,
        row.HoldState.ToString(),
        row.CreatedAt,
        row.CreatedBy);
}

/// <summary>A case with all that is known of it.</summary>
public sealed record CaseDetails : CaseItem
{
    internal CaseDetails(CaseItem item)
        : base(item)
    {
    }

    /// <summary>Why not every blob is held; <see langword="null"/> when nothing is wrong.</summary>
    public string? HoldProblem { get; init; }

    /// <summary>When it was closed.</summary>
    public DateTimeOffset? ClosedAt { get; init; }

    /// <summary>Whether objects are still being added or removed: until then the counts grow.</summary>
    public bool Changing { get; init; }

    /// <summary>What is being changed, and what failed.</summary>
    public required IReadOnlyList<CaseChangeItem> Changes { get; init; }

    /// <summary>Its exports, the newest first.</summary>
    public required IReadOnlyList<ExportItem> Exports { get; init; }
}

/// <summary>A change of a case that is under way or failed.</summary>
/// <param name="Kind">A <see cref="CaseChange"/>.</param>
/// <param name="State"><c>Running</c> or <c>Failed</c>.</param>
/// <param name="Objects">How many objects it was done for.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="Problem">What went wrong last.</param>
public sealed record CaseChangeItem(string Kind, string State, long Objects, DateTimeOffset StartedAt, string? Problem);

/// <summary>An export of a case.</summary>
/// <param name="ExportId">Its id.</param>
/// <param name="State">An <see cref="ExportState"/>.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="Objects">How many objects it has.</param>
/// <param name="Bytes">Their size in bytes.</param>
public sealed record ExportItem(string ExportId, string State, DateTimeOffset CreatedAt, long Objects, long Bytes);

/// <summary>How far an export is, and what it consists of.</summary>
public sealed record ExportDetails
{
    /// <summary>Its id.</summary>
    public required string ExportId { get; init; }

    /// <summary>An <see cref="ExportState"/>.</summary>
    public required string State { get; init; }

    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Who asked for it.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>How many objects it has.</summary>
    public required long Objects { get; init; }

    /// <summary>Their size in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>How many parts there will be; <see langword="null"/> before that is known.</summary>
    public int? PlannedParts { get; init; }

    /// <summary>The parts that are written.</summary>
    public required IReadOnlyList<ExportPart> Parts { get; init; }

    /// <summary>Reads the list of objects as CSV.</summary>
    public Uri? ManifestCsvUrl { get; init; }

    /// <summary>Reads the list of objects as JSON.</summary>
    public Uri? ManifestJsonUrl { get; init; }

    /// <summary>Reads the checksums of all files in the parts, for <c>sha256sum -c</c>.</summary>
    public Uri? ChecksumsUrl { get; init; }

    /// <summary>When the links stop working.</summary>
    public DateTimeOffset? LinksExpireOn { get; init; }

    /// <summary>What went wrong with the export as a whole.</summary>
    public string? Problem { get; init; }

    /// <summary>The objects that are missing or differ from their receipt, at most the first thousand.</summary>
    public required IReadOnlyList<ExportProblem> Problems { get; init; }
}

/// <summary>A part of an export.</summary>
/// <param name="Name">Name of the file.</param>
/// <param name="Url">Reads it for a short time without a key; only when the export is done.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its SHA-256, hex.</param>
public sealed record ExportPart(string Name, Uri? Url, long Bytes, string Sha256);

/// <summary>An object that cannot be exported.</summary>
/// <param name="Region">8x8's region.</param>
/// <param name="Id">8x8's id.</param>
/// <param name="Problem">Why.</param>
public sealed record ExportProblem(string Region, string Id, string Problem);
