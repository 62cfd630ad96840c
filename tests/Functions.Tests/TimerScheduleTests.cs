using System.Reflection;
using System.Text.Json.Nodes;
using Archiving.Settings;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;

namespace Functions.Tests;

/// <summary>What the worker tells the host of its timers.</summary>
public sealed class TimerScheduleTests
{
    private static readonly ScheduleOptions Schedules = new()
    {
        TokenRefresh = "1 * * * * *",
        Listing = "2 * * * * *",
        Reconcile = "3 * * * * *",
        Verify = "4 * * * * *",
        Catalogue = "5 * * * * *",
        Notifications = "6 * * * * *",
        Drill = "7 * * * * *",
    };

    [Fact]
    public void Timers_get_a_schedule_or_a_setting_without_a_nested_name()
    {
        var timers = ReadTimers(Schedules);

        Assert.Contains("ListObjects: %ListingSchedule%", timers);
        Assert.Contains("BuildCatalogue: 5 * * * * *", timers);
        Assert.Contains("SendSummary: 6 * * * * *", timers);
        Assert.Contains("RestoreDrill: 7 * * * * *", timers);
        Assert.DoesNotContain(timers, timer => timer.Contains("__", StringComparison.Ordinal));
    }

    [Fact]
    public void Drill_without_a_schedule_is_due_in_leap_years_only() =>
        Assert.Contains("RestoreDrill: 0 0 5 29 2 *", ReadTimers(Schedules with { Drill = null }));

    /// <summary>Every timer function with its schedule, as the host gets it.</summary>
    private static List<string> ReadTimers(ScheduleOptions schedules)
    {
        var functions = (from type in typeof(TimerSchedules).Assembly.GetTypes()
                         from method in type.GetMethods()
                         let name = method.GetCustomAttribute<FunctionAttribute>()?.Name
                         let timer = method.GetParameters().Select(parameter => parameter.GetCustomAttribute<TimerTriggerAttribute>()).FirstOrDefault()
                         where name is not null && timer is not null
                         select (IFunctionMetadata)new DefaultFunctionMetadata
                         {
                             Name = name,
                             RawBindings = [new JsonObject { ["type"] = "timerTrigger", ["schedule"] = timer.Schedule }.ToJsonString()],
                         }).ToList();
        new TimerSchedules(schedules).Transform(functions);
        return functions.ConvertAll(function => $"{function.Name}: {JsonNode.Parse(function.RawBindings![0])!["schedule"]}");
    }
}
