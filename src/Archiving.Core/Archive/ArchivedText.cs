using System.Text;
using System.Text.Json;
using EightByEight;

namespace Archiving.Archive;

/// <summary>Archived content as text.</summary>
public static class ArchivedText
{
    /// <summary>Maximum number of bytes of a text that are searched: hours of speech.</summary>
    public const int MaxSearchedBytes = 1024 * 1024;

    /// <summary>The text of a blob, as far as it was read and <paramref name="maxBytes"/> bytes of UTF-8 allow.</summary>
    public static (string Text, bool IsWhole) Decode(BlobBeginning beginning, int maxBytes)
    {
        ArgumentNullException.ThrowIfNull(beginning);

        // By the byte order mark, else as UTF-8; bytes that are none become replacement characters, and may then take more room.
        var (content, isWhole) = Inflate(beginning, maxBytes);
        using var reader = new StreamReader(content, Encoding.UTF8, detectEncodingFromByteOrderMarks: true);
        var text = reader.ReadToEnd();
        var bytes = new byte[maxBytes];
        Encoding.UTF8.GetEncoder().Convert(text, bytes, flush: true, out var charsUsed, out _, out var completed);
        return completed && isWhole ? (text, true) : (text[..charsUsed].TrimEnd('\uFFFD'), false);
    }

    /// <summary>What people wrote or said: the texts of JSON, without the names of its members, as far as it can be read; else the lines.</summary>
    public static IReadOnlyList<string> Lines(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.AsSpan().TrimStart() is not ['{' or '[' or '"', ..])
        {
            return text.Split('\n');
        }

        var lines = new List<string>();
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text), isFinalBlock: false, default);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.String)
                {
                    lines.Add(reader.GetString()!);
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // No JSON, or a text that is none in it: what stands before it counts, unless nothing does.
        }

        return lines.Count > 0 ? lines : text.Split('\n');
    }

    /// <summary>Undoes the coding of content that is stored as it was sent, as far as it goes: it can be cut, and grow large.</summary>
    private static (Stream Content, bool IsWhole) Inflate(BlobBeginning beginning, int maxBytes)
    {
        var codings = ContentCoding.Parse(beginning.ContentEncoding);
        if (codings.Count == 0 || !ContentCoding.CanDecode(codings))
        {
            return (beginning.Content.ToStream(), beginning.IsWhole);
        }

        var bytes = new byte[maxBytes + 1];
        var filled = 0;
        var isWhole = beginning.IsWhole;
        using var decoded = ContentCoding.Decode(beginning.Content.ToStream(), codings);
        try
        {
            int read;
            while (filled < bytes.Length && (read = decoded.Read(bytes, filled, bytes.Length - filled)) > 0)
            {
                filled += read;
            }
        }
        catch (InvalidDataException)
        {
            isWhole = false;
        }

        return (new MemoryStream(bytes, 0, Math.Min(filled, maxBytes)), isWhole && filled <= maxBytes);
    }
}
