using Azure.Core;
using Azure.Core.Pipeline;

namespace Archiving.Testing;

/// <summary>Sends each write of a row as it was read twice, as the client does when the first answer is lost.</summary>
internal sealed class LostAnswers(string row) : HttpPipelinePolicy
{
    /// <summary>How many it sent twice.</summary>
    public int Count { get; private set; }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => ProcessNext(message, pipeline);

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var isConditional = message.Request.Headers.TryGetValue("If-Match", out var tag) && tag != "*";
        if (isConditional && Uri.UnescapeDataString(message.Request.Uri.Path).Contains(row, StringComparison.Ordinal))
        {
            await ProcessNextAsync(message, pipeline);
            Count++;
        }

        await ProcessNextAsync(message, pipeline);
    }
}
