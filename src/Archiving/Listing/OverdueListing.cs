using Archiving.Model;
using Archiving.Outages;
using Microsoft.Extensions.Logging;

namespace Archiving.Listing;

/// <summary>
/// Plans a listing that the timer should have planned. On Azure all timers of an app have been seen to stop after a
/// deployment while its other functions lived (azure-functions-host#11828), so every other function looks now and then.
/// </summary>
public sealed partial class OverdueListing(
    ListingStore store,
    ListingInspector inspector,
    FirstStart firstStart,
    ListingPlanner planner,
    HealthBoard health,
    TimeProvider timeProvider,
    ILogger<OverdueListing> logger)
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromMinutes(1);
    private long _nextCheck = (timeProvider.GetUtcNow() + CheckInterval).UtcTicks;

    /// <summary>
    /// Looks, once a minute at most, and plans what is overdue. Nothing is thrown: the caller's own work is done, and a
    /// message that was handled must not come again for this.
    /// </summary>
    /// <param name="function">The function that looks.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task PlanAsync(string function, CancellationToken cancellationToken)
    {
        var next = Interlocked.Read(ref _nextCheck);
        var now = timeProvider.GetUtcNow();
        if (now.UtcTicks < next || Interlocked.CompareExchange(ref _nextCheck, (now + CheckInterval).UtcTicks, next) != next)
        {
            return;
        }

        try
        {
            var watermarks = await store.ReadPresentWatermarksAsync(cancellationToken);
            var oldest = watermarks.Count == 0 ? await firstStart.FindAsync(cancellationToken) : watermarks.Min(row => row.Since ?? now);
            var isOverdue = watermarks.Count == 0 ? await inspector.IsUnlistedAsync(now, cancellationToken) : inspector.IsOverdue(oldest, now);

            // The planner leaves alone what is under way.
            if (isOverdue && await planner.PlanAsync(cancellationToken) is > 0 and var windows)
            {
                Log.Planned(logger, oldest, function, windows);
            }
        }
        catch (OutageException outage)
        {
            health.Report(outage);
        }
        catch (Exception exception)
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                Log.Failed(logger, exception, function);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1203, Level = LogLevel.Error, Message = "{Function} could not find out whether a listing is overdue")]
        public static partial void Failed(ILogger logger, Exception exception, string function);

        [LoggerMessage(
            EventId = 1202,
            Level = LogLevel.Warning,
            Message = "No listing has completed since {Since:O}; {Function} planned one with {Windows} windows")]
        public static partial void Planned(ILogger logger, DateTimeOffset since, string function, int windows);
    }
}
