using System.Globalization;
using System.Net;
using Simulator.Faults;
using Simulator.Objects;

namespace Simulator.Tests;

/// <summary>Whether a client comes before the time that a 429 named.</summary>
public sealed class ThrottlingTests : SimulatorTest
{
    [Fact]
    public async Task Simulator_counts_a_call_for_an_object_that_was_throttled_until_its_time_has_passed()
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
    public async Task Simulator_counts_other_calls_once_they_cannot_have_been_on_their_way()
    {
        var item = Add();
        await ThrottleAsync(Add(), seconds: 3);

        Time.Advance(TimeSpan.FromSeconds(1.4));
        Assert.Equal(0, await CountAsync(item));
        Time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(1, await CountAsync(item));
        Time.Advance(TimeSpan.FromSeconds(1.4));
        Assert.Equal(1, await CountAsync(item));
    }

    [Theory]
    [InlineData("12.5")]
    [InlineData("Tue, 24 Nov 2026 12:00:30 GMT")]
    [InlineData("-5")]
    public async Task Simulator_gives_a_retry_after_of_any_form(string value)
    {
        var item = Add();
        Server.Faults.Set(new FaultRule { Kind = FaultKind.Status, Status = 429, RetryAfter = value });

        using var response = await Client.GetAsync(new Uri($"/storage/{item.Region}/v3/objects/{item.Id}", UriKind.Relative), Cancellation);

        Assert.Equal([value], response.Headers.GetValues("Retry-After"));
    }

    [Theory]
    [InlineData("seconds", "60", "30")]
    [InlineData("epoch", "1795521660", "1795521660")]
    public async Task Simulator_limits_calls_and_says_how_many_are_left(string reset, string first, string later)
    {
        var item = Add();
        Server.Faults.Set(new FaultRule { Kind = FaultKind.RateLimit, Limit = 2, Milliseconds = 60_000, Reset = reset });

        Assert.Equal((HttpStatusCode.OK, "1", first), await ReadLimitAsync(item));
        Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal((HttpStatusCode.OK, "0", later), await ReadLimitAsync(item));
        Assert.Equal((HttpStatusCode.TooManyRequests, "0", later), await ReadLimitAsync(item));
        Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(HttpStatusCode.OK, (await ReadLimitAsync(item)).Status);
    }

    [Fact]
    public async Task Simulator_adds_headers_to_a_good_answer()
    {
        var item = Add();
        var headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["x-ratelimit-remaining"] = "0" };
        Server.Faults.Set(new FaultRule { Kind = FaultKind.Headers, Headers = headers });

        var (status, remaining, _) = await ReadLimitAsync(item);

        Assert.Equal((HttpStatusCode.OK, "0"), (status, remaining));
    }

    private async Task<(HttpStatusCode Status, string? Remaining, string? Reset)> ReadLimitAsync(SimulatedObject item)
    {
        using var response = await Client.GetAsync(new Uri($"/storage/{item.Region}/v3/objects/{item.Id}", UriKind.Relative), Cancellation);
        string? Header(string name) => response.Headers.TryGetValues(name, out var values) ? values.Single() : null;
        return (response.StatusCode, Header("x-ratelimit-remaining"), Header("x-ratelimit-reset"));
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
