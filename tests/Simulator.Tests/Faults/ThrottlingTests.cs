using System.Globalization;
using System.Net;
using Simulator.Faults;
using Simulator.Objects;

namespace Simulator.Tests;

/// <summary>Whether a client comes before the time that a 429 named.</summary>
public sealed class ThrottlingTests : SimulatorTest
{
    [Fact]
    public async Task Counts_a_call_for_an_object_that_was_throttled_until_its_time_has_passed()
    {
        var item = Add();
        await ThrottleAsync(item, seconds: 2);

        Assert.Equal(1, await CountAsync(item));
        Time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.Equal(2, await CountAsync(item));
        Time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(2, await CountAsync(item));
    }

    [Fact]
    public async Task Counts_other_calls_once_they_cannot_have_been_on_their_way()
    {
        var item = Add();
        await ThrottleAsync(Add(), seconds: 2);

        Time.Advance(TimeSpan.FromSeconds(0.4));
        Assert.Equal(0, await CountAsync(item));
        Time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(1, await CountAsync(item));
        Time.Advance(TimeSpan.FromSeconds(1.4));
        Assert.Equal(1, await CountAsync(item));
    }

    private async Task ThrottleAsync(SimulatedObject item, int seconds)
    {
        Server.Faults.Set(new FaultRule { Kind = FaultKind.Status, Status = 429, RetryAfter = seconds.ToString(CultureInfo.InvariantCulture), First = 1 });
        Assert.Equal(HttpStatusCode.TooManyRequests, await ReadAsync(item));
    }

    /// <summary>Reads the object and tells how many calls came too early.</summary>
    private async Task<long> CountAsync(SimulatedObject item)
    {
        Assert.Equal(HttpStatusCode.OK, await ReadAsync(item));
        return Server.Counters["insideRetryAfter"];
    }

    private Task<HttpStatusCode> ReadAsync(SimulatedObject item) => StatusAsync(HttpMethod.Get, $"/storage/{item.Region}/v3/objects/{item.Id}/content");
}
