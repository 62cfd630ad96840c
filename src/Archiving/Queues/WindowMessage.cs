using System.Text.Json;
using System.Text.Json.Serialization;
using Archiving.Model;
using Archiving.Telemetry;

namespace Archiving.Queues;

/// <summary>A window to list: everything of a region whose time lies in <c>[From, To)</c>.</summary>
public sealed record WindowMessage : WorkMessage, IReadableMessage<WindowMessage>
{
    /// <summary>Start of the window.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>End of the window, which is not part of it.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>The time that the window is about.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    [JsonConverter(typeof(FieldConverter))]
    public TimeField Field { get; init; }

    /// <summary>What is to be done with what the window holds.</summary>
    public WindowKind Kind { get; init; }

    /// <summary>The object types to list; those of the settings when there are none.</summary>
    public IReadOnlyList<string>? Types { get; init; }

    /// <summary>Whether objects that wait already are queued again: the run before was given up, and its messages may be lost.</summary>
    public bool Resend { get; init; }

    /// <summary>Whether the window is only to be cut into smaller ones: too many of them are planned to send all at once.</summary>
    public bool IsCut { get; init; }

    /// <summary>Whether the windows of its run and region that are not done are to be sent again, and nothing else.</summary>
    public bool IsResumed { get; init; }

    /// <summary>
    /// Whether it was sent before, by the run that was resumed or by an app that stopped: then what kept it from being listed may be on
    /// record.
    /// </summary>
    public bool IsSentAgain { get; init; }

    /// <summary>The run that the window is part of; <see langword="null"/> for a window by itself.</summary>
    public string? RunId { get; init; }

    /// <summary>Whether it is part of a listing's daily pass by <c>createdTime</c>.</summary>
    [JsonIgnore]
    public bool IsPass => this is { Kind: WindowKind.Listing, Field: TimeField.CreatedTime };

    /// <summary>Names this window in its run: the same window has the same name however often it is sent.</summary>
    [JsonIgnore]
    public override string Name => FormattableString.Invariant(
        $"{Region}|{From.UtcDateTime:yyyyMMddTHHmmss.fff}|{To.UtcDateTime:yyyyMMddTHHmmss.fff}{NameOfKind}{(IsCut ? "|cut" : "")}");

    /// <inheritdoc/>
    internal override WorkMessage PutBack => this with { IsSentAgain = true };

    /// <inheritdoc/>
    internal override KeyValuePair<string, object?>[] SpanTags => [new(Tags.Region, Region), new(Tags.Kind, Kind.ToTag())];

    private string NameOfKind => IsPass ? $"|{Field.ToName()}" : Kind == WindowKind.Listing ? "" : $"|{Kind}";

    /// <inheritdoc/>
    public override BinaryData ToJson() => BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(this, QueueJson.Default.WindowMessage));

    /// <inheritdoc/>
    public static WindowMessage Parse(BinaryData body)
    {
        WindowMessage? message;
        try
        {
            message = JsonSerializer.Deserialize(MessageBody.Decode(body).ToMemory().Span, QueueJson.Default.WindowMessage);
        }
        catch (JsonException exception)
        {
            throw new InvalidMessageException($"The message is not {{\"region\":…,\"from\":…,\"to\":…}}: {exception.Message}", exception);
        }

        return message switch
        {
            null or { Region: null or "" } => throw new InvalidMessageException("The message lacks \"region\"."),
            _ when message.To < message.From => throw new InvalidMessageException("The window's \"to\" is before its \"from\"."),
            _ => message,
        };
    }

    /// <summary>Writes the time as 8x8 names it. A message without it, from an earlier version, is about <c>updatedTime</c>.</summary>
    internal sealed class FieldConverter : JsonConverter<TimeField>
    {
        public override bool HandleNull => true;

        public override TimeField Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
            {
                throw new JsonException("\"field\" is no text.");
            }

            var name = reader.GetString();
            return name is null
                ? TimeField.UpdatedTime
                : TimeFields.Parse(name) ?? throw new InvalidMessageException($"The window's \"field\" is \"{name}\": expected updatedTime or createdTime.");
        }

        public override void Write(Utf8JsonWriter writer, TimeField value, JsonSerializerOptions options)
        {
            writer.WriteStringValue(value.ToName());
        }
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(CaseMessage))]
[JsonSerializable(typeof(WindowMessage))]
[JsonSerializable(typeof(PlanMessage))]
internal sealed partial class QueueJson : JsonSerializerContext;
