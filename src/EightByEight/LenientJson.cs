using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EightByEight;

/// <summary>Reads 8x8's JSON, in which numbers may be strings, fields may be missing, and times have no zone.</summary>
internal static class LenientJson
{
    /// <summary>An object's id from its JSON value; <see langword="null"/> when it is none.</summary>
    public static string? Id(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        return Id(ref reader);
    }

    /// <summary>An object's id; <see langword="null"/> when it is neither text nor a number, or holds what no address can: half a character.</summary>
    public static string? Id(ref Utf8JsonReader reader)
    {
        var isId = reader.TokenType is JsonTokenType.String or JsonTokenType.Number;
        return Text(ref reader) is { } id && isId && !string.IsNullOrWhiteSpace(id) && !id.Contains('\uFFFD') ? id : null;
    }

    public static string? Text(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
            case JsonTokenType.PropertyName:
                try
                {
                    return reader.GetString();
                }
                catch (InvalidOperationException)
                {
                    return Repair(reader.ValueSpan);
                }

            case JsonTokenType.Number:
            case JsonTokenType.True:
            case JsonTokenType.False:
                return Encoding.UTF8.GetString(reader.ValueSpan);
            default:
                reader.Skip();
                return null;
        }
    }

    /// <summary>A string that holds bytes or escapes that are no characters, such as half of an emoji that was cut: each becomes U+FFFD.</summary>
    private static string Repair(ReadOnlySpan<byte> escaped)
    {
        var source = Encoding.UTF8.GetString(escaped);
        var text = new StringBuilder(source.Length);
        for (var index = 0; index < source.Length; index++)
        {
            if (source[index] != '\\')
            {
                text.Append(source[index]);
                continue;
            }

            // The reader has verified that every escape is complete.
            var escape = source[++index];
            text.Append(escape switch
            {
                'b' => '\b',
                'f' => '\f',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => (char)ushort.Parse(source.AsSpan(index + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
                _ => escape,
            });
            index += escape == 'u' ? 4 : 0;
        }

        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.ToString()));
    }

    public static long? Integer(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Number)
        {
            return reader.TryGetInt64(out var number) ? number
                : reader.TryGetDouble(out var real) && real == Math.Floor(real) && Math.Abs(real) < long.MaxValue ? (long)real
                : null;
        }

        const NumberStyles Styles = NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite;
        return Text(ref reader) is { } text && long.TryParse(text, Styles, CultureInfo.InvariantCulture, out var value) ? value : null;
    }

    public static bool? Boolean(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => Text(ref reader)?.Trim() switch
        {
            "1" => true,
            "0" => false,
            var text => bool.TryParse(text, out var value) ? value : null,
        },
    };

    /// <summary>A duration in whole seconds, rounded down; <see langword="null"/> when it is none.</summary>
    public static long? Seconds(ref Utf8JsonReader reader)
    {
        const NumberStyles Styles = NumberStyles.Float;
        return reader.TokenType is JsonTokenType.Number or JsonTokenType.String
            && double.TryParse(Text(ref reader), Styles, CultureInfo.InvariantCulture, out var seconds) && double.IsFinite(seconds)
                ? (long)Math.Floor(Math.Clamp(seconds, long.MinValue / 2, long.MaxValue / 2))
                : null;
    }

    /// <summary>A name; <see langword="null"/> when it is none.</summary>
    /// <param name="reader">At the value.</param>
    /// <param name="unreadable">What stands there, when that is something and no name.</param>
    public static string? Name(ref Utf8JsonReader reader, out string? unreadable)
    {
        var isName = reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray);
        unreadable = isName ? null : JsonElement.ParseValue(ref reader).GetRawText();
        return isName && Text(ref reader) is { } name && !string.IsNullOrWhiteSpace(name) ? name : null;
    }

    /// <summary>A time: see <see cref="TimeText"/>.</summary>
    /// <param name="reader">At the value.</param>
    /// <param name="unreadable">What stands there, when that is something and no time.</param>
    public static DateTimeOffset? Time(ref Utf8JsonReader reader, out string? unreadable)
    {
        unreadable = null;
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            return TimeOfParts(ref reader, out unreadable);
        }

        var text = TextOrJson(ref reader);
        var time = string.IsNullOrWhiteSpace(text) ? null : TimeText.Parse(text);
        unreadable = time is null && !string.IsNullOrWhiteSpace(text) ? text : null;
        return time;
    }

    /// <summary>A size in bytes.</summary>
    /// <param name="reader">At the value.</param>
    /// <param name="unreadable">What stands there, when that is something and no size.</param>
    public static long? Size(ref Utf8JsonReader reader, out string? unreadable)
    {
        var at = reader;
        unreadable = null;
        if (Integer(ref reader) is >= 0 and var size)
        {
            return size;
        }

        var text = TextOrJson(ref at);
        unreadable = string.IsNullOrWhiteSpace(text) ? null : text;
        return null;
    }

    private static DateTimeOffset? TimeOfParts(ref Utf8JsonReader reader, out string? unreadable)
    {
        var at = reader;
        var parts = new List<long>(7);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            // What is no number makes no time.
            parts.Add(Integer(ref reader) ?? -1);
        }

        var time = TimeText.FromParts(parts);
        unreadable = time is null && parts.Count > 0 ? TextOrJson(ref at) : null;
        return time;
    }

    /// <summary>The text of a value of any kind; <see langword="null"/> for null.</summary>
    private static string? TextOrJson(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            return Text(ref reader);
        }

        var node = JsonElement.ParseValue(ref reader);
        return node.EnumerateAny() ? node.GetRawText() : null;
    }

    private static bool EnumerateAny(this JsonElement element) =>
        element.ValueKind == JsonValueKind.Object ? element.EnumerateObject().Any() : element.GetArrayLength() > 0;
}
