using System.Globalization;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace EightByEight;

/// <summary>Lets every attempt wait at the gate, and tells the gate of every 429.</summary>
internal sealed class GatePolicy(RequestGate gate, TimeProvider timeProvider) : HttpPipelinePolicy
{
    // A 429 without Retry-After says "slow down" all the same.
    private static readonly TimeSpan WithoutRetryAfter = TimeSpan.FromSeconds(1);

    // What a server could not mean: a date far off by a wrong clock must not stop the instance for a day.
    private static readonly TimeSpan LongestHold = TimeSpan.FromMinutes(10);

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        ProcessAsync(message, pipeline).AsTask().GetAwaiter().GetResult();

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        await gate.WaitAsync(message.CancellationToken);
        await ProcessNextAsync(message, pipeline);
        if (message.HasResponse && message.Response.Status == 429)
        {
            var retryAfter = RetryAfter(message.Response) ?? WithoutRetryAfter;
            gate.OnThrottled(retryAfter < LongestHold ? retryAfter : LongestHold);
        }
    }

    private TimeSpan? RetryAfter(Response response)
    {
        if (!response.Headers.TryGetValue("Retry-After", out var value))
        {
            return null;
        }

        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
        {
            return TimeSpan.FromSeconds(seconds);
        }

        return DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) && date > timeProvider.GetUtcNow()
            ? date - timeProvider.GetUtcNow()
            : null;
    }
}
