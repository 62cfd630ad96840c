using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Archiving.Model;
using Archiving.Storage;

namespace Archiving.Listing;

/// <summary>How far a region has been listed.</summary>
public sealed class WatermarkRow : TableRow
{
    /// <summary>Partition of every region's row.</summary>
    public const string Partition = "watermark";

    /// <summary>Initializes a row.</summary>
    public WatermarkRow() => PartitionKey = Partition;

    /// <summary>8x8's region.</summary>
    public string Region { get; set; } = "";

    /// <summary>Where the first listing started; kept, so that a first run that fails starts there again.</summary>
    public DateTimeOffset StartFrom { get; set; }

    /// <summary>Everything changed before this time has been listed; <see langword="null"/> before the first complete run.</summary>
    public DateTimeOffset? Watermark { get; set; }

    /// <summary>Everything made before this time has been listed by <c>createdTime</c> too; <see langword="null"/> before the first such pass.</summary>
    public DateTimeOffset? CreatedWatermark { get; set; }

    /// <summary>When the region was first listed; <see langword="null"/> in rows of an earlier version.</summary>
    public DateTimeOffset? Began { get; set; }

    /// <summary>When a run was last completed.</summary>
    public DateTimeOffset? LastCompleted { get; set; }

    /// <summary>Since when no run was completed: the last one, else the region's beginning; <see langword="null"/> when nothing is known.</summary>
    internal DateTimeOffset? Since => LastCompleted ?? Began ?? ActiveSince;

    /// <summary>The run under way.</summary>
    public string? ActiveRun { get; set; }

    /// <summary>When the run under way began.</summary>
    public DateTimeOffset? ActiveSince { get; set; }

    /// <summary>Where the run under way starts: should it be given up, the next one must not start later.</summary>
    public DateTimeOffset? ActiveFrom { get; set; }

    /// <summary>Where the run under way ends by <c>createdTime</c>; <see langword="null"/> when it does not list by that.</summary>
    public DateTimeOffset? ActiveCreatedTo { get; set; }

    /// <summary>A window from this time on failed for good: the next run starts there at the latest, and queues again all that waits in it.</summary>
    public DateTimeOffset? ListAgainFrom { get; set; }

    /// <summary>Where the last such window ends; <see langword="null"/> in rows of an earlier version.</summary>
    public DateTimeOffset? ListAgainTo { get; set; }

    /// <summary>Whether the region is not archived any more: 8x8 does not name it, or the settings leave it out.</summary>
    public bool IsLeft { get; set; }

    /// <summary>Since when 8x8 does not name it; <see langword="null"/> when the settings leave it out, and in rows of an earlier version.</summary>
    public DateTimeOffset? LeftAt { get; set; }
}

/// <summary>One window of a run. A window whose work was split is done, and its parts have rows of their own.</summary>
public sealed class WindowRow : TableRow
{
    /// <summary>8x8's region.</summary>
    public string Region { get; set; } = "";

    /// <summary>Start of the window.</summary>
    public DateTimeOffset From { get; set; }

    /// <summary>End of the window.</summary>
    public DateTimeOffset To { get; set; }

    /// <summary>Whether it is one of a listing's daily pass by <c>createdTime</c>.</summary>
    public bool IsPass { get; set; }

    /// <summary>Whether it is only cut into smaller ones.</summary>
    public bool IsCut { get; set; }

    /// <summary>Whether everything in it was listed.</summary>
    public bool Done { get; set; }

    /// <summary>How many records it held.</summary>
    public long Listed { get; set; }

    /// <summary>How many of them were put into a queue.</summary>
    public long Enqueued { get; set; }

    /// <summary>What went wrong last.</summary>
    public string? LastError { get; set; }

    /// <summary>Reconcile: how many of 8x8's records are archived, receipt included.</summary>
    public long? Archived { get; set; }

    /// <summary>Reconcile: how many were archived and removed by the archive's retention policy.</summary>
    public long? Expired { get; set; }

    /// <summary>Reconcile: how many were neither archived nor on their way.</summary>
    public long? Missing { get; set; }

    /// <summary>Reconcile: how many have other content than what is archived.</summary>
    public long? Changed { get; set; }

    /// <summary>Reconcile: how many archived objects 8x8 no longer has.</summary>
    public long? OnlyHere { get; set; }

    /// <summary>Reconcile: how many are not archived and are deleted by 8x8 within seven days.</summary>
    public long? AtRisk { get; set; }

    /// <summary>Reconcile and rebuild: how many ledger rows were restored from receipts.</summary>
    public long? Restored { get; set; }
}

/// <summary>
/// What a run has counted. Its windows are counted in a few rows, each together with the row of a window in one transaction, so
/// that every window counts once; its objects in one row more, from time to time.
/// </summary>
public sealed class RunCountsRow : TableRow
{
    /// <summary>Sorts behind every window.</summary>
    internal const string FirstKey = "~";

    /// <summary>Key of the row that counts objects.</summary>
    internal const string ObjectsKey = "~objects";

    // So many windows can end at the same moment without waiting for each other.
    private const int Rows = 8;

