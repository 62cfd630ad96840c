using Azure;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Tests;

/// <summary>How long the gate holds requests after what 8x8 says.</summary>
public sealed class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("12", 12)]
    [InlineData("12.5", 13)]
    [InlineData("30.0", 30)]
    [InlineData(" 30 ", 30)]
    [InlineData("+30", 30)]
    [InlineData("30s", 30)]
    [InlineData("5, 40", 40)]
    [InlineData("0", 0)]
    [InlineData("Wed, 25 Nov 2026 12:00:42 GMT", 42)]
    [InlineData("Wednesday, 25-Nov-26 12:00:42 GMT", 42)]
    [InlineData("-5", 1)]
    [InlineData("Wed, 25 Nov 2026 11:00:00 GMT", 1)]
    [InlineData("soon", 1)]
    [InlineData("", 1)]
    [InlineData("601", 600)]
    [InlineData("9999999999", 600)]
    [InlineData("99999999999999999999999999999999999999", 600)]
    [InlineData("Fri, 25 Nov 2033 12:00:00 GMT", 600)]
    public async Task Client_reads_retry_after_in_every_form_and_holds_for_ten_minutes_at_most(string value, int seconds)
    {
        Assert.Equal([TimeSpan.FromSeconds(seconds)], await HoldsAsync(429, ("Retry-After", value)));
    }

    [Fact]
    public async Task Client_distinguishes_its_clock_from_that_of_the_server()
    {
        Assert.Equal(
            [TimeSpan.FromSeconds(20)],
            await HoldsAsync(429, ("Retry-After", "Wed, 25 Nov 2026 08:00:20 GMT"), ("Date", "Wed, 25 Nov 2026 08:00:00 GMT")));
    }

    [Theory]
    [InlineData("x-ratelimit-", "20", 20)]
    [InlineData("x-ratelimit-", "19.2", 20)]
    [InlineData("x-ratelimit-", "1795608020", 20)]
    [InlineData("x-ratelimit-", "1795608020000", 20)]
    [InlineData("x-ratelimit-", "2026-11-25T12:00:20Z", 20)]
    [InlineData("x-ratelimit-", "Wed, 25 Nov 2026 12:00:20 GMT", 20)]
    [InlineData("x-ratelimit-", "3600", 60)]
    [InlineData("x-ratelimit-", "1895608020", 60)]
    [InlineData("X-RateLimit-", "20", 20)]
    [InlineData("X-Rate-Limit-", "20", 20)]
    [InlineData("RateLimit-", "20, 20;w=60", 20)]
    public async Task Client_slows_down_when_no_request_is_left(string prefix, string reset, int seconds)
    {
        Assert.Equal([TimeSpan.FromSeconds(seconds)], await HoldsAsync(200, (prefix + "Remaining", "0"), (prefix + "Reset", reset)));
    }

    [Theory]
    [InlineData("1", "20")]
    [InlineData("0", "-20")]
    [InlineData("0", "soon")]
    [InlineData("0", "1795607000")]
    [InlineData("none", "20")]
    public async Task Client_slows_down_for_nothing_else(string remaining, string reset)
    {
        Assert.Empty(await HoldsAsync(200, ("x-ratelimit-remaining", remaining), ("x-ratelimit-reset", reset)));
    }

    [Fact]
    public async Task Client_prefers_retry_after_to_a_reset()
    {
        Assert.Equal([TimeSpan.FromSeconds(5)], await HoldsAsync(429, ("Retry-After", "5"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "50")));
        Assert.Equal([TimeSpan.FromSeconds(50)], await HoldsAsync(429, ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "50")));
    }

    [Theory]
    [InlineData(429, "60.5")]
    [InlineData(500, "3600")]
    [InlineData(503, "99999999999999")]
    [InlineData(503, "Fri, 25 Nov 2033 12:00:00 GMT")]
    public async Task Client_ends_a_call_that_would_have_to_wait_long(int status, string value)
    {
        var server = new StubServer().Answers(status, "", "text/plain", ("Retry-After", value));

        var call = server.CreateClient().GetRegionsAsync("uk", Cancellation);
        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => call.WaitAsync(TimeSpan.FromSeconds(20), Cancellation));

        Assert.Equal(status, exception.Status);
        Assert.Contains("asks to come back in", exception.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData("0.3")]
    [InlineData("1.0")]
    public async Task Client_waits_for_a_broken_number_of_seconds(string value)
    {
        // Azure.Core alone would take it for a day and a month.
        var server = new StubServer().Answers(503, "", "text/plain", ("Retry-After", value)).Answers(200, """["uk"]""");
        var started = TimeProvider.System.GetTimestamp();

        await server.CreateClient().GetRegionsAsync("uk", Cancellation).WaitAsync(TimeSpan.FromSeconds(20), Cancellation);

        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 0.9, 15);
    }

    private static async Task<IReadOnlyList<TimeSpan>> HoldsAsync(int status, params (string Name, string Value)[] headers)
    {
        var gate = new RecordingGate();
        var server = new StubServer().Answers(status, """["uk"]""", "application/json", headers);
        var client = server.CreateClient(configure: options =>
        {
            options.Gate = gate;
            options.TimeProvider = new FakeTimeProvider(Now);
            options.Retry.MaxRetries = 0;
        });
        try
        {
            await client.GetRegionsAsync("uk", Cancellation);
        }
        catch (RequestFailedException exception) when (exception.Status == status)
        {
            // What matters is what the gate was told.
        }

        return gate.Holds;
    }

    private sealed class RecordingGate : RequestGate
    {
        public List<TimeSpan> Holds { get; } = [];

        public override ValueTask WaitAsync(CancellationToken cancellationToken) => default;

        public override DateTimeOffset HeldUntil => DateTimeOffset.MinValue;

        public override DateTimeOffset? RefusedUntil => null;

        public override void OnThrottled(TimeSpan retryAfter, bool isRefusal) => Holds.Add(retryAfter);
    }
}
