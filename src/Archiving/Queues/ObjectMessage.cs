using System.Buffers;
using System.Globalization;
using System.Text.Json;
using EightByEight;

namespace Archiving.Queues;

/// <summary>
/// An object to handle. The message carries the object's record when it fits, so that archiving needs no call for it;
/// a message with only <c>region</c> and <c>id</c> is as good.
/// </summary>
public sealed record ObjectMessage
{
    // A message ends at 64 KiB, of which Base64 takes a quarter (Azure Queue Storage, Put Message).
    private const int LargestBody = 48 * 1024;

    /// <summary>8x8's region.</summary>
    public required string Region { get; init; }

    /// <summary>8x8's id.</summary>
    public required string Id { get; init; }

    /// <summary>The record as it was when the message was made; <see langword="null"/> when it did not fit.</summary>
    public StorageObject? Record { get; init; }

    /// <summary>The run that queued it; <see langword="null"/> when none did.</summary>
    public string? RunId { get; init; }

    /// <summary>How often work on it was put off because of an outage.</summary>
    public int Deferrals { get; init; }

    /// <summary>When a restore was first asked for.</summary>
    public DateTimeOffset? RestoreRequestedAt { get; init; }

    /// <summary>Writes the message as JSON.</summary>
    public BinaryData ToJson()
    {
        var body = Write(Record);
        return body.ToMemory().Length <= LargestBody ? body : Write(record: null);
    }

    /// <summary>Reads a message.</summary>
    /// <exception cref="InvalidMessageException">It is not JSON, or lacks region or id.</exception>
    public static ObjectMessage Parse(BinaryData body)
    {
        ArgumentNullException.ThrowIfNull(body);
        try
        {
            using var json = JsonDocument.Parse(body.ToMemory());
            var root = json.RootElement;
            return new ObjectMessage
            {
                Region = Required(root, "region"),
                Id = Required(root, "id"),
                Record = root.TryGetProperty("record", out var record) && record.ValueKind == JsonValueKind.Object
                    ? StorageObject.Parse(BinaryData.FromString(record.GetRawText()))
                    : null,
                RunId = root.TryGetProperty("runId", out var runId) ? runId.GetString() : null,
                Deferrals = root.TryGetProperty("deferrals", out var deferrals) && deferrals.TryGetInt32(out var count) ? count : 0,
                RestoreRequestedAt = root.TryGetProperty("restoreRequestedAt", out var requested)
                    && DateTimeOffset.TryParse(requested.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
                        ? at
                        : null,
            };
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException)
        {
            throw new InvalidMessageException($"The message is not {{\"region\":…,\"id\":…}}: {exception.Message}", exception);
        }
    }

    private static string Required(JsonElement root, string name) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
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

            if (Deferrals > 0)
            {
                json.WriteNumber("deferrals"u8, Deferrals);
            }

            if (RestoreRequestedAt is { } requested)
            {
                json.WriteString("restoreRequestedAt"u8, requested.UtcDateTime);
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
