using System.Buffers;
using System.Collections.Frozen;
using EightByEight;

namespace Archiving.Ledger;

/// <summary>
/// What an object is searched by: its user, the values of its tags and its name, lower-case, one a line. A phone number
/// is included twice, as 8x8 writes it and as digits alone. Times and durations are left out: epoch milliseconds
/// are not searched for, and they would make every number a hit.
/// </summary>
public static class SearchText
{
    /// <summary>The most characters of a row's text, and of what is looked for.</summary>
    public const int Longest = 2048;

    /// <summary>The fewest digits of a phone number.</summary>
    internal const int FewestDigits = 5;

    private const int LongestFirst = 256;
    private const char Separator = '\n';
    private static readonly string[] CallTags = ["callId", "sourceId", "sourceObjectId"];

    // See CallFacts.
    private static readonly FrozenSet<string> FirstTags = FrozenSet.ToFrozenSet(
        [
            .. CallTags, "userName", "agentName", "callerName", "calleeName", "speaker", "address", "callerId", "calleeId", "queueName", "agentId",
        ],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>The characters that phone numbers are written with.</summary>
    internal static readonly SearchValues<char> PhoneCharacters = SearchValues.Create("0123456789+-()./ \u00A0");

    /// <summary>The text of a record; <see langword="null"/> when there is none.</summary>
    public static string? Of(StorageObject record)
    {
        Span<char> text = stackalloc char[Longest];
        var length = 0;

        // People, numbers, calls and the name come first unless they are long, and then the shortest: a long name or note is
        // cut, and takes no room from what objects are searched by.
        var values = record.Tags.Where(tag => !IsTime(tag.Key))
            .Select(tag => (IsLate: !FirstTags.Contains(tag.Key), tag.Value))
            .Append((IsLate: false, Value: record.UserId ?? ""))
            .Append((IsLate: false, Value: record.ObjectName ?? ""))
            .OrderBy(value => value.IsLate || value.Value.Length > LongestFirst)
            .ThenBy(value => value.Value.Length);
        foreach (var (_, value) in values)
        {
            Append(value, text, ref length);
        }

        return length > 0 ? new string(text[..length]) : null;
    }

    /// <summary>The call that a record belongs to: its own id, or that of the object that a transcript, summary or the like is about.</summary>
    public static string? CallOf(StorageObject record)
    {
        foreach (var key in CallTags)
        {
            if (record.GetTag(key) is { Length: > 0 } call)
            {
                return call;
            }
        }

        return null;
    }

    private static bool IsTime(string key) =>
        key.EndsWith("time", StringComparison.OrdinalIgnoreCase)
        || key.EndsWith("timestamp", StringComparison.OrdinalIgnoreCase)
        || key.EndsWith("duration", StringComparison.OrdinalIgnoreCase);

    private static void Append(ReadOnlySpan<char> value, Span<char> text, ref int length)
    {
        var start = length;
        AppendLine(value, text, ref length);
        if (length == start)
        {
            return;
        }

        // A search for a number leaves out the punctuation between its digits.
        Span<char> digits = stackalloc char[32];
        while (!value.IsEmpty)
        {
            var end = value.IndexOfAnyExcept(PhoneCharacters);
            var number = end < 0 ? value : value[..end];
            var count = 0;
            foreach (var character in number)
            {
                if (char.IsAsciiDigit(character) && count < digits.Length)
                {
                    digits[count++] = character;
                }
            }

            if (count >= FewestDigits)
            {
                AppendLine(digits[..count], text, ref length);
            }

            value = end < 0 ? [] : value[(end + 1)..];
        }
    }

    /// <summary>
    /// Adds a line, as much of it as there is room for, unless the text has the same line already. One that is a part of
    /// another line stays: the index knows the beginnings of words and the ends of numbers, and within another line it has neither.
    /// </summary>
    private static void AppendLine(ReadOnlySpan<char> value, Span<char> text, ref int length)
    {
        var start = length == 0 ? 0 : length + 1;
        var room = Math.Min(value.Length, text.Length - start);
        if (room < value.Length && room > 0 && char.IsHighSurrogate(value[room - 1]))
        {
            room--;
        }

        if (room <= 0)
        {
            return;
        }

        value[..room].ToLowerInvariant(text[start..]);
        ReadOnlySpan<char> line = text.Slice(start, room);
        ReadOnlySpan<char> before = text[..length];
        foreach (var range in before.Split(Separator))
        {
            if (before[range].SequenceEqual(line))
            {
                return;
            }
        }

        if (start > 0)
        {
            text[length] = Separator;
        }

        length = start + room;
    }
}
