using Azure.Core;
using Azure.Core.Pipeline;

namespace Archiving.Testing;

/// <summary>Does something once, before the first request that is meant.</summary>
internal sealed class RequestHook(Func<Request, bool> isMeant) : HttpPipelinePolicy
{
    /// <summary>What to do; <see langword="null"/> when it is done.</summary>
    public Func<Task>? Action { get; set; }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => ProcessNext(message, pipeline);

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        if (Action is { } action && isMeant(message.Request))
        {
            Action = null;
            await action();
        }

        await ProcessNextAsync(message, pipeline);
    }
}
