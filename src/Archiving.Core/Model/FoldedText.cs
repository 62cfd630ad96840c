using System.Buffers;
using System.Globalization;
using System.Text;

namespace Archiving.Model;

/// <summary>
/// Text to compare by. People and systems write the same name in any case, and with composed letters (NFC) or with
/// combining marks (NFD): folded, they are equal.
/// </summary>
public static class FoldedText
{
    private const char FirstSyllable = '\uAC00';
    private const char LastSyllable = '\uD7A3';
    private static readonly SearchValues<char> Apostrophes = SearchValues.Create("'’‘ʼʻ´`＇");

    /// <summary>Folds a text.</summary>
    public static string Of(string text)
    {
        if (Ascii.IsValid(text))
        {
            return text.ToLowerInvariant();
        }

        // To upper case and back, because some letters have two lower-case forms, such as σ and ς. What has another case
        // may be a composed letter, such as the Ångström sign, so it is decomposed again.
        return Decompose(Decompose(text).ToUpperInvariant().ToLowerInvariant());
    }

    /// <summary>A folded text without its marks, and with the plain letters that people write for others: <c>ø</c> as <c>o</c>.</summary>
    public static string WithoutMarks(string folded)
    {
        if (Ascii.IsValid(folded))
        {
            return folded;
        }

        var plain = new StringBuilder(folded.Length);
        foreach (var character in folded)
        {
            _ = character switch
            {
                'ø' => plain.Append('o'),
                'ł' => plain.Append('l'),
                'đ' or 'ð' => plain.Append('d'),
                'þ' => plain.Append("th"),
                'ħ' => plain.Append('h'),
                'ŧ' => plain.Append('t'),
                'ı' => plain.Append('i'),
                'ß' => plain.Append("ss"),
                'æ' => plain.Append("ae"),
                'œ' => plain.Append("oe"),
                _ when IsDiacritic(character) => plain,
                _ => plain.Append(character),
            };
        }

        return plain.ToString();
    }

    /// <summary>A text without apostrophes, as people also write names: <c>OBrien</c>.</summary>
    public static string WithoutApostrophes(string text) =>
        text.AsSpan().IndexOfAny(Apostrophes) < 0 ? text : string.Concat(text.Where(character => !Apostrophes.Contains(character)));

    /// <summary>Whether two texts are equal when folded.</summary>
    public static bool AreEqual(string? left, string? right) =>
        string.Equals(left, right, StringComparison.OrdinalIgnoreCase)
        || (left is not null && right is not null && string.Equals(Of(left), Of(right), StringComparison.Ordinal));

    /// <summary>
    /// Whether it is a mark that people leave out: of Latin, Greek, Cyrillic, Hebrew or Arabic letters. In other scripts, a
    /// letter is another one without its mark.
    /// </summary>
    private static bool IsDiacritic(char character) => char.GetUnicodeCategory(character) == UnicodeCategory.NonSpacingMark
        && character is < '\u0700' or (>= '\u1AB0' and <= '\u1AFF') or (>= '\u1DC0' and <= '\u1DFF')
            or (>= '\u20D0' and <= '\u20FF') or (>= '\uFE20' and <= '\uFE2F');

    private static string Decompose(string text)
    {
        var letters = new List<char>(text.Length * 2);
        foreach (var character in text)
        {
            Append(character, letters);
        }

        SortMarks(letters);
        return string.Concat(letters);
    }

    private static void Append(char character, List<char> letters)
    {
        if (character is >= FirstSyllable and <= LastSyllable)
        {
            // A Hangul syllable is made of its letters by arithmetic (Unicode Standard, section 3.12).
            var (lead, rest) = Math.DivRem(character - FirstSyllable, 588);
            letters.Add((char)(0x1100 + lead));
            letters.Add((char)(0x1161 + (rest / 28)));
            if (rest % 28 > 0)
            {
                letters.Add((char)(0x11A7 + (rest % 28)));
            }

            return;
        }

        if (CanonicalPairs.TryDecompose(character, out var parts))
        {
            Append(parts.Letter, letters);
            letters.Add(parts.Mark);
            return;
        }

        letters.Add(character);
    }

    /// <summary>Puts marks of one letter into one order: for equality any will do, as long as it is always the same.</summary>
    private static void SortMarks(List<char> letters)
    {
        for (var start = 0; start < letters.Count; start++)
        {
            var end = start;
            while (end < letters.Count && char.GetUnicodeCategory(letters[end]) == UnicodeCategory.NonSpacingMark)
            {
                end++;
            }

            if (end - start > 1)
            {
                letters.Sort(start, end - start, Comparer<char>.Default);
            }

            start = Math.Max(start, end - 1);
        }
    }
}