    /// <summary>How many windows there are. One that is cut counts only until its parts do.</summary>
    public int Planned { get; set; }

    /// <summary>How many of them are done.</summary>
    public int Completed { get; set; }

    /// <summary>How many failed too often.</summary>
    public int FailedWindows { get; set; }

    /// <summary>How many records were listed.</summary>
    public long Listed { get; set; }

    /// <summary>How many were put into a queue.</summary>
    public long Enqueued { get; set; }

    /// <summary>How many of these were archived.</summary>
    public long Archived { get; set; }

    /// <summary>How many of these failed, or were gone.</summary>
    public long Failed { get; set; }

    /// <summary>How many of these still waited.</summary>
    public long Waiting { get; set; }

    /// <summary>When the count of objects began; <see langword="null"/> when they were not counted yet.</summary>
    public DateTimeOffset? CountedAt { get; set; }

    /// <summary>Whether every window is done.</summary>
    internal bool IsListed => Completed >= Planned;

    /// <summary>Key of the row that counts a window.</summary>
    internal static string KeyOf(string window) =>
        string.Create(CultureInfo.InvariantCulture, $"{FirstKey}{SHA256.HashData(Encoding.UTF8.GetBytes(window))[0] % Rows}");

    /// <summary>Adds what another row counted.</summary>
    internal RunCountsRow Plus(RunCountsRow other) => new()
    {
        Planned = Planned + other.Planned,
        Completed = Completed + other.Completed,
        FailedWindows = FailedWindows + other.FailedWindows,
        Listed = Listed + other.Listed,
        Enqueued = Enqueued + other.Enqueued,
        Archived = Archived + other.Archived,
        Failed = Failed + other.Failed,
        Waiting = Waiting + other.Waiting,
        CountedAt = CountedAt ?? other.CountedAt,
    };
}

/// <summary>What could not be listed: a window, whose row is deleted when it was listed at another try, or a record without an id.</summary>
public sealed class ListingFailureRow : TableRow
{
    /// <summary>Partition of every such row.</summary>
    public const string Partition = "failing";

    /// <summary>The <see cref="Kind"/> of a record without an id.</summary>
    public const string Unreadable = "Record";

    /// <summary>Initializes a row.</summary>
    public ListingFailureRow() => PartitionKey = Partition;

    /// <summary>8x8's region.</summary>
    public string Region { get; set; } = "";

    /// <summary>Name of a <see cref="WindowKind"/>, or <see cref="Unreadable"/>.</summary>
    public string Kind { get; set; } = "";

    /// <summary>The run that the window is part of.</summary>
    public string? RunId { get; set; }

    /// <summary>How often it failed in a row.</summary>
    public int Failures { get; set; }

    /// <summary>Why it failed last, without names of the tenant.</summary>
    public string Reason { get; set; } = "";

    /// <summary>When it failed last.</summary>
    public DateTimeOffset FailedAt { get; set; }

    /// <summary>
    /// A record: start of the window that listed it; <see langword="null"/> for one of some types only, which a listing would not
    /// repeat, and in rows of an earlier version.
    /// </summary>
    public DateTimeOffset? From { get; set; }

    /// <summary>A record: end of that window.</summary>
    public DateTimeOffset? To { get; set; }

    /// <summary>A record: the time that the window is about, as 8x8 names it.</summary>
    public string Field { get; set; } = "";

    /// <summary>A record: the run that lists its window again. Unless the run finds it again, the row is deleted.</summary>
    public string? ListedAgainBy { get; set; }

    /// <summary>A record: tells it from others. Each window that lists it has a row.</summary>
    internal string Hash => RowKey.Split('|') is [_, _, var hash, ..] ? hash : RowKey;
}

/// <summary>A run: a listing, backfill, reconcile or rebuild, made of windows.</summary>
public sealed class RunRow : TableRow
{
    /// <summary>Partition of every run's row.</summary>
    public const string Partition = "run";

    /// <summary>Initializes a row.</summary>
    public RunRow() => PartitionKey = Partition;

    /// <summary>Name of a <see cref="WindowKind"/>.</summary>
    public string Kind { get; set; } = "";

    /// <summary>8x8's regions, separated by commas.</summary>
    public string Regions { get; set; } = "";

    /// <summary>The object types, separated by commas; empty for all.</summary>
    public string Types { get; set; } = "";

    /// <summary>Start of the window.</summary>
    public DateTimeOffset From { get; set; }

    /// <summary>End of the window.</summary>
    public DateTimeOffset To { get; set; }

    /// <summary>When it began.</summary>
    public DateTimeOffset StartedAt { get; set; }

    /// <summary>When every window of it was done.</summary>
    public DateTimeOffset? CompletedAt { get; set; }

    /// <summary>How many windows it began with. Busy ones are split later.</summary>
    public int Planned { get; set; }

    /// <summary>Listings: whether windows with records that cannot be read are listed again.</summary>
    public bool ListsUnreadableAgain { get; set; }

    /// <summary>Listings: whether the region's watermark waits for it, or did so. Of two that were planned at the same moment, one.</summary>
    public bool WasActive { get; set; }
}
