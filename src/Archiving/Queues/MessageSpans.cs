using System.Diagnostics;
using Archiving.Telemetry;

namespace Archiving.Queues;

/// <summary>The spans of sending and handling a message.</summary>
internal static class MessageSpans
{
    /// <summary>Begins to send a message. The span is to be disposed of once it is sent; the context is what the message carries.</summary>
    internal static (Activity? Span, string? TraceParent) StartSending(string queue, WorkMessage message)
    {
        if (message.TraceParent is { } present)
        {
            // Deferred, or to be checked again later: it keeps its parent, and the trace stays flat.
            return (null, present);
        }

        if (!Spans.Source.HasListeners())
        {
            return (null, null);
        }

        var current = Activity.Current;
        var beginsTrace = message.TracedObject is { } id && current?.GetTagItem(Tags.ObjectId) as string != id;
        if (beginsTrace)
        {
            // One of many objects that a listing found: a trace of its own. Otherwise the source would take the current span for the parent.
            Activity.Current = null;
        }

        var span = Spans.Source.StartActivity(
            $"{Spans.Send} {queue}",
            ActivityKind.Producer,
            parentContext: default,
            message.SpanTags,
            beginsTrace ? LinkTo(current) : []);
        if (span is null)
        {
            Activity.Current = current;
        }

        return (span, (span ?? (beginsTrace ? null : current))?.Id);
    }

    /// <summary>Begins to handle a message.</summary>
    internal static Activity? Start(string name, WorkMessage message) =>
        TraceContext.TryParse(message.TraceParent, out var parent)
            ? Spans.Source.StartActivity(name, ActivityKind.Consumer, parent, message.SpanTags, LinkTo(Activity.Current))
            : Spans.Source.StartActivity(name, ActivityKind.Consumer, parentContext: default, message.SpanTags);

    private static ActivityLink[] LinkTo(Activity? other) => other is null ? [] : [new ActivityLink(other.Context)];
}
