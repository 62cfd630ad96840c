using LocalHost.Queues;

namespace LocalHost.Tests;

public sealed class PollingDelayTests
{
    [Fact]
    public void Backs_off_exponentially_up_to_its_cap_and_begins_anew_after_a_message()
    {
#pragma warning disable CA5394 // A seed makes the jitter repeatable.
        var delay = new PollingDelay(TimeSpan.FromSeconds(10), new Random(7));
#pragma warning restore CA5394
        var waits = Enumerable.Range(0, 40).Select(_ => delay.Next()).ToList();

        Assert.InRange(waits[0].TotalMilliseconds, 100, 120);
        Assert.All(waits.Take(6).Zip(waits.Skip(1)), pair => Assert.True(pair.Second > pair.First, $"{pair.First} then {pair.Second}"));
        Assert.All(waits.Skip(8), wait => Assert.Equal(TimeSpan.FromSeconds(10), wait));
        delay.Reset();
        Assert.InRange(delay.Next().TotalMilliseconds, 100, 120);
    }
}
