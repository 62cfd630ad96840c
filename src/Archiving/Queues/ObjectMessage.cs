using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Telemetry;
using EightByEight;

namespace Archiving.Queues;

/// <summary>
/// An object to handle. The message carries the object's record when it can, so that archiving needs no call for it;
/// a message with only <c>region</c> and <c>id</c> is as good.
/// </summary>
public sealed record ObjectMessage : WorkMessage, IReadableMessage<ObjectMessage>
{
    // A message ends at 64 KiB, of which Base64 takes a quarter (Azure Queue Storage, Put Message).
    private const int MaxBodyBytes = 48 * 1024;

    /// <summary>8x8's id.</summary>
    public required string Id { get; init; }

    /// <summary>The record as it was when the message was made; <see langword="null"/> when it did not fit or is no UTF-8.</summary>
    public StorageObject? Record { get; init; }

    /// <summary>The run that queued it; <see langword="null"/> when none did.</summary>
    public string? RunId { get; init; }

    /// <summary>Whether another message for the object may have been there: then what it asks for may be done.</summary>
    public bool IsSentAgain { get; init; }

    /// <summary>How often 8x8 listed the object and did not give its content.</summary>
    public int Waits { get; init; }

    /// <summary>When 8x8 first did not give it; <see langword="null"/> when that has not happened.</summary>
    public DateTimeOffset? WaitsSince { get; init; }

    /// <summary>Since when every look found the object in the state <c>PENDING</c>; <see langword="null"/> when none did.</summary>
    public DateTimeOffset? PendingSince { get; init; }

    /// <summary>How often every attempt at it ended with a crash of the process.</summary>
    public int Crashes { get; init; }

    /// <summary>
    /// Identifies the message that handles a restore among others about the same object; <see langword="null"/> for one that asks
    /// for a restore.
    /// </summary>
    public string? Ticket { get; init; }

    /// <summary>The object's type, where the message does not carry the record.</summary>
    public string? Type { get; init; }

    /// <summary>
    /// When the object was made, where the message does not carry the record: without it the place of its row is unknown until 8x8
    /// has been asked.
    /// </summary>
    public DateTimeOffset? CreatedTime { get; init; }

    /// <summary>The record, or the little that the message says of it.</summary>
    public StorageObject KnownRecord =>
        Record ?? StorageObject.Parse(BinaryData.FromObjectAsJson(new { id = Id, type = Type, createdTime = CreatedTime?.UtcDateTime }));

    /// <inheritdoc/>
    public override string Name => $"{Region}/{Id}";

    // An earlier delivery may have archived it and crashed before it could record it: then it is not read from 8x8 again.
    /// <inheritdoc/>
    internal override WorkMessage PutBack => this with { IsSentAgain = true };

    /// <inheritdoc/>
    internal override KeyValuePair<string, object?>[] SpanTags =>
    [
        new(Tags.Region, Region),
        new(Tags.Type, Record?.Type ?? Type ?? "unknown"),
        new(Tags.ObjectId, Id),
    ];

    /// <inheritdoc/>
    internal override string TracedObject => Id;

    /// <summary>A message about the object of a row, whose record 8x8 is asked for when it is handled.</summary>
    public static ObjectMessage About(LedgerEntry entry) => new() { Region = entry.Region, Id = entry.Id, Type = entry.Type, CreatedTime = entry.CreatedTime };

    /// <inheritdoc/>
    public override BinaryData ToJson()
    {
        var body = Write(Record);

        // The Functions host hands a message on as text, in which bytes that are no UTF-8 would become other ones.
        return body.ToMemory().Length <= MaxBodyBytes && Utf8.IsValid(body.ToMemory().Span)
            ? body
            : (this with { Type = Record!.Type, CreatedTime = LedgerKey.CreatedTime(Record) }).Write(record: null);
    }

    /// <inheritdoc/>
    public static ObjectMessage Parse(BinaryData body)
    {
        ArgumentNullException.ThrowIfNull(body);
        try
        {
            using var json = JsonDocument.Parse(MessageBody.Decode(body).ToMemory());
            var root = json.RootElement;
            return new ObjectMessage
            {
                Region = Required(root, "region"),
                Id = Required(root, "id"),
                Record = root.TryGetProperty("record", out var record) && record.ValueKind == JsonValueKind.Object
                    ? StorageObject.Parse(BinaryData.FromBytes(JsonMarshal.GetRawUtf8Value(record).ToArray()))
                    : null,
                RunId = root.TryGetProperty("runId", out var runId) ? runId.GetString() : null,
                IsSentAgain = root.TryGetProperty("sentAgain", out var sentAgain) && sentAgain.ValueKind == JsonValueKind.True,
                Deferrals = root.TryGetProperty("deferrals", out var deferrals) && deferrals.TryGetInt32(out var count) ? count : 0,
                Waits = root.TryGetProperty("waits", out var waits) && waits.TryGetInt32(out var waitCount) ? waitCount : 0,
                WaitsSince = ReadTime(root, "waitsSince"),
                PendingSince = ReadTime(root, "pendingSince"),
                Crashes = root.TryGetProperty("deaths", out var crashes) && crashes.TryGetInt32(out var crashCount) ? crashCount : 0,
                Ticket = root.TryGetProperty("ticket", out var ticket) ? ticket.GetString() : null,
                TraceParent = root.TryGetProperty("traceparent", out var trace) && trace.ValueKind == JsonValueKind.String
                    ? TraceContext.Read(trace.GetString())
                    : null,
                Type = root.TryGetProperty("type", out var type) ? type.GetString() : null,
                CreatedTime = ReadTime(root, "createdTime"),
            };
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException)
        {
            throw new InvalidMessageException($"The message is not {{\"region\":…,\"id\":…}}: {exception.Message}", exception);
        }
    }

    private static DateTimeOffset? ReadTime(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value)
            && DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : null;

    private static string Required(JsonElement root, string name) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            && value.GetString() is { Length: > 0 } text
            ? text
            : throw new InvalidMessageException($"The message lacks \"{name}\".");

    private BinaryData Write(StorageObject? record)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("region"u8, Region);
            json.WriteString("id"u8, Id);
            if (RunId is not null)
            {
                json.WriteString("runId"u8, RunId);
            }

            if (IsSentAgain)
            {
                json.WriteBoolean("sentAgain"u8, IsSentAgain);
            }

            if (Deferrals > 0)
            {
                json.WriteNumber("deferrals"u8, Deferrals);
            }

            if (Waits > 0)
            {
                json.WriteNumber("waits"u8, Waits);
            }

            if (WaitsSince is { } since)
            {
                json.WriteString("waitsSince"u8, since.UtcDateTime);
            }

            if (PendingSince is { } pending)
            {
                json.WriteString("pendingSince"u8, pending.UtcDateTime);
            }

            if (Crashes > 0)
            {
                // The field keeps its name: queues hold messages that earlier versions wrote.
                json.WriteNumber("deaths"u8, Crashes);
            }

            if (Ticket is not null)
            {
                json.WriteString("ticket"u8, Ticket);
            }

            if (TraceParent is not null)
            {
                json.WriteString("traceparent"u8, TraceParent);
            }

            if (Type is not null)
            {
                json.WriteString("type"u8, Type);
            }

            if (CreatedTime is { } created)
            {
                json.WriteString("createdTime"u8, created.UtcDateTime);
            }

            if (record is not null)
            {
                json.WritePropertyName("record"u8);
                json.WriteRawValue(record.Json.ToMemory().Span, skipInputValidation: true);
            }

            json.WriteEndObject();
        }

        return BinaryData.FromBytes(buffer.WrittenMemory);
    }
}
