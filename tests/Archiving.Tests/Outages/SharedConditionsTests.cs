using Archiving.Model;
using Archiving.Outages;
using Testing;

namespace Archiving.Tests;

/// <summary>Outages that all instances know of.</summary>
public sealed class SharedConditionsTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Shared_conditions_hold_what_an_instance_reports_again_after_another_one_cleared_it()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var (one, other) = (pipeline.Create<SharedConditions>(), pipeline.Create<SharedConditions>());
        var outage = new OutageException(Condition.Integrity, "Damaged.");

        await one.ReportAsync(outage, Cancellation);
        await other.ClearAsync(Condition.Integrity, Cancellation);
        await one.ReportAsync(outage, Cancellation);

        Assert.Equal("Damaged.", (await other.ReadAsync(Cancellation))[Condition.Integrity]);
    }

    [Fact]
    public async Task Shared_conditions_are_cleared_again_when_another_instance_reported_since()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        var (one, other) = (pipeline.Create<SharedConditions>(), pipeline.Create<SharedConditions>());

        await one.ClearAsync(Condition.Purge, Cancellation);
        await other.ReportAsync(new OutageException(Condition.Purge, "Refused."), Cancellation);
        time.Advance(TimeSpan.FromMinutes(1));
        await one.ClearAsync(Condition.Purge, Cancellation);

        Assert.Empty(await other.ReadAsync(Cancellation));
    }
}
