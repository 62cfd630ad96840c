using Azure.Core;
using Azure.Core.Pipeline;

namespace EightByEight;

/// <summary>A policy of a pipeline whose calls do not block. One that does block waits for the same work.</summary>
public abstract class AsyncPolicy : HttpPipelinePolicy
{
    /// <inheritdoc/>
    public sealed override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        ProcessAsync(message, pipeline).AsTask().GetAwaiter().GetResult();
}
