using System.Diagnostics.Metrics;
using System.Globalization;
using Archiving.Model;
using Archiving.Outages;
using Operations.Status;
using Testing;

namespace Operations.Tests;

/// <summary>A timer function that silently stops is found.</summary>
public sealed class OverdueTimerTests(AzuriteFixture azurite)
{
    private static readonly TimeSpan Pause = TimeSpan.FromHours(18);

    // Verification and purge are due each hour, the reconcile in a month.
    private static readonly (string, string)[] Settings =
    [
        ("VerifySchedule", "0 0 * * * *"),
        ("ReconcileSchedule", TimeProvider.System.GetUtcNow().AddDays(30).UtcDateTime.ToString("'0 0 0 'd' 'M' *'", CultureInfo.InvariantCulture)),
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Overdue_timers_count_from_when_their_work_was_due_and_a_fresh_app_has_none()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: Settings);

        var fresh = await pipeline.Get<OverdueTimers>().ReadAsync(Cancellation);
        time.Advance(Pause);
        var overdue = await pipeline.Get<OverdueTimers>().ReadAsync(Cancellation);

        Assert.Equal(["PlanPurge", "Reconcile", "VerifyArchive"], fresh.Keys.Order(StringComparer.Ordinal));
        Assert.All(fresh.Values, since => Assert.Equal(TimeSpan.Zero, since));
        Assert.Equal(TimeSpan.Zero, overdue["Reconcile"]);
        Assert.InRange(overdue["VerifyArchive"], Pause - TimeSpan.FromHours(1), Pause + TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task Overdue_timers_forget_what_was_finished_and_keep_what_met_an_outage()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: Settings);
        await pipeline.Get<OverdueTimers>().ReadAsync(Cancellation);
        time.Advance(Pause);

        await pipeline.Get<TimerHandler>().RunAsync("VerifyArchive", _ => Task.CompletedTask, Cancellation);
        await pipeline.Get<TimerHandler>().RunAsync("PlanPurge", _ => throw new OutageException(Condition.Source, "down"), Cancellation);
        var overdue = await pipeline.Get<OverdueTimers>().ReadAsync(Cancellation);

        Assert.InRange(overdue["VerifyArchive"], TimeSpan.Zero, TimeSpan.FromMinutes(5));
        Assert.InRange(overdue["PlanPurge"], Pause - TimeSpan.FromHours(1), Pause + TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task Overdue_timers_have_the_restore_drill_where_it_has_a_schedule()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: [.. Settings, ("Drill__Schedule", "0 0 * * * *")]);

        Assert.Equal(TimeSpan.Zero, (await pipeline.Get<OverdueTimers>().ReadAsync(Cancellation))["RestoreDrill"]);
        time.Advance(Pause);

        Assert.InRange(
            (await pipeline.Get<OverdueTimers>().ReadAsync(Cancellation))["RestoreDrill"],
            Pause - TimeSpan.FromHours(1),
            Pause + TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task Overdue_timers_are_a_gauge_by_function()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: Settings);
        using var metrics = new MetricCapture(pipeline.Get<IMeterFactory>());
        await pipeline.Get<StatusHistory>().SampleAsync(Cancellation);
        time.Advance(Pause);
        await pipeline.Get<StatusHistory>().SampleAsync(Cancellation);

        var shown = metrics.Observe().Where(measured => measured.Name == "archiving.status.timer.overdue").ToDictionary(
            measured => measured.Tags,
            measured => measured.Value,
            StringComparer.Ordinal);

        Assert.Equal(0, shown["function=Reconcile"]);
        Assert.InRange(shown["function=PlanPurge"], 17 * 3600, (18 * 3600) + 300);
    }
}
