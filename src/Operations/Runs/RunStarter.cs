using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Source;
using Microsoft.Extensions.Logging;

namespace Operations.Runs;

/// <summary>A run that was started.</summary>
/// <param name="RunId">Its id.</param>
/// <param name="Windows">How many windows it began with.</param>
public sealed record StartedRun(string RunId, int Windows);

/// <summary>
/// Starts backfills, reconciles and rebuilds. The same request while its run is under way gives the same run, whose
/// unfinished windows are sent again: that is how a run that was interrupted is resumed.
/// </summary>
public sealed partial class RunStarter(
    SourceListing source,
    RegionCatalog regions,
    ObjectLedger ledger,
    LedgerRebuilder rebuilder,
    ListingStore store,
    RunCompletion completion,
    WindowSender sender,
    ArchiverOptions options,
    TimeProvider timeProvider,
    ILogger<RunStarter> logger)
{
    /// <summary>The most windows of a run: more than 13 years in four regions.</summary>
    public const int MostWindows = 20_000;

    // 8x8's storage is newer: an object that claims to be older has a wrong time.
    private static readonly DateTimeOffset DaysBegin = new(2010, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Starts a backfill: archives what was created in a time range and is not archived yet.</summary>
    public async Task<StartedRun> BackfillAsync(DateTimeOffset from, DateTimeOffset to, IReadOnlyList<string> wantedRegions, IReadOnlyList<string> types, CancellationToken cancellationToken)
    {
        var all = wantedRegions.Count > 0 ? wantedRegions : await regions.GetAsync(cancellationToken);
        return await StartAsync(WindowKind.Backfill, all.SelectMany(region => Windows(WindowKind.Backfill, region, from, to, types)), types, from, to, cancellationToken);
    }

    /// <summary>Starts a comparison of everything that 8x8 has with ledger and receipts.</summary>
    public async Task<StartedRun> ReconcileAsync(CancellationToken cancellationToken)
    {
        var to = Second(timeProvider.GetUtcNow() - options.Listing.Settle);
        var windows = await PlanReconcileAsync(to, cancellationToken);
        var from = windows.Count > 0 ? windows.Min(window => window.From) : to;
        return await StartAsync(WindowKind.Reconcile, windows, types: [], from, to, cancellationToken);
    }

    /// <summary>Starts to restore the ledger from the receipts.</summary>
    public async Task<StartedRun> RebuildAsync(CancellationToken cancellationToken)
    {
        var days = await rebuilder.FindDaysAsync(cancellationToken);
        var windows = days
            .Select(day => new WindowMessage { Kind = WindowKind.Rebuild, Region = day.Region, From = day.Day, To = day.Day.AddDays(1), Field = TimeField.CreatedTime })
            .ToList();
        var now = timeProvider.GetUtcNow();
        return await StartAsync(WindowKind.Rebuild, windows, types: [], windows.Count > 0 ? windows[0].From : now, windows.Count > 0 ? windows[^1].To : now, cancellationToken);
    }

    /// <summary>
    /// The windows of a reconcile: one for each day, and in each region one for everything that is so old that its
    /// days cannot be trusted, or would be more than a run holds. Their number stays within the limit for any creation times.
    /// </summary>
    internal async Task<IReadOnlyList<WindowMessage>> PlanReconcileAsync(DateTimeOffset to, CancellationToken cancellationToken)
    {
        var all = await regions.GetAsync(cancellationToken);
        var mostDays = (MostWindows / Math.Max(1, all.Count)) - 2;
        var daysBegin = Midnight(to.AddDays(-mostDays));
        daysBegin = daysBegin > DaysBegin ? daysBegin : DaysBegin;
        var windows = new List<WindowMessage>();
        foreach (var region in all)
        {
            var first = await FindFirstDayAsync(region, DateTimeOffset.UnixEpoch, to, cancellationToken);
            if (first < daysBegin)
            {
                // It reaches to the next day that holds anything: the empty days between would be listed for nothing every week.
                var next = await FindFirstDayAsync(region, daysBegin, to, cancellationToken);
                next = next < to ? next : to;
                windows.Add(Window(WindowKind.Reconcile, region, first.Value, next.Value, types: []));
                first = next;
            }

            if (first is { } day)
            {
                windows.AddRange(Windows(WindowKind.Reconcile, region, day, to, types: []));
            }
        }

        return windows;
    }

    private static IEnumerable<WindowMessage> Windows(WindowKind kind, string region, DateTimeOffset from, DateTimeOffset to, IReadOnlyList<string> types) =>
        ListingPlanner.Cut(from, to).Select(span => Window(kind, region, span.From, span.To, types));

    private static WindowMessage Window(WindowKind kind, string region, DateTimeOffset from, DateTimeOffset to, IReadOnlyList<string> types) => new()
    {
        Kind = kind,
        Region = region,
        From = from,
        To = to,
        Field = TimeField.CreatedTime,
        Types = types.Count > 0 ? types : null,
    };

    private static DateTimeOffset Second(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);

    private static DateTimeOffset Midnight(DateTimeOffset time) => new(time.UtcDateTime.Date, TimeSpan.Zero);

    private async Task<StartedRun> StartAsync(WindowKind kind, IEnumerable<WindowMessage> planned, IReadOnlyList<string> types, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var windows = planned.Take(MostWindows + 1).ToList();
        if (windows.Count > MostWindows)
        {
            throw new RunTooLargeException($"The span needs more than {MostWindows} windows of a day and region, which is the most of a run. Ask for a shorter span or fewer regions.");
        }

        // A reconcile or rebuild is about everything until now, so two of them that overlap are the same run.
        var about = kind == WindowKind.Backfill ? FormattableString.Invariant($"{from:O}|{to:O}|{string.Join(',', windows.Select(window => window.Region).Distinct().Order(StringComparer.Ordinal))}|{string.Join(',', types.Order(StringComparer.Ordinal))}") : "";
        var (runId, present) = await FindIdAsync(kind, about, cancellationToken);
        if (present is not null)
        {
            windows = [.. (await store.ReadWindowsAsync(runId, cancellationToken)).Where(row => !row.Done).Select(row => new WindowMessage { Kind = kind, Region = row.Region, From = row.From, To = row.To, Field = TimeField.CreatedTime, Types = types.Count > 0 ? types : null })];
        }
        else
        {
            present = new RunRow
            {
                Kind = kind.ToString(),
                Regions = string.Join(',', windows.Select(window => window.Region).Distinct(StringComparer.Ordinal)),
                Types = string.Join(',', types),
                From = from,
                To = to,
                StartedAt = timeProvider.GetUtcNow(),
                Planned = windows.Count,
            };
        }

        windows = [.. windows.Select(window => window with { RunId = runId })];
        await sender.StartRunAsync(runId, present, windows, cancellationToken);

        Log.Started(logger, kind, runId, from, to, windows.Count);
        if (windows.Count == 0)
        {
            await completion.TryCompleteAsync("", runId, kind, cancellationToken);
        }

        return new StartedRun(runId, windows.Count);
    }

    private async Task<(string RunId, RunRow? Present)> FindIdAsync(WindowKind kind, string about, CancellationToken cancellationToken)
    {
        var day = timeProvider.GetUtcNow().UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        var hash = about.Length == 0 ? "" : "-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(about)))[..12];
        for (var number = 1; ; number++)
        {
            var runId = string.Create(CultureInfo.InvariantCulture, $"{kind.ToString().ToLowerInvariant()}-{day}{hash}-{number}");
            if (await store.FindRunAsync(runId, cancellationToken) is not { } run)
            {
                return (runId, null);
            }

            if (run.CompletedAt is null)
            {
                return (runId, run);
            }
        }
    }

    /// <summary>The first day, from a given one on, of which 8x8 or the ledger knows an object of a region; <see langword="null"/> when neither knows any.</summary>
    private async Task<DateTimeOffset?> FindFirstDayAsync(string region, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var atSource = await FindFirstAtSourceAsync(region, from, to, cancellationToken);
        var here = await ledger.FindFirstDayAsync(region, from, cancellationToken);
        var first = atSource is null || here < atSource ? here : atSource;
        return first is { } time ? Midnight(time) : null;
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

    private static partial class Log
    {
        [LoggerMessage(EventId = 1240, Level = LogLevel.Information, Message = "{Kind} {RunId} from {From:O} to {To:O} in {Windows} windows")]
        public static partial void Started(ILogger logger, WindowKind kind, string runId, DateTimeOffset from, DateTimeOffset to, int windows);
    }
}
