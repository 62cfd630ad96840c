namespace Operations.Plan;

/// <summary>What <c>GET /api/plan</c> answers, and what the command shows.</summary>
/// <param name="From">Start of the planned time range: when objects were created.</param>
/// <param name="To">Its end, which is not part of it.</param>
/// <param name="Regions">8x8's regions that were counted.</param>
/// <param name="Types">The object types looked at; empty for all.</param>
/// <param name="IsReady">Whether nothing must be fixed.</param>
/// <param name="Verdict">The same in a sentence.</param>
/// <param name="MissingRights">The rights that the API key lacks: <c>list</c>, <c>download</c>, <c>restore</c>, <c>delete</c>.</param>
/// <param name="Checks">What was looked at.</param>
/// <param name="Notes">What is good to know and need not be fixed.</param>
/// <param name="Objects">What 8x8 has; <see langword="null"/> when it could not be counted.</param>
/// <param name="Estimate">What a run takes and costs; <see langword="null"/> when nothing could be counted.</param>
/// <param name="Oldest">The oldest object of each type and user group, beside what is set for them.</param>
/// <param name="FileNames">Some objects, and the names that their files get when they are downloaded.</param>
public sealed record PlanReport(
    DateTimeOffset From,
    DateTimeOffset To,
    IReadOnlyList<string> Regions,
    IReadOnlyList<string> Types,
    bool IsReady,
    string Verdict,
    IReadOnlyList<string> MissingRights,
    IReadOnlyList<Check> Checks,
    IReadOnlyList<string> Notes,
    ObjectCount? Objects,
    RunEstimate? Estimate,
    IReadOnlyList<OldestObject> Oldest,
    IReadOnlyList<NamedFile> FileNames);

/// <summary>An object and the name of its file.</summary>
/// <param name="Type">8x8's object type.</param>
/// <param name="ObjectName">The name that 8x8 gives it.</param>
/// <param name="FileName">The name of the downloaded file, by <c>Archive__DownloadName</c>.</param>
public sealed record NamedFile(string Type, string? ObjectName, string FileName);

/// <summary>A number of objects and their size.</summary>
/// <param name="Objects">How many.</param>
/// <param name="Bytes">Their size by 8x8, in bytes.</param>
public sealed record Amount(long Objects, long Bytes);

/// <summary>Objects of a region, type and state.</summary>
/// <param name="Region">8x8's region.</param>
/// <param name="Type">8x8's object type.</param>
/// <param name="State">8x8's state: <c>AVAILABLE</c>, or <c>ARCHIVED</c>, which has to be restored first.</param>
/// <param name="Objects">How many.</param>
/// <param name="Bytes">Their size by 8x8, in bytes.</param>
/// <param name="Archived">How many of them are archived here already.</param>
/// <param name="PastRetention">Of the others: older than 8x8 keeps them by the settings.</param>
/// <param name="WithinSevenDays">Of the others: deleted by 8x8 within seven days.</param>
public sealed record ObjectGroup(string Region, string Type, string State, long Objects, long Bytes, long Archived, long PastRetention, long WithinSevenDays);

/// <summary>What 8x8 has in the time range.</summary>
/// <param name="IsEstimate">Whether a part was listed and the rest estimated from it.</param>
/// <param name="Listed">How many records were listed.</param>
/// <param name="Total">Everything.</param>
/// <param name="ToCopy">What is not archived yet: what a run would copy.</param>
/// <param name="ToRestore">Of that, what 8x8 has to restore from cold storage first.</param>
/// <param name="PastRetention">Of that to copy: older than 8x8 keeps it by the settings.</param>
/// <param name="WithinSevenDays">Of that to copy: deleted by 8x8 within seven days.</param>
/// <param name="Later">Of that to copy: deleted by 8x8 later.</param>
/// <param name="Groups">The same by region, type and state.</param>
public sealed record ObjectCount(
    bool IsEstimate,
    long Listed,
    Amount Total,
    Amount ToCopy,
    Amount ToRestore,
    Amount PastRetention,
    Amount WithinSevenDays,
    Amount Later,
    IReadOnlyList<ObjectGroup> Groups);
