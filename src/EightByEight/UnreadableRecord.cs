using System.Text;

namespace EightByEight;

/// <summary>A record of a page that cannot be read. It costs itself and not its page.</summary>
/// <param name="Id">The object's id, when one can be found in the text; it may be wrong.</param>
/// <param name="Text">
/// The record as it was received, at most <see cref="MaxTextBytes"/> of it. It can hold names and numbers of people: keep it
/// out of logs.
/// </param>
/// <param name="Reason">Why it cannot be read. Holds nothing of the record.</param>
public sealed record UnreadableRecord(string? Id, string Text, string Reason)
{
    /// <summary>The maximum of <see cref="Text"/>, in bytes of UTF-8 as received.</summary>
    public const int MaxTextBytes = 2048;

    /// <summary>Says nothing of the text.</summary>
    public override string ToString() => $"{Id ?? "no id"}: {Reason}";

    internal static UnreadableRecord Create(ReadOnlySpan<byte> raw, string reason)
    {
        var length = Math.Min(raw.Length, MaxTextBytes);
        while (length < raw.Length && length > 0 && (raw[length] & 0xC0) == 0x80)
        {
            // Not in the middle of a character.
            length--;
        }

        return new UnreadableRecord(FindId(raw), Encoding.UTF8.GetString(raw[..length]), reason);
    }

    private static string? FindId(ReadOnlySpan<byte> raw)
    {
        if (raw is not [(byte)'{', ..])
        {
            return null;
        }

        // Tags have ids too.
        var tags = raw.IndexOf("\"tags\""u8);
        var record = tags < 0 ? raw : raw[..tags];
        for (var from = 0; record[from..].IndexOf("\"id\""u8) is >= 0 and var found; from += found + 4)
        {
            var index = TolerantJson.SkipWhiteSpace(record, from + found + 4);
            if (index >= record.Length || record[index] != ':')
            {
                continue;
            }

            index = TolerantJson.SkipWhiteSpace(record, index + 1);
            var end = index < record.Length && record[index] is not ((byte)'{' or (byte)'[') ? TolerantJson.SkipValue(record, index) : -1;
            if (end >= 0)
            {
                return LenientJson.Id(JsonText.Repair(record[index..end]));
            }
        }

        return null;
    }
}
