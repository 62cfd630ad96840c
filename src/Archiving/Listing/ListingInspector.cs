using System.Globalization;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Settings;

namespace Archiving.Listing;

/// <summary>Why newer objects of a region are not known.</summary>
/// <param name="Region">8x8's region; empty when it concerns all.</param>
/// <param name="Text">The region, the reason and what to do; nothing else of the tenant.</param>
/// <param name="IsExpected">
/// Whether nothing is wrong: a first listing reads everything and may take hours. Until it ends the verdict does not say that
/// all is safe.
/// </param>
public sealed record ListingProblem(string Region, string Text, bool IsExpected = false);

/// <summary>
/// Finds the regions that are not listed as they should be. A region that refuses to be listed, and a timer that does not
/// run, change nothing else that could be seen: what is not listed is not missed.
/// </summary>
public sealed class ListingInspector(
    ListingStore store,
    ObjectLedger ledger,
    FirstStart firstStart,
    ScheduleOptions schedules,
    TimeProvider timeProvider)
{
    /// <summary>How often a window fails in a row, or a listing is missed, before that is a problem: fewer times happen.</summary>
    public const int MaxFailures = 3;

    private const string NoReason =
        "No reason is on record: the timer function ListObjects may not run. Restart the function app, and check in the workbook that ListObjects runs.";

    // Whether 8x8 moved the account or fails to name a region, nothing tells but a person.
    private static readonly TimeSpan NamedAfterLeaving = TimeSpan.FromDays(7);

    // Azure's timers start some minutes after the app, and a listing takes a while itself.
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(30);
    private readonly Schedule? _schedule = Schedule.TryParse(schedules.Listing);

    /// <summary>Finds what is wrong, region by region; nothing when every region was listed as scheduled.</summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<IReadOnlyList<ListingProblem>> InspectAsync(CancellationToken cancellationToken) =>
        await InspectAsync(await store.ReadWatermarksAsync(cancellationToken), cancellationToken);

    /// <summary>The same, for a caller who has read the watermarks.</summary>
    /// <param name="all">Those of all regions, also of those that are not archived any more.</param>
    /// <param name="cancellationToken">Stops the reads.</param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<IReadOnlyList<ListingProblem>> InspectAsync(IReadOnlyList<WatermarkRow> all, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(all);
        var now = timeProvider.GetUtcNow();
        var failures = await store.ReadFailuresAsync(cancellationToken);
        var watermarks = all.Where(row => !row.IsLeft).ToList();
        var problems = all.Where(row => row is { IsLeft: true, LeftAt: { } left } && now - left < NamedAfterLeaving).Select(DescribeLeft).ToList();
        foreach (var watermark in watermarks.OrderBy(row => row.Region, StringComparer.Ordinal))
        {
            if (await InspectAsync(watermark, failures, now, cancellationToken) is { } problem)
            {
                problems.Add(problem);
            }
        }

        foreach (var failure in failures.Where(IsOfRun).DistinctBy(row => (row.RunId, row.Region)))
        {
            if (await store.FindRunAsync(failure.RunId!, cancellationToken) is { CompletedAt: null })
            {
                problems.Add(new ListingProblem(failure.Region, $"The run {failure.RunId} cannot list a part of {failure.Region}: {failure.Reason}"));
            }
        }

        foreach (var records in failures.Where(row => row.Kind == ListingFailureRow.Unreadable).GroupBy(row => row.Region, StringComparer.Ordinal))
        {
            var number = records.DistinctBy(row => row.Hash).Count();
            var count = number == 1 ? "a record" : string.Create(CultureInfo.InvariantCulture, $"{number} records");
            problems.Add(new ListingProblem(
                records.Key,
                $"{records.Key} lists {count} that cannot be read, without an ID that could be asked for, so the object is not archived. "
                    + $"Report it to 8x8 (log event 1231). Last listed at {Wording.Minute(records.Max(row => row.FailedAt))}; "
                    + "the app looks again every hour."));
        }

        if (watermarks.Count == 0 && await FindUnlistedAsync(now, cancellationToken) is { } unlisted)
        {
            problems.Add(unlisted);
        }

        return problems;
    }

    /// <summary>
    /// Whether it is a problem that no region has a watermark. A new app gets half an hour for its first listing; where the
    /// ledger holds objects, they were listed, and the table of the watermarks is lost.
    /// </summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<bool> IsUnlistedAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        await FindUnlistedAsync(now, cancellationToken) is { IsExpected: false };

    /// <summary>Whether a listing was due three times since a time, and that is half an hour ago at least.</summary>
    public bool IsOverdue(DateTimeOffset since, DateTimeOffset now) =>
        now - since > Grace && _schedule?.After(since, times: MaxFailures) <= now;

    private async Task<ListingProblem?> FindUnlistedAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        // A backfill of a new app may come before its first listing.
        var holdsObjects = await ledger.ReadPartitionsAsync(cancellationToken).AnyAsync(cancellationToken);
        if (holdsObjects && !await store.HasRunsAsync(cancellationToken))
        {
            return new ListingProblem("", $"Objects are on record, but no listing is: the table listings was lost, or no listing ever ran. {NoReason}");
        }

        if (IsOverdue(await firstStart.FindAsync(cancellationToken), now))
        {
            return new ListingProblem("", $"Nothing has been listed since the app was deployed. {NoReason}");
        }

        return holdsObjects ? new ListingProblem("", "No region has been listed yet.", IsExpected: true) : null;
    }

    private static bool IsOfRun(ListingFailureRow row) => row is { RunId: not null, Failures: >= MaxFailures } && row.Kind != nameof(WindowKind.Listing);

    private async Task<ListingProblem?> InspectAsync(
        WatermarkRow watermark,
        List<ListingFailureRow> failures,
        DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        // A listing that completed since has listed what failed before it.
        var failure = failures
            .Where(row => row.Kind == nameof(WindowKind.Listing) && row.Region == watermark.Region && !(row.FailedAt <= watermark.LastCompleted))
            .MaxBy(row => row.Failures);
        var isOverdue = IsOverdue(watermark.Since ?? now, now);
        if (failure?.Failures >= MaxFailures || (isOverdue && !await IsFirstUnderWayAsync(watermark, now, cancellationToken)))
        {
            var age = watermark.LastCompleted is { } completed
                ? $"{watermark.Region} was last listed to its end at {Wording.Minute(completed)}."
                : $"{watermark.Region} has never been listed to its end.";
            return new ListingProblem(watermark.Region, $"{age} {failure?.Reason ?? NoReason}");
        }

        // Also after the table was lost, while the ledger says that much is archived.
        if (watermark.LastCompleted is null)
        {
            return new ListingProblem(watermark.Region, $"The first listing of {watermark.Region} is under way.", IsExpected: true);
        }

        // A listing holds what there was when it began, and one that ended just now may have begun hours ago.
        return watermark.Watermark is { } reached && IsOverdue(reached + Grace, now)
            ? new ListingProblem(
                watermark.Region,
                $"{watermark.Region} is listed up to {Wording.Minute(reached)}, because its last listing took long. The next one goes on from there.")
            : null;
    }

    private static ListingProblem DescribeLeft(WatermarkRow row) => new(
        row.Region,
        $"8x8 no longer names the region {row.Region}, so it has not been listed since {Wording.Minute(row.LeftAt!.Value)}. If 8x8 moved the account, set "
            + "EightByEight__Regions or wait a week, and this ends. If not, ask 8x8, or check that the API key's user has the role Storage API for "
            + "the region.");

    /// <summary>Whether a region's first listing goes on: it may take hours, because it reads everything.</summary>
    private async Task<bool> IsFirstUnderWayAsync(WatermarkRow watermark, DateTimeOffset now, CancellationToken cancellationToken) =>
        watermark is { LastCompleted: null, ActiveRun: { } run }
        && (await store.ReadWindowsAsync(run, cancellationToken)).Exists(window => window.Done && now - window.Timestamp < Grace);
}
