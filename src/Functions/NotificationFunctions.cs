using Archiving.Outages;
using Archiving.Settings;
using Microsoft.Azure.Functions.Worker;
using Operations.Drill;
using Operations.Notifications;

namespace Functions;

/// <summary>Says how it goes, and proves that what is archived can be restored.</summary>
public sealed class NotificationFunctions(TimerHandler timers, Notifier notifier, RestoreDrill drill, ScheduleOptions schedules, TimeProvider timeProvider)
{
    /// <summary>Posts the daily summary to the webhook, if there is one.</summary>
    [Function("SendSummary")]
    public Task SendSummaryAsync([TimerTrigger(TimerSchedules.Notifications)] TimerInfo timer, CancellationToken cancellationToken) =>
        timers.RunAsync("SendSummary", notifier.SendSummaryAsync, cancellationToken, failsOnOutage: true);

    /// <summary>Downloads objects and compares them, by <c>Drill__Schedule</c> or by hand.</summary>
    [Function("RestoreDrill")]
    public Task RestoreDrillAsync([TimerTrigger(TimerSchedules.Drill)] TimerInfo timer, CancellationToken cancellationToken) =>
        schedules.Drill is null && TimerSchedules.IsRareDay(timeProvider.GetUtcNow())
        ? Task.CompletedTask
        : timers.RunAsync("RestoreDrill", RunDrillAsync, cancellationToken, failsOnOutage: true);

    // Other objects each time; the seed is in the result.
    private Task RunDrillAsync(CancellationToken cancellationToken) =>
        drill.RunAsync(RestoreDrill.DefaultObjects, (int)(timeProvider.GetUtcNow().ToUnixTimeSeconds() % int.MaxValue), progress: null, cancellationToken);
}
