using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Source;

namespace Operations.Runs;

/// <summary>The windows that a run begins with.</summary>
/// <param name="Windows">One or two for each region, which are cut into days when they are handled.</param>
/// <param name="Days">How many windows of a day these make; <see langword="null"/> when that is only known then.</param>
public sealed record PlannedRun(IReadOnlyList<WindowMessage> Windows, int? Days);

/// <summary>Plans the windows of runs: what they are is looked up, and nothing is written.</summary>
public sealed class RunPlanner(RegionCatalog regions, SourceListing source, ObjectLedger ledger, ArchiveStore archive)
{
    /// <summary>Maximum number of windows of a run: more than 27 years in ten regions.</summary>
    public const int MaxWindows = 100_000;

    // 8x8's storage is newer: an object that claims to be older has a wrong time.
    private static readonly DateTimeOffset DaysBegin = new(2010, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The windows of a backfill, which make one for each day of each region. There may be more than a run holds.</summary>
    /// <exception cref="RefusedException">The account lacks a region.</exception>
    public async Task<PlannedRun> PlanBackfillAsync(
        DateTimeOffset from,
        DateTimeOffset to,
        IReadOnlyList<string> wantedRegions,
        IReadOnlyList<string> types,
        CancellationToken cancellationToken)
    {
        await regions.RequireAsync(wantedRegions, cancellationToken);
        var all = wantedRegions.Count > 0 ? wantedRegions : await regions.GetAsync(cancellationToken);
        return Plan(all.Select(region => Window(WindowKind.Backfill, region, from, to, types)));
    }

    /// <summary>
    /// The windows of a reconcile: one for each day, and in each region one for everything that is so old that its
    /// days cannot be trusted, or would be more than a run holds. Their number stays within the limit for any creation times.
    /// </summary>
    public async Task<PlannedRun> PlanReconcileAsync(DateTimeOffset to, CancellationToken cancellationToken)
    {
        var all = await regions.GetAsync(cancellationToken);
        var maxDays = (MaxWindows / Math.Max(1, all.Count)) - 2;
        var daysBegin = UtcTime.DayOf(to.AddDays(-maxDays));
        daysBegin = daysBegin > DaysBegin ? daysBegin : DaysBegin;
        var old = new List<WindowMessage>();
        var recent = new List<WindowMessage>();
        foreach (var region in all)
        {
            var first = await FindFirstDayAsync(region, DateTimeOffset.UnixEpoch, to, cancellationToken);
            if (first < daysBegin)
            {
                // It reaches to the next day that holds anything: the empty days between would be listed for nothing every week.
                var next = await FindFirstDayAsync(region, daysBegin, to, cancellationToken);
                next = next < to ? next : to;
                old.Add(Window(WindowKind.Reconcile, region, first.Value, next.Value, types: []));
                first = next;
            }

            if (first is { } day && day < to)
            {
                recent.Add(Window(WindowKind.Reconcile, region, day, to, types: []));
            }
        }

        var plan = Plan(recent);
        return new PlannedRun([.. old, .. plan.Windows], plan.Days + old.Count);
    }

    /// <summary>The windows of a rebuild: one for each region, which is cut into the days that the container holds.</summary>
    public async Task<PlannedRun> PlanRebuildAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var windows = new List<WindowMessage>();
        await foreach (var folder in archive.ListFoldersAsync("", cancellationToken))
        {
            windows.Add(Window(WindowKind.Rebuild, ObjectNames.Decode(folder.TrimEnd('/')), from, to, types: []) with { IsCut = true });
        }

        return new PlannedRun(windows, Days: null);
    }

    internal static WindowMessage Window(WindowKind kind, string region, DateTimeOffset from, DateTimeOffset to, IReadOnlyList<string> types) => new()
    {
        Kind = kind,
        Region = region,
        From = from,
        To = to,
        Field = TimeField.CreatedTime,
        Types = types.Count > 0 ? types : null,
    };

    private static PlannedRun Plan(IEnumerable<WindowMessage> ranges)
    {
        var days = 0;
        var windows = new List<WindowMessage>();
        foreach (var range in ranges)
        {
            var daysOfRange = ListingPlanner.Cut(range.From, range.To).Take(MaxWindows + 1).Count();
            days += daysOfRange;
            windows.Add(range with { IsCut = daysOfRange > 1 });
        }

        return new PlannedRun(windows, days);
    }

    /// <summary>
    /// The first day, from a given one on, of which 8x8 or the ledger knows an object of a region; <see langword="null"/>
    /// when neither knows any.
    /// </summary>
    private async Task<DateTimeOffset?> FindFirstDayAsync(string region, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var atSource = await FindFirstAtSourceAsync(region, from, to, cancellationToken);
        var here = await ledger.FindFirstDayAsync(region, from, cancellationToken);
        var first = atSource is null || here < atSource ? here : atSource;
        return first is { } time ? UtcTime.DayOf(time) : null;
    }

    private async Task<DateTimeOffset?> FindFirstAtSourceAsync(string region, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        DateTimeOffset? first = null;
        await foreach (var page in source.ReadAsync(region, TimeField.CreatedTime, from, to, types: null, cancellationToken))
        {
            // Records without that time come along, and are filed elsewhere.
            first = page.Objects.Select(record => (DateTimeOffset?)LedgerKey.CreatedTime(record)).Where(time => time >= from).Append(first).Min();

            // Where pages do not come in order, an older one may follow until all is listed.
            if (first < page.ResumeFrom)
            {
                return first;
            }
        }

        return first;
    }
}
