using Azure.Core;
using Azure.Core.Pipeline;

namespace EightByEight;

/// <summary>Lets every attempt wait at the gate, and reports to it every 429 and every response after which no request is left.</summary>
internal sealed class GatePolicy(RequestGate gate, bool failsWhenRefused, TimeProvider timeProvider) : AsyncPolicy
{
    // A 429 without Retry-After says "slow down" all the same.
    private static readonly TimeSpan WithoutRetryAfter = TimeSpan.FromSeconds(1);

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        if (failsWhenRefused && gate.RefusedUntil - timeProvider.GetUtcNow() is { } wait && wait > ShortWaits.MaxWait)
        {
            throw new CloudStorageException(429, "8x8 asked to wait before the next request (429).", ServedResponse.Origin(message), false, wait);
        }

        await gate.WaitAsync(message.CancellationToken);
        await ProcessNextAsync(message, pipeline);
        if (!message.HasResponse)
        {
            return;
        }

        var now = timeProvider.GetUtcNow();
        var reset = RetryAfter.ReadReset(message.Response, now);
        var isRefusal = message.Response.Status == 429;
        var hold = isRefusal ? RetryAfter.Read(message.Response, now) ?? reset ?? WithoutRetryAfter : reset;
        if (hold is { } time)
        {
            gate.OnThrottled(time, isRefusal);
        }
    }
}
