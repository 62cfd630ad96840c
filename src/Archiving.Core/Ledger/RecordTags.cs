using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using EightByEight;

namespace Archiving.Ledger;

/// <summary>The tags of a record as JSON: <c>[{"key":"callId","value":"…"}]</c>, in 8x8's order.</summary>
public static class RecordTags
{
    // What reads it parses it as JSON. Characters beyond ASCII need no escape in a row, which would make six characters of one.
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the tags of a record.</summary>
    public static string ToJson(StorageObject record)
    {
        ArgumentNullException.ThrowIfNull(record);
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartArray();
            foreach (var tag in record.Tags)
            {
                json.WriteStartObject();
                json.WriteString("key"u8, tag.Key);
                json.WriteString("value"u8, tag.Value);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
