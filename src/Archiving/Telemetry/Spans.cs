using System.Diagnostics;
using Archiving.Queues;

namespace Archiving.Telemetry;

/// <summary>
/// The spans of the archiver, and how they hang together across queues; docs/telemetry.md is the reference. The life of
/// an object is one trace, from the listing that found it to its receipt: each message carries the context that its
/// handler goes on in. Thousands of objects that one listing found are as many traces, each linked to the listing.
/// </summary>
public static class Spans
{
    /// <summary>Name of the source of spans, and of the meter.</summary>
    public const string SourceName = "Archiving";

    /// <summary>A message is sent; the queue's name follows.</summary>
    public const string Send = "send";

    /// <summary>A window is listed.</summary>
    public const string ListWindow = "list window";

    /// <summary>An object is archived.</summary>
    public const string ArchiveObject = "archive object";

    /// <summary>An object in cold storage is looked after.</summary>
    public const string RestoreObject = "restore object";

    /// <summary>An archived object is read again.</summary>
    public const string VerifyObject = "verify object";

    /// <summary>An archived object is deleted at 8x8.</summary>
    public const string PurgeObject = "purge object";

    /// <summary>A message that failed too often is recorded.</summary>
    public const string RecordFailure = "record failure";

    internal static ActivitySource Source { get; } = new(SourceName);

    /// <summary>Begins to send an object. The span is to be disposed of once it is sent; the context is what the message carries.</summary>
    internal static (Activity? Span, string? TraceParent) StartSending(string queue, ObjectMessage message)
    {
        if (message.TraceParent is { } present)
        {
            // Put off, or to be looked at again later: it stays where it is in its trace, and the trace stays flat.
            return (null, present);
        }

        if (!Source.HasListeners())
        {
            return (null, null);
        }

        var current = Activity.Current;
        var isItsOwn = current?.GetTagItem(Tags.ObjectId) as string == message.Id;
        if (!isItsOwn)
        {
            // Found by something that finds many: a trace of its own. The source would else take whatever is under way for the parent.
            Activity.Current = null;
        }

        var span = Source.StartActivity($"{Send} {queue}", ActivityKind.Producer, parentContext: default, Describe(message), isItsOwn ? [] : LinkTo(current));
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

        var span = Source.StartActivity($"{Send} {queue}", ActivityKind.Producer, parentContext: default, Describe(message));
        return (span, span?.Id);
    }

    /// <summary>Begins to handle an object.</summary>
    internal static Activity? Start(string name, ObjectMessage message) => Start(name, message.TraceParent, Describe(message));

    /// <summary>Begins to handle a window.</summary>
    internal static Activity? Start(string name, WindowMessage message) => Start(name, message.TraceParent, Describe(message));

    /// <summary>Marks a span as failed. What was said of it stays out: that can quote what others wrote.</summary>
    internal static void Fail(this Activity span, string errorType)
    {
        span.SetTag(Tags.ErrorType, errorType);
        span.SetStatus(ActivityStatusCode.Error);
    }

    private static Activity? Start(string name, string? traceParent, IEnumerable<KeyValuePair<string, object?>> tags) =>
        TraceContext.TryParse(traceParent, out var parent)
            ? Source.StartActivity(name, ActivityKind.Consumer, parent, tags, LinkTo(Activity.Current))
            : Source.StartActivity(name, ActivityKind.Consumer, parentContext: default, tags);

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
