using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using EightByEight;

namespace Archiving.Model;

/// <summary>
/// What proves that an object is archived: written last, beside the content. Its fields are part of the public contract.
/// </summary>
/// <param name="Region">8x8's region.</param>
/// <param name="Record">The record, exactly as 8x8 gave it.</param>
/// <param name="Blob">Name of the content blob in the container.</param>
/// <param name="Bytes">Size of the content.</param>
/// <param name="Md5">MD5 of the content, hex, lower case.</param>
/// <param name="Sha256">SHA-256 of the content, hex, lower case.</param>
/// <param name="Verification">What of 8x8's claims was checked.</param>
/// <param name="ArchivedAt">When.</param>
public sealed record Receipt(
    string Region,
    StorageObject Record,
    string Blob,
    long Bytes,
    string Md5,
    string Sha256,
    string Verification,
    DateTimeOffset ArchivedAt)
{
    /// <summary>What of 8x8's claims the content contradicts though another claim proves it; <see langword="null"/> when nothing.</summary>
    public string? Contradiction { get; init; }

    /// <summary>Version of the receipt's form.</summary>
    public const int Schema = 1;

    /// <summary>Writes the receipt as JSON.</summary>
    public ReadOnlyMemory<byte> ToJson()
    {
        var record = Record.Json.ToMemory();
        var buffer = new ArrayBufferWriter<byte>(record.Length + 1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("schema"u8, Schema);
            json.WriteString("region"u8, Region);
            json.WriteString("id"u8, Record.Id);
            json.WritePropertyName("object"u8);
            json.WriteRawValue(record.Span, skipInputValidation: true);
            json.WriteStartObject("content"u8);
            json.WriteString("blob"u8, Blob);
            json.WriteNumber("bytes"u8, Bytes);
            json.WriteString("md5"u8, Md5);
            json.WriteString("sha256"u8, Sha256);
            json.WriteEndObject();
            json.WriteString("verification"u8, Verification);
            if (Contradiction is not null)
            {
                json.WriteString("contradiction"u8, Contradiction);
            }

            json.WriteString("archivedAt"u8, ArchivedAt.UtcDateTime);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>Reads a receipt.</summary>
    /// <exception cref="FormatException">It is not a receipt of this form.</exception>
    public static Receipt Parse(BinaryData body)
    {
        try
        {
            using var json = JsonDocument.Parse(body.ToMemory());
            var root = json.RootElement;
            var content = root.GetProperty("content");
            return new Receipt(
                root.GetProperty("region").GetString()!,
                StorageObject.Parse(BinaryData.FromBytes(JsonMarshal.GetRawUtf8Value(root.GetProperty("object")).ToArray())),
                content.GetProperty("blob").GetString()!,
                content.GetProperty("bytes").GetInt64(),
                content.GetProperty("md5").GetString()!,
                content.GetProperty("sha256").GetString()!,
                root.GetProperty("verification").GetString()!,
                root.GetProperty("archivedAt").GetDateTimeOffset())
            {
                Contradiction = root.TryGetProperty("contradiction", out var contradiction) ? contradiction.GetString() : null,
            };
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new FormatException($"Not a receipt: {exception.Message}", exception);
        }
    }
}
