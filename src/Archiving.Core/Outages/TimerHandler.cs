using Archiving.Model;
using Microsoft.Extensions.Logging;

namespace Archiving.Outages;

/// <summary>Runs the work of a timer function, and decides what the Functions host learns of its end.</summary>
public sealed partial class TimerHandler(WorkTimeout timeout, TimerRuns runs, HealthBoard health, ILogger<TimerHandler> logger)
{
    /// <summary>
    /// Runs work that the next tick repeats: an outage is reported in the log and in health, and a stop of the app ends
    /// the work without an error.
    /// </summary>
    /// <param name="function">Name of the function.</param>
    /// <param name="work">The work.</param>
    /// <param name="cancellationToken">The host's token.</param>
    /// <param name="failsOnOutage">Whether an outage is thrown too, so that the host's log shows a failed run: for a
    /// schedule whose next tick is far away.</param>
    /// <exception cref="WorkTimeoutException">The work took too long.</exception>
    public async Task RunAsync(string function, Func<CancellationToken, Task> work, CancellationToken cancellationToken, bool failsOnOutage = false)
    {
        try
        {
            await timeout.RunAsync(function, work, cancellationToken);
            await runs.RecordAsync(function, cancellationToken);
        }
        catch (Exception exception) when (exception is not WorkTimeoutException && cancellationToken.IsCancellationRequested)
        {
            Log.Stopped(logger, function);
        }
        catch (OutageException outage)
        {
            health.Report(outage);
            if (failsOnOutage)
            {
                throw;
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1003,
            Level = LogLevel.Information,
            Message = "{Function} was cancelled because the app is stopping; it runs again at its next tick")]
        public static partial void Stopped(ILogger logger, string function);
    }
}
