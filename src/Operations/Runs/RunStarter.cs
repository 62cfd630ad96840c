using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Settings;
using Microsoft.Extensions.Logging;

namespace Operations.Runs;

/// <summary>A run that was started.</summary>
/// <param name="RunId">Its id.</param>
/// <param name="Windows">How many windows it began with.</param>
public sealed record StartedRun(string RunId, int Windows);

/// <summary>
/// Starts backfills, reconciles and rebuilds. The same request while its run is under way gives the same run, whose
/// unfinished windows are sent again: that is how a run that was interrupted is resumed. A backfill is resumed for six days, and a
/// reconcile or rebuild for one.
/// </summary>
public sealed partial class RunStarter(
    RunPlanner planner,
    ListingStore store,
    RunCompletion completion,
    WindowSender sender,
    ListingOptions options,
    TimeProvider timeProvider,
    ILogger<RunStarter> logger)
{
    private const string DayFormat = "yyyyMMdd";

    // One that is resumed has a day until it is forgotten.
    private static readonly TimeSpan BackfillResumePeriod = ListingPlanner.RunRetention - TimeSpan.FromDays(1);

    // What is newer is in no window of these, so one that cannot end must not stand in the way of the next for long.
    private static readonly TimeSpan RunResumePeriod = TimeSpan.FromDays(1);

    /// <summary>Starts a backfill: archives what was created in a time range and is not archived yet.</summary>
    public async Task<StartedRun> BackfillAsync(
        DateTimeOffset from,
        DateTimeOffset to,
        IReadOnlyList<string> wantedRegions,
        IReadOnlyList<string> types,
        CancellationToken cancellationToken)
    {
        var plan = await planner.PlanBackfillAsync(from, to, wantedRegions, types, cancellationToken);
        return await StartAsync(WindowKind.Backfill, plan, types, from, to, cancellationToken);
    }

    /// <summary>Starts a comparison of everything that 8x8 has with ledger and receipts.</summary>
    public async Task<StartedRun> ReconcileAsync(CancellationToken cancellationToken)
    {
        var to = UtcTime.SecondOf(timeProvider.GetUtcNow() - options.Settle);
        var plan = await planner.PlanReconcileAsync(to, cancellationToken);
        var from = plan.Windows.Count > 0 ? plan.Windows.Min(window => window.From) : to;
        return await StartAsync(WindowKind.Reconcile, plan, types: [], from, to, cancellationToken);
    }

    /// <summary>Starts to rebuild the ledger from the receipts.</summary>
    public async Task<StartedRun> RebuildAsync(CancellationToken cancellationToken)
    {
        // Every day that a row can be of.
        var (from, to) = (DateTimeOffset.UnixEpoch, LedgerKey.Latest);
        return await StartAsync(
            WindowKind.Rebuild,
            await planner.PlanRebuildAsync(from, to, cancellationToken),
            types: [],
            from,
            to,
            cancellationToken);
    }

    private async Task<StartedRun> StartAsync(
        WindowKind kind,
        PlannedRun plan,
        IReadOnlyList<string> types,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellationToken)
    {
        if (plan.Days > RunPlanner.MaxWindows)
        {
            throw new RefusedException($"The time range needs more than {RunPlanner.MaxWindows} windows of a day and region, which is the most "
                + "of a run. Ask for a shorter time range or fewer regions.");
        }

        // A reconcile or rebuild is about everything until now, so two of them that overlap are the same run.
        var regions = plan.Windows.Select(window => window.Region).Distinct(StringComparer.Ordinal).ToList();
        var sortedRegions = string.Join(',', regions.Order(StringComparer.Ordinal));
        var sortedTypes = string.Join(',', types.Order(StringComparer.Ordinal));
        var about = kind == WindowKind.Backfill ? FormattableString.Invariant($"{from:O}|{to:O}|{sortedRegions}|{sortedTypes}") : "";
        var (runId, present) = await FindIdAsync(kind, about, cancellationToken);
        if (present is not null)
        {
            return await ResumeAsync(kind, runId, present, cancellationToken);
        }

        var run = new RunRow
        {
            Kind = kind.ToString(),
            Regions = string.Join(',', regions),
            Types = string.Join(',', types),
            From = from,
            To = to,
            StartedAt = timeProvider.GetUtcNow(),
            Planned = plan.Days ?? plan.Windows.Count,
        };
        await sender.StartRunAsync(runId, run, [.. plan.Windows.Select(window => window with { RunId = runId })], cancellationToken);
        Log.Started(logger, kind, runId, from, to, run.Planned);
        if (plan.Windows.Count == 0)
        {
            await completion.TryCompleteAsync("", runId, kind, cancellationToken);
        }

        return new StartedRun(runId, run.Planned);
    }

    /// <summary>Has the windows that are not done sent again, which may be thousands: the queue does it.</summary>
    private async Task<StartedRun> ResumeAsync(WindowKind kind, string runId, RunRow run, CancellationToken cancellationToken)
    {
        var counts = await store.ReadCountsAsync(runId, cancellationToken);
        var left = Math.Max(run.Planned, counts.Planned) - counts.Completed;
        var types = run.Types.Split(',', StringSplitOptions.RemoveEmptyEntries);
        var regions = run.Regions.Split(',', StringSplitOptions.RemoveEmptyEntries);
        await sender.QueueAsync(
            regions.Select(region => RunPlanner.Window(kind, region, run.From, run.To, types) with { RunId = runId, IsResumed = true }),
            cancellationToken);
        Log.Resumed(logger, kind, runId, left);
        if (regions.Length == 0)
        {
            await completion.TryCompleteAsync("", runId, kind, cancellationToken);
        }

        return new StartedRun(runId, left);
    }

    /// <summary>The run that is to be resumed, whatever day it was started on; else the ID of the next one.</summary>
    private async Task<(string RunId, RunRow? Present)> FindIdAsync(WindowKind kind, string about, CancellationToken cancellationToken)
    {
        var now = timeProvider.GetUtcNow();
        var name = $"{kind.ToString().ToLowerInvariant()}-";
        var hash = about.Length == 0 ? "" : "-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(about)))[..12];
        var since = now - (kind == WindowKind.Backfill ? BackfillResumePeriod : RunResumePeriod);
        var runs = (await store.ReadRunsAsync(name, since, cancellationToken))
            .Where(run => run.RowKey.AsSpan(Math.Min(run.RowKey.Length, name.Length + DayFormat.Length)).StartsWith($"{hash}-"))
            .ToList();
        if (runs.Where(run => run.CompletedAt is null).MaxBy(run => run.StartedAt) is { } present)
        {
            return (present.RowKey, present);
        }

        var today = $"{name}{now.UtcDateTime.ToString(DayFormat, CultureInfo.InvariantCulture)}{hash}-";
        var number = runs.Count(run => run.RowKey.StartsWith(today, StringComparison.Ordinal)) + 1;
        return (string.Create(CultureInfo.InvariantCulture, $"{today}{number}"), null);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 2303, Level = LogLevel.Information, Message = "Resumed {Kind} {RunId}, of which {Windows} windows are not done")]
        public static partial void Resumed(ILogger logger, WindowKind kind, string runId, int windows);

        [LoggerMessage(EventId = 1240, Level = LogLevel.Information, Message = "Started {Kind} {RunId} from {From:O} to {To:O} in {Windows} windows")]
        public static partial void Started(ILogger logger, WindowKind kind, string runId, DateTimeOffset from, DateTimeOffset to, int windows);
    }
}
