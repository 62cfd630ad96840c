using System.Globalization;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Source;
using Microsoft.Extensions.Logging;

namespace Archiving.Listing;

/// <summary>
/// Plans what is to be listed. Several may run at once: the watermark row lets one of them win, and a window planned
/// twice is listed twice, to the same result.
/// <list type="number">
/// <item>A region that is new is put on record, and one that is no longer archived is marked as left.</item>
/// <item>For each region, the window reaches from the watermark less the overlap to now less the settling delay.</item>
/// <item>Once a day the recent days are listed by <c>createdTime</c> too, because a record without <c>updatedTime</c> is in no
/// other window. The first such pass covers everything since the first listing, some days in each run.</item>
/// <item>Windows with records that cannot be read and have no ID are listed again every hour, so that health stops naming what
/// 8x8 no longer lists.</item>
/// <item>Each window is cut into days, so that instances list in parallel, and its parts are recorded.</item>
/// <item>One message is sent for each part, the oldest first, because 8x8 deletes the oldest first.</item>
/// <item>The region is left alone until every part is done, or nothing has moved for half an hour. The run after one that
/// was given up queues again all waiting objects of the parts that were not done, because their messages may be lost.</item>
/// <item>Runs of more than a week ago are deleted.</item>
/// </list>
/// </summary>
public sealed partial class ListingPlanner(
    RegionCatalog regions,
    ListingStore store,
    RunCompletion completion,
    WindowSender sender,
    ListingOptions options,
    TimeProvider timeProvider,
    ILogger<ListingPlanner> logger)
{
    private static readonly TimeSpan Stalled = TimeSpan.FromMinutes(30);
    internal static readonly TimeSpan MaxWindow = TimeSpan.FromDays(1);
    private static readonly TimeSpan BetweenPasses = TimeSpan.FromDays(1);
    private static readonly TimeSpan PassLookBack = TimeSpan.FromDays(3);

    // New objects wait for the run, and health for its end: so a first pass over years is made of many runs.
    private static readonly TimeSpan MaxPass = TimeSpan.FromDays(7);
    internal static readonly TimeSpan RunRetention = TimeSpan.FromDays(7);
    private static readonly TimeSpan UnreadableRetryInterval = TimeSpan.FromHours(1);
    private const int MaxUnreadableWindows = 10;
    private static readonly TimeSpan BetweenCleanings = TimeSpan.FromHours(1);
    private DateTimeOffset _cleanedAt;

    /// <summary>Plans a listing of each region that has none under way.</summary>
    /// <returns>How many windows were sent.</returns>
    /// <exception cref="OutageException">8x8 or the storage does not work.</exception>
    public async Task<int> PlanAsync(CancellationToken cancellationToken)
    {
        var sent = 0;
        var present = await regions.GetAsync(cancellationToken);
        var known = await store.ReadWatermarksAsync(cancellationToken);
        await AddMissingWatermarksAsync(present, known, cancellationToken);
        await NoteLeftAsync(present, known, cancellationToken);
        foreach (var region in present)
        {
            sent += await PlanAsync(region, cancellationToken);
        }

        var now = timeProvider.GetUtcNow();
        if (now - _cleanedAt > BetweenCleanings)
        {
            await store.ForgetRunsAsync(now - RunRetention, cancellationToken);
            _cleanedAt = now;
        }

        return sent;
    }

    /// <summary>Cuts a time range into windows of a day at most, at midnight UTC.</summary>
    public static IEnumerable<(DateTimeOffset From, DateTimeOffset To)> Cut(DateTimeOffset from, DateTimeOffset to)
    {
        for (var start = from; start < to;)
        {
            var midnight = UtcTime.DayOf(start) + MaxWindow;
            var end = to - from <= MaxWindow || midnight > to ? to : midnight;
            yield return (start, end);
            start = end;
        }
    }

    private async Task<int> PlanAsync(string region, CancellationToken cancellationToken)
    {
        var now = timeProvider.GetUtcNow();
        if (await store.FindWatermarkAsync(region, cancellationToken) is not { } watermark)
        {
            return 0;
        }

        var before = await ReadPreviousRunAsync(watermark, now, cancellationToken);
        if (before.State == RunState.UnderWay)
        {
            return 0;
        }

        var from = Earliest(
            (watermark.Watermark - options.Overlap) ?? (watermark.StartFrom <= now ? watermark.StartFrom : FirstStart(now)),
            before.State == RunState.Abandoned ? watermark.ActiveFrom : null,
            watermark.ListAgainFrom);
        var to = UtcTime.SecondOf(now - options.Settle);
        if (to <= from || to <= watermark.Watermark)
        {
            return 0;
        }

        var runId = string.Create(CultureInfo.InvariantCulture, $"listing-{region}-{to.UtcDateTime:yyyyMMddHHmmss}-{Guid.NewGuid().ToString("N")[..8]}");
        var windows = ToWindows(TimeField.UpdatedTime, from, to).ToList();
        var pass = PlanPass(watermark, to, now);
        if (pass is { } created)
        {
            windows.AddRange(ToWindows(TimeField.CreatedTime, created.From, created.To));
        }

        var unreadable = await FindUnreadableAsync(region, now, cancellationToken);
        if (unreadable.Count > 0)
        {
            var again = unreadable.SelectMany(row => ToWindows(TimeFields.Parse(row.Field) ?? TimeField.UpdatedTime, row.From!.Value, row.To!.Value));
            windows = [.. windows.Concat(again).DistinctBy(window => window.Name)];
            await store.NoteListedAgainAsync(unreadable, runId, cancellationToken);
        }

        var run = new RunRow
        {
            Kind = nameof(WindowKind.Listing),
            Regions = region,
            From = from,
            To = to,
            StartedAt = now,
            Planned = windows.Count,
            ListsUnreadableAgain = unreadable.Count > 0,
        };
        await sender.StartRunAsync(runId, run, windows, cancellationToken);

        // Written when all is sent: a crash before it leaves windows that are listed for nothing, never a run that waits
        // for messages that were not sent. When another instance planned at the same moment, its run counts and ours adds nothing.
        watermark.ActiveRun = runId;
        watermark.ActiveSince = now;
        watermark.ActiveFrom = from;
        watermark.ActiveCreatedTo = pass?.To;
        watermark.ListAgainFrom = null;
        watermark.ListAgainTo = null;
        if (await store.TryWriteWatermarkAsync(watermark, cancellationToken))
        {
            await store.NoteActiveAsync(runId, cancellationToken);
        }

        Log.Planned(logger, region, from, to, windows.Count);
        return windows.Count;

        IEnumerable<WindowMessage> ToWindows(TimeField field, DateTimeOffset start, DateTimeOffset end) =>
            from part in Cut(start, end)
            let window = new WindowMessage { Region = region, From = part.From, To = part.To, Field = field, RunId = runId }
            select window with { Resend = IsListedAgain(watermark, part.From, part.To) || before.LeftUndone(window) };
    }

    /// <summary>
    /// What is to be listed by <c>createdTime</c> now; <see langword="null"/> when nothing is. The first day needs nothing: it
    /// has just been listed. A pass that a run did not complete is due again.
    /// </summary>
    private static (DateTimeOffset From, DateTimeOffset To)? PlanPass(WatermarkRow watermark, DateTimeOffset to, DateTimeOffset now)
    {
        // A row of an earlier version does not say when it began.
        var isDue = watermark.CreatedWatermark is { } listed
            ? to - listed >= BetweenPasses || watermark.ListAgainFrom is not null
            : watermark.Watermark is not null && !(now - watermark.Began < BetweenPasses);
        if (!isDue)
        {
            return null;
        }

        var from = Earliest(watermark.CreatedWatermark ?? watermark.StartFrom, to - PassLookBack, watermark.ListAgainFrom);
        from = from < watermark.StartFrom ? watermark.StartFrom : from;
        return (from, to - from > MaxPass ? from + MaxPass : to);
    }

    // Without an end (a comparison with null is false), everything since the beginning is listed again.
    private static bool IsListedAgain(WatermarkRow watermark, DateTimeOffset from, DateTimeOffset to) =>
        watermark.ListAgainFrom < to && !(watermark.ListAgainTo <= from);

    private static DateTimeOffset Earliest(DateTimeOffset first, params ReadOnlySpan<DateTimeOffset?> others)
    {
        foreach (var other in others)
        {
            first = other < first ? other.Value : first;
        }

        return first;
    }

    /// <summary>The records that cannot be read and were not listed for an hour, those of a few windows.</summary>
    private async Task<List<ListingFailureRow>> FindUnreadableAsync(string region, DateTimeOffset now, CancellationToken cancellationToken) =>
    [
        .. (await store.ReadFailuresAsync(cancellationToken))
            .Where(row => row is { Kind: ListingFailureRow.Unreadable, From: not null, To: not null } && row.Region == region)
            .Where(row => now - row.FailedAt >= UnreadableRetryInterval)
            .GroupBy(row => (row.Field, row.From, row.To))
            .OrderBy(window => window.Min(row => row.FailedAt))
            .Take(MaxUnreadableWindows)
            .SelectMany(window => window),
    ];

    /// <summary>
    /// Has every region on record before anything else, and all of them at once: health then names one that is not listed,
    /// whatever keeps it from being planned, and a first run that fails starts at the same time again.
    /// </summary>
    private async Task AddMissingWatermarksAsync(IReadOnlyList<string> present, List<WatermarkRow> known, CancellationToken cancellationToken)
    {
        var now = timeProvider.GetUtcNow();
        var missing = present.Except(known.Select(watermark => watermark.Region), StringComparer.Ordinal)
            .Select(region => new WatermarkRow { Region = region, Began = now, StartFrom = FirstStart(now) })
            .ToList();
        if (missing.Count > 0)
        {
            // Where another instance was first, its rows count.
            await store.TryWriteWatermarksAsync(missing, cancellationToken);
        }
    }

    /// <summary>Where a first listing starts: never later than now, because it would start later each time.</summary>
    private DateTimeOffset FirstStart(DateTimeOffset now) =>
        options.StartFrom is { } from ? from <= now ? from : now : now - ListingOptions.FirstLookBack;

    private async Task NoteLeftAsync(IReadOnlyList<string> present, List<WatermarkRow> known, CancellationToken cancellationToken)
    {
        foreach (var watermark in known)
        {
            var isLeft = !present.Contains(watermark.Region, StringComparer.Ordinal);
            if (watermark.IsLeft != isLeft || (watermark.LeftAt is not null && !regions.IsDiscovered))
            {
                // If another instance writes it meanwhile, the next tick does this.
                watermark.IsLeft = isLeft;
                watermark.LeftAt = isLeft && regions.IsDiscovered ? timeProvider.GetUtcNow() : null;
                if (watermark.LeftAt is not null)
                {
                    Log.Left(logger, watermark.Region);
                }

                await store.TryWriteWatermarkAsync(watermark, cancellationToken);
            }
        }
    }

    private enum RunState
    {
        None,
        UnderWay,
        Abandoned,
    }

    private async Task<PreviousRun> ReadPreviousRunAsync(WatermarkRow watermark, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (watermark.ActiveRun is not { } runId)
        {
            return new PreviousRun(RunState.None, []);
        }

        var windows = await store.ReadWindowsAsync(runId, cancellationToken);
        if (windows.Count > 0 && windows.TrueForAll(window => window.Done))
        {
            // Done before it was recorded as the present run; the next tick continues from there.
            await completion.TryCompleteAsync(watermark.Region, runId, WindowKind.Listing, cancellationToken);
            return new PreviousRun(RunState.UnderWay, []);
        }

        var lastMove = windows.Select(window => window.Timestamp).Append(watermark.ActiveSince).Max();
        if (windows.Exists(window => window.LastError is not null && !window.Done) || now - lastMove > Stalled)
        {
            // A window that failed for good, or messages that were lost: planned again from the watermark.
            Log.Abandoned(logger, watermark.Region, runId);
            return new PreviousRun(RunState.Abandoned, windows);
        }

        return new PreviousRun(RunState.UnderWay, []);
    }

    /// <summary>The region's run before the one that is planned.</summary>
    /// <param name="State">What has become of it.</param>
    /// <param name="Windows">The windows of one that was given up; none are known when its rows are lost.</param>
    private sealed record PreviousRun(RunState State, IReadOnlyList<WindowRow> Windows)
    {
        /// <summary>
        /// Whether a run that was given up left a part of a time range undone: objects waiting there may have no message. A
        /// window that was done has sent all of its own.
        /// </summary>
        public bool LeftUndone(WindowMessage next) => State == RunState.Abandoned
            && (Windows.Count == 0 || Windows.Any(window => !window.Done && window.IsPass == next.IsPass && window.From < next.To && next.From < window.To));
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1200, Level = LogLevel.Information, Message = "Planned the listing of {Region} from {From:O} to {To:O} in {Windows} windows")]
        public static partial void Planned(ILogger logger, string region, DateTimeOffset from, DateTimeOffset to, int windows);

        [LoggerMessage(
            EventId = 1204,
            Level = LogLevel.Warning,
            Message = "8x8 no longer names the region {Region}: it is not listed any more")]
        public static partial void Left(ILogger logger, string region);

        [LoggerMessage(
            EventId = 1201,
            Level = LogLevel.Warning,
            Message = "Listing {RunId} of {Region} did not finish; it is planned again from the watermark")]
        public static partial void Abandoned(ILogger logger, string region, string runId);
    }
}
