using LocalHost.Functions;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;

namespace LocalHost.Timers;

/// <summary>Fires one function by its schedule. Its runs never overlap.</summary>
internal sealed partial class TimerListener(
    FunctionDescriptor function,
    TimerSchedule schedule,
    ScheduleMonitor monitor,
    FunctionInvoker invoker,
    TimeProvider timeProvider,
    ILogger<TimerListener> logger)
{
    private static readonly TimeSpan ShortestMonitored = TimeSpan.FromMinutes(1);

    // The clock can be stepped while the host waits, so it looks at it now and then.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly TimerTriggerAttribute _trigger = (TimerTriggerAttribute)function.Trigger;

    /// <summary>Fires until stopped, then waits for the run under way; it is cancelled after <paramref name="abandon"/>.</summary>
    public async Task RunAsync(CancellationToken stop, CancellationToken abandon)
    {
        var isMonitored = _trigger.UseMonitor && !RunsMoreThanOnceAMinute();
        var status = isMonitored ? await ReadStatusAsync(stop) : null;
        var now = timeProvider.GetUtcNow();
        var isPastDue = status is not null && status.Next != default && now > Utc(status.Next);
        if (isPastDue || _trigger.RunOnStartup)
        {
            status = await FireAsync(status, isMonitored, isPastDue, now, abandon);
        }

        // Ticks that pass while a run lasts are skipped, as the Functions host does: its runs never overlap, nor pile up.
        while (!stop.IsCancellationRequested)
        {
            var next = schedule.Next(timeProvider.GetUtcNow());
            try
            {
                await WaitUntilAsync(next, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }

            status = await FireAsync(status, isMonitored, isPastDue: false, next, abandon);
        }
    }

    /// <summary>Fires now, by hand.</summary>
    public Task FireAsync(CancellationToken cancellationToken) =>
        InvokeAsync(new TimerInfo(), "This function was programmatically called via the host APIs.", cancellationToken);

    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc), TimeSpan.Zero);

    private bool RunsMoreThanOnceAMinute()
    {
        var first = schedule.Next(timeProvider.GetUtcNow());
        return schedule.Next(first) - first < ShortestMonitored;
    }

    private async Task WaitUntilAsync(DateTimeOffset next, CancellationToken stop)
    {
        while (next - timeProvider.GetUtcNow() is var wait && wait > TimeSpan.Zero)
        {
            await Task.Delay(wait < LongestWait ? wait : LongestWait, timeProvider, stop);
        }
    }

    private async Task<ScheduleStatus?> FireAsync(ScheduleStatus? status, bool isMonitored, bool isPastDue, DateTimeOffset due, CancellationToken abandon)
    {
        var started = timeProvider.GetUtcNow();
        if (isMonitored)
        {
            status ??= new ScheduleStatus { Next = due.UtcDateTime };
        }

        try
        {
            await InvokeAsync(
                new TimerInfo { IsPastDue = isPastDue, ScheduleStatus = status },
                $"Timer fired at {started:O}",
                abandon);
        }
        catch (Exception)
        {
            // Logged by the invoker. The next tick is another try.
        }

        if (!isMonitored)
        {
            return null;
        }

        status = new ScheduleStatus { Last = started.UtcDateTime, Next = schedule.Next(started).UtcDateTime, LastUpdated = started.UtcDateTime };
        try
        {
            await monitor.WriteAsync(function.Name, status, abandon);
        }
        catch (Exception exception) when (StorageAccounts.IsTrouble(exception) || exception is OperationCanceledException)
        {
            Log.StatusNotWritten(logger, function.Name, exception.Message.Split('\n')[0]);
        }

        return status;
    }

    private async Task<ScheduleStatus?> ReadStatusAsync(CancellationToken stop)
    {
        try
        {
            return await monitor.ReadAsync(function.Name, stop);
        }
        catch (Exception exception) when (StorageAccounts.IsTrouble(exception))
        {
            Log.StatusNotRead(logger, function.Name, exception.Message.Split('\n')[0]);
            return null;
        }
    }

    private Task InvokeAsync(TimerInfo timer, string reason, CancellationToken cancellationToken) =>
        invoker.InvokeAsync(new Invocation(function, timer, new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase), cancellationToken), reason);

    private static partial class Log
    {
        [LoggerMessage(EventId = 30, Level = LogLevel.Warning, Message = "The schedule status of '{Function}' could not be read: {Error}")]
        public static partial void StatusNotRead(ILogger logger, string function, string error);

        [LoggerMessage(EventId = 31, Level = LogLevel.Warning, Message = "The schedule status of '{Function}' could not be written: {Error}")]
        public static partial void StatusNotWritten(ILogger logger, string function, string error);
    }
}
