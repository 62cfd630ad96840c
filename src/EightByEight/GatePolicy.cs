using System.Globalization;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace EightByEight;

/// <summary>Lets every attempt wait at the gate, reports every 429 to the gate, and ends a call that would have to wait long.</summary>
internal sealed class GatePolicy(RequestGate gate, TimeProvider timeProvider) : HttpPipelinePolicy
{
    // A 429 without Retry-After says "slow down" all the same.
    private static readonly TimeSpan WithoutRetryAfter = TimeSpan.FromSeconds(1);

    // Longer waits are not plausible: a date that a wrong clock produced must not stop the instance for a day.
    private static readonly TimeSpan LongestHold = TimeSpan.FromMinutes(10);

    // The retry policy would wait as long as Retry-After says, and the time limit of the function includes that wait.
    internal static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        ProcessAsync(message, pipeline).AsTask().GetAwaiter().GetResult();

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        await gate.WaitAsync(message.CancellationToken);
        await ProcessNextAsync(message, pipeline);
        if (message.HasResponse && message.Response.Status is 429 or 503)
        {
            var asked = RetryAfter(message.Response, timeProvider.GetUtcNow());
            if (message.Response.Status == 429)
            {
                var retryAfter = asked ?? WithoutRetryAfter;
                gate.OnThrottled(retryAfter < LongestHold ? retryAfter : LongestHold);
            }

            if (asked > LongestWait)
            {
                throw new RequestFailedException(message.Response.Status, string.Create(CultureInfo.InvariantCulture, $"8x8 asks to come back in {asked.Value.TotalSeconds:0} seconds ({message.Response.Status})."));
            }
        }
    }

    internal static TimeSpan? RetryAfter(Response response, DateTimeOffset now)
    {
        if (!response.Headers.TryGetValue("Retry-After", out var value))
        {
            return null;
        }

        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
        {
            return TimeSpan.FromSeconds(seconds);
        }

        return DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) && date > now
            ? date - now
            : null;
    }
}
