using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Archiving.Model;
using EightByEight;

namespace Archiving.Ledger;

/// <summary>
/// What an object is searched by: its user, the values of its tags and its name, lower-case, one a line. A phone number
/// is included twice, as 8x8 writes it and as digits alone. Times and durations are left out: epoch milliseconds
/// are not searched for, and they would make every number a hit.
/// </summary>
public static class SearchText
{
    /// <summary>Maximum number of characters of a row's text, and of what is looked for.</summary>
    public const int MaxLength = 2048;

    /// <summary>Minimum number of digits of a phone number.</summary>
    internal const int MinDigits = 5;

    private const int MaxDigits = 32;
    private const string PhoneScheme = "tel:";
    private const int MaxFirstLength = 256;
    private const char Separator = '\n';
    private static readonly string[] CallTags = ["callId", "sourceId", "sourceObjectId"];

    // See CallFacts.
    private static readonly FrozenSet<string> FirstTags = FrozenSet.ToFrozenSet(
        [
            .. CallTags, "userName", "agentName", "callerName", "calleeName", "speaker", "address", "callerId", "calleeId", "queueName", "agentId",
        ],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>The text of a record; <see langword="null"/> when there is none.</summary>
    public static string? Of(StorageObject record)
    {
        Span<char> text = stackalloc char[MaxLength];
        var length = 0;

        // People, numbers, calls and the name come first unless they are long, and then the shortest: a long name or note is
        // cut, and takes no room from what objects are searched by.
        var values = record.Tags.Where(tag => !IsTime(tag.Key))
            .Select(tag => (IsLate: !FirstTags.Contains(tag.Key), tag.Value))
            .Append((IsLate: false, Value: record.UserId ?? ""))
            .Append((IsLate: false, Value: record.ObjectName ?? ""))
            .OrderBy(value => value.IsLate || value.Value.Length > MaxFirstLength)
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

    /// <summary>
    /// A text as searches compare it, be it stored or looked for: folded, without diacritics, apostrophes and what
    /// <see cref="Simplify"/> leaves out.
    /// </summary>
    public static string Fold(string text) => FoldedText.WithoutApostrophes(FoldedText.WithoutMarks(FoldedText.Of(Simplify(text))));

    /// <summary>What is looked for: on one line, without white space at its ends and without the scheme of a link to a phone number.</summary>
    public static string TrimQuery(string text)
    {
        var wanted = PlainText.Trim(text).ReplaceLineEndings(" ");
        return wanted.StartsWith(PhoneScheme, StringComparison.OrdinalIgnoreCase) && PhoneNumbers.IsNumber(Simplify(wanted[PhoneScheme.Length..]))
            ? wanted[PhoneScheme.Length..]
            : wanted;
    }

    /// <summary>Whether a text to look for has nothing that can be seen: that would be in every row.</summary>
    public static bool IsBlank(string text) => TrimQuery(text).Length == 0;

    /// <summary>
    /// A text with the dashes and blanks of ASCII, and without the marks for the direction of writing, which contact apps put
    /// around numbers.
    /// </summary>
    internal static string Simplify(string text)
    {
        if (Ascii.IsValid(text))
        {
            return text;
        }

        var simple = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            _ = character switch
            {
                '\u00AD' or '\u061C' or '\u200B' or '\u200E' or '\u200F' or (>= '\u202A' and <= '\u202E') => simple,
                '\u2060' or (>= '\u2066' and <= '\u2069') or '\uFEFF' => simple,
                '\u2212' => simple.Append('-'),
                _ when char.GetUnicodeCategory(character) == UnicodeCategory.DashPunctuation => simple.Append('-'),
                _ when char.GetUnicodeCategory(character) == UnicodeCategory.SpaceSeparator => simple.Append(' '),
                _ => simple.Append(character),
            };
        }

        return simple.ToString();
    }

    private static bool IsTime(string key) =>
        key.EndsWith("time", StringComparison.OrdinalIgnoreCase)
        || key.EndsWith("timestamp", StringComparison.OrdinalIgnoreCase)
        || key.EndsWith("duration", StringComparison.OrdinalIgnoreCase);

    private static void Append(string value, Span<char> text, ref int length)
    {
        var start = length;
        AppendLine(value, text, ref length);
        if (length == start)
        {
            return;
        }

        // A search for a number leaves out the punctuation between its digits.
        foreach (var run in PhoneNumbers.Runs(Simplify(value)))
        {
            if (PhoneNumbers.Digits(run) is { Length: >= MinDigits } digits)
            {
                AppendLine(digits.AsSpan(0, Math.Min(digits.Length, MaxDigits)), text, ref length);
            }
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
