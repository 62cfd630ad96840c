using Archiving.Outages;
using Archiving.Settings;

namespace Operations.Status;

/// <summary>
/// Which timer functions have not finished their work since it was due. Those for the token and for listing are left out: what
/// they leave undone shows within minutes, in the token and in each region's listing.
/// </summary>
public sealed class OverdueTimers(TimerRuns runs, ArchiverOptions options, TimeProvider timeProvider)
{
    /// <summary>For each function, how long ago its work was due; zero when it is not.</summary>
    /// <exception cref="Archiving.Model.OutageException">The storage does not work.</exception>
    public async Task<IReadOnlyDictionary<string, TimeSpan>> ReadAsync(CancellationToken cancellationToken)
    {
        var overdue = new Dictionary<string, TimeSpan>(StringComparer.Ordinal);
        foreach (var (function, schedule) in Schedules())
        {
            var due = Schedule.TryParse(schedule)?.After(await runs.ReadAsync(function, cancellationToken));
            var now = timeProvider.GetUtcNow();
            overdue[function] = now > due ? now - due.Value : TimeSpan.Zero;
        }

        return overdue;
    }

    private IEnumerable<(string Function, string Schedule)> Schedules() =>
    [
        ("Reconcile", options.Schedules.Reconcile),
        ("VerifyArchive", options.Schedules.Verify),
        ("PlanPurge", options.Schedules.Verify),
        .. options.Schedules.Drill is { } drill ? [("RestoreDrill", drill)] : ((string, string)[])[],
    ];
}
