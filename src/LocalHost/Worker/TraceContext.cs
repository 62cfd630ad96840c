using System.Diagnostics;
using LocalHost.Worker.Protocol;
using Microsoft.AspNetCore.Http;

namespace LocalHost.Worker;

/// <summary>What the span of an invocation continues.</summary>
internal static class TraceContext
{
    /// <summary>
    /// The caller's context or none. This host's own spans are not recorded, and a worker that continues a span that is not
    /// recorded records nothing itself.
    /// </summary>
    public static RpcTraceContext Create(HttpRequest? request = null) => Activity.Current is { Recorded: true } activity
        ? new RpcTraceContext { TraceParent = activity.Id!, TraceState = activity.TraceStateString ?? "" }
        : new RpcTraceContext { TraceParent = request?.Headers.TraceParent.ToString() ?? "", TraceState = request?.Headers.TraceState.ToString() ?? "" };
}
