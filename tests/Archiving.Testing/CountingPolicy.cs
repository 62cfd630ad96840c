using System.Collections.Concurrent;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Archiving.Testing;

/// <summary>Keeps method and path of every request.</summary>
internal sealed class CountingPolicy(ConcurrentBag<string> requests) : HttpPipelineSynchronousPolicy
{
    public override void OnSendingRequest(HttpMessage message) => requests.Add($"{message.Request.Method} {message.Request.Uri.Path}");
}
