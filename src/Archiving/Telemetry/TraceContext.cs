using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Archiving.Telemetry;

/// <summary>
/// The <c>traceparent</c> of a message (W3C Trace Context). The work does not need it: a message with an
/// invalid one is handled as a message without.
/// </summary>
internal static class TraceContext
{
    public static bool TryParse(string? traceParent, out ActivityContext context) =>
        ActivityContext.TryParse(traceParent, traceState: null, isRemote: true, out context)
        && context.TraceId != default
        && context.SpanId != default;

    /// <summary>What is there, when it is good; else <see langword="null"/>.</summary>
    public static string? Read(string? traceParent) => TryParse(traceParent, out _) ? traceParent : null;

    internal sealed class Converter : JsonConverter<string?>
    {
        public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.String)
            {
                return TraceContext.Read(reader.GetString());
            }

            reader.Skip();
            return null;
        }

        public override void Write(Utf8JsonWriter writer, string? value, JsonSerializerOptions options) => writer.WriteStringValue(value);
    }
}
