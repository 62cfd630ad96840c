using System.Diagnostics;
using Azure.Core;
using Azure.Core.Pipeline;

namespace EightByEight;

/// <summary>
/// Keeps calls out of traces, because their spans would hold addresses, and traces out of calls, because 8x8 must not
/// receive the caller's trace ids. Both Azure.Core and the HTTP client would send a <c>traceparent</c>.
/// </summary>
internal sealed class UntracedPolicy : AsyncPolicy
{
    public static UntracedPolicy Instance { get; } = new();

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        // Within this call only: it is the caller's again as soon as this ends.
        Activity.Current = null;
        await ProcessNextAsync(message, pipeline);
    }
}
