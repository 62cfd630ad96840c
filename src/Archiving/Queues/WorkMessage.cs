using System.Text.Json.Serialization;
using Archiving.Telemetry;

namespace Archiving.Queues;

/// <summary>What the messages of all work queues have in common.</summary>
public abstract record WorkMessage
{
    /// <summary>8x8's region.</summary>
    [JsonPropertyOrder(-1)]
    public required string Region { get; init; }

    /// <summary>How often work on it was deferred because of an outage.</summary>
    public int Deferrals { get; init; }

    /// <summary>The context that the handler's span continues (W3C Trace Context); <see langword="null"/> when nothing is traced.</summary>
    [JsonPropertyName("traceparent")]
    [JsonConverter(typeof(TraceContext.Converter))]
    public string? TraceParent { get; init; }

    /// <summary>What the message is about, in logs.</summary>
    [JsonIgnore]
    public abstract string Name { get; }

    /// <summary>What is put back into the queue when the app stops before the work is done.</summary>
    internal virtual WorkMessage PutBack => this;

    /// <summary>The tags of its spans.</summary>
    internal abstract KeyValuePair<string, object?>[] SpanTags { get; }

    /// <summary>The object whose trace the message belongs to; <see langword="null"/> for one that belongs to what sends it.</summary>
    internal virtual string? TracedObject => null;

    /// <summary>Writes the message as JSON.</summary>
    public abstract BinaryData ToJson();
}

/// <summary>A message that can be read from a queue.</summary>
/// <typeparam name="TSelf">The message.</typeparam>
public interface IReadableMessage<TSelf>
    where TSelf : WorkMessage
{
    /// <summary>Reads a message, in Base64 or plain JSON.</summary>
    /// <exception cref="Model.InvalidMessageException">It is not JSON, lacks what it must name, or makes no sense.</exception>
    static abstract TSelf Parse(BinaryData body);
}
