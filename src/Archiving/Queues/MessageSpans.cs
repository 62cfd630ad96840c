using System.Diagnostics;
using Archiving.Telemetry;

namespace Archiving.Queues;

/// <summary>The spans of sending and handling a message.</summary>
internal static class MessageSpans
{
    /// <summary>Begins to send an object. The span is to be disposed of once it is sent; the context is what the message carries.</summary>
    internal static (Activity? Span, string? TraceParent) StartSending(string queue, ObjectMessage message)
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
        var isItsOwn = current?.GetTagItem(Tags.ObjectId) as string == message.Id;
        if (!isItsOwn)
        {
            // One of many objects that a listing found: a trace of its own. Otherwise the source would take the current span for the parent.
            Activity.Current = null;
        }

        var span = Spans.Source
            .StartActivity($"{Spans.Send} {queue}", ActivityKind.Producer, parentContext: default, Describe(message), isItsOwn ? [] : LinkTo(current));
        if (span is null)
        {
            Activity.Current = current;
        }

        return (span, (span ?? (isItsOwn ? current : null))?.Id);
    }

    /// <summary>Begins to send a window, as part of what is under way.</summary>
    internal static (Activity? Span, string? TraceParent) StartSending(string queue, WindowMessage message)
    {
        if (message.TraceParent is { } present)
        {
            return (null, present);
        }

        var span = Spans.Source.StartActivity($"{Spans.Send} {queue}", ActivityKind.Producer, parentContext: default, Describe(message));
        return (span, span?.Id);
    }

    /// <summary>Begins to handle an object.</summary>
    internal static Activity? Start(string name, ObjectMessage message) => Start(name, message.TraceParent, Describe(message));

    /// <summary>Begins to handle a window.</summary>
    internal static Activity? Start(string name, WindowMessage message) => Start(name, message.TraceParent, Describe(message));

    private static Activity? Start(string name, string? traceParent, IEnumerable<KeyValuePair<string, object?>> tags) =>
        TraceContext.TryParse(traceParent, out var parent)
            ? Spans.Source.StartActivity(name, ActivityKind.Consumer, parent, tags, LinkTo(Activity.Current))
            : Spans.Source.StartActivity(name, ActivityKind.Consumer, parentContext: default, tags);

    private static ActivityLink[] LinkTo(Activity? other) => other is null ? [] : [new ActivityLink(other.Context)];

    private static KeyValuePair<string, object?>[] Describe(ObjectMessage message) =>
    [
        new(Tags.Region, message.Region),
        new(Tags.Type, message.Record?.Type ?? message.Type ?? "unknown"),
        new(Tags.ObjectId, message.Id),
    ];

    private static KeyValuePair<string, object?>[] Describe(WindowMessage message) =>
    [
        new(Tags.Region, message.Region),
        new(Tags.Kind, message.Kind.ToTag()),
    ];
}
