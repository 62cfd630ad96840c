using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace EightByEight;

/// <summary>
/// Makes JSON of what servers send for JSON: bytes in another encoding or behind a byte order mark, line feeds inside
/// strings, trailing commas, backslashes that escape nothing.
/// </summary>
internal static class JsonText
{
    private static readonly UTF32Encoding Utf32BigEndian = new(bigEndian: true, byteOrderMark: true);

    /// <summary>
    /// The body in UTF-8 without a byte order mark. What the bytes are decides, not the header: servers declare a
    /// charset by habit. The declared one counts only for bytes that are no UTF-8.
    /// </summary>
    /// <param name="body">The body as it was received.</param>
    /// <param name="contentType">Content-Type; <see langword="null"/> when there was none.</param>
    public static ReadOnlyMemory<byte> Decode(ReadOnlyMemory<byte> body, string? contentType = null)
    {
        // The first characters of JSON are ASCII, so the zero bytes among them show the encoding (RFC 4627, section 3).
        var encoding = body.Span switch
        {
            [0xEF, 0xBB, 0xBF, ..] => Encoding.UTF8,
            [0xFF, 0xFE, 0, 0, ..] or [not 0, 0, 0, 0, ..] => Encoding.UTF32,
            [0, 0, 0xFE, 0xFF, ..] or [0, 0, 0, not 0, ..] => Utf32BigEndian,
            [0xFF, 0xFE, ..] or [not 0, 0, ..] => Encoding.Unicode,
            [0xFE, 0xFF, ..] or [0, not 0, ..] => Encoding.BigEndianUnicode,
            _ => null,
        };
        encoding ??= Utf8.IsValid(body.Span) ? null : Declared(contentType);
        if (encoding is null)
        {
            return body;
        }

        var preamble = encoding.Preamble;
        var text = preamble.Length > 0 && body.Span.StartsWith(preamble) ? body[preamble.Length..] : body;
        return encoding is UTF8Encoding ? text : Encoding.UTF8.GetBytes(encoding.GetString(text.Span));
    }

    /// <summary>Whether nothing is there but white space. A byte order mark alone is nothing too.</summary>
    public static bool IsBlank(ReadOnlySpan<byte> json) => TolerantJson.SkipWhiteSpace(json, 0) == json.Length;

    /// <summary>Makes strict JSON of a value that is nearly JSON.</summary>
    /// <exception cref="JsonException">It ends in the middle.</exception>
    public static byte[] Repair(ReadOnlySpan<byte> json)
    {
        var output = new List<byte>(json.Length + 64);
        var depth = 0;
        var before = Token.None;
        for (var index = TolerantJson.SkipWhiteSpace(json, 0); index < json.Length; index = TolerantJson.SkipWhiteSpace(json, index))
        {
            switch (json[index])
            {
                case (byte)',':
                    if (before == Token.Colon)
                    {
                        output.AddRange("null"u8);
                        before = Token.Value;
                    }

                    // Only what comes next shows whether it separates anything.
                    index++;
                    continue;

                case (byte)':':
                    output.Add((byte)':');
                    before = Token.Colon;
                    index++;
                    continue;

                case (byte)'}' or (byte)']':
                    if (before == Token.Colon)
                    {
                        output.AddRange("null"u8);
                    }

                    output.Add(json[index++]);
                    depth--;
                    before = Token.Value;
                    break;

                default:
                    // A comma that is missing is put in, one that leads to nothing is left out.
                    if (before == Token.Value)
                    {
                        output.Add((byte)',');
                    }

                    if (json[index] is (byte)'{' or (byte)'[')
                    {
                        output.Add(json[index++]);
                        depth++;
                        before = Token.Open;
                        continue;
                    }

                    var end = json[index] == '"' ? TolerantJson.SkipString(json, index) : TolerantJson.SkipBare(json, index);
                    if (end < 0)
                    {
                        throw Incomplete();
                    }

                    if (json[index] == '"')
                    {
                        AddString(output, json[(index + 1)..(end - 1)]);
                    }
                    else
                    {
                        AddBare(output, json[index..end]);
                    }

                    before = Token.Value;
                    index = end;
                    break;
            }

            if (depth <= 0)
            {
                // What comes after the value is none of it.
                return depth == 0 ? [.. output] : throw Incomplete();
            }
        }

        throw Incomplete();
    }

    private static JsonException Incomplete() => new("The text ends in the middle.");

    private static Encoding? Declared(string? contentType)
    {
        const string Parameter = "charset=";
        var start = contentType?.IndexOf(Parameter, StringComparison.OrdinalIgnoreCase) ?? -1;
        if (start < 0)
        {
            return null;
        }

        var name = contentType![(start + Parameter.Length)..].Split(';')[0].Trim(' ', '"', '\'');
        try
        {
            return name.StartsWith("utf", StringComparison.OrdinalIgnoreCase)
                ? null
                : CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static void AddString(List<byte> output, ReadOnlySpan<byte> content)
    {
        output.Add((byte)'"');
        for (var index = 0; index < content.Length; index++)
        {
            var character = content[index];
            if (character < ' ')
            {
                output.AddRange(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}")));
            }
            else if (character != '\\')
            {
                output.Add(character);
            }
            else if (IsEscape(content[index..]))
            {
                output.Add(character);
                output.Add(content[++index]);
            }
            else
            {
                output.AddRange("\\\\"u8);
            }
        }

        output.Add((byte)'"');
    }

    private static bool IsEscape(ReadOnlySpan<byte> text) => text switch
    {
        [_, (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t', ..] => true,
        [_, (byte)'u', var a, var b, var c, var d, ..] => Ascii.IsValid([a, b, c, d])
            && char.IsAsciiHexDigit((char)a) && char.IsAsciiHexDigit((char)b) && char.IsAsciiHexDigit((char)c) && char.IsAsciiHexDigit((char)d),
        _ => false,
    };

    /// <summary>A number or word that is not in quotes; what JSON does not know, such as NaN or 007, becomes a string.</summary>
    private static void AddBare(List<byte> output, ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text);
        try
        {
            if (reader.Read() && reader.BytesConsumed == text.Length && !reader.Read())
            {
                output.AddRange(text);
                return;
            }
        }
        catch (JsonException)
        {
            // Not a literal of JSON.
        }

        AddString(output, text);
    }

    private enum Token
    {
        None,
        Open,
        Colon,
        Value,
    }
}
