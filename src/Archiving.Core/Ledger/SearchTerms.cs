using System.Globalization;
using System.Text;
using Archiving.Model;

namespace Archiving.Ledger;

/// <summary>
/// The terms that the index finds an object by. A word is found by its beginning (four letters and more; a shorter word
/// only as a whole), with and without its diacritics; a phone number by its last six digits and more; an id as a whole. What
/// was said is found by whole words.
/// </summary>
public static class SearchTerms
{
    /// <summary>The fewest digits by which the end of a number is found.</summary>
    public const int FewestDigits = 6;

    private const int MostDigits = 10;
    private const int FewestOfId = 6;
    private const int LongestWord = 64;

    // Each costs a row for each object, so not every length of a beginning is a term. What is looked up by a shorter one is
    // then compared with the whole text.
    private static readonly int[] Beginnings = [4, 6, 9];

    /// <summary>The terms of a row.</summary>
    public static IReadOnlySet<string> Of(LedgerEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var terms = new HashSet<string>(StringComparer.Ordinal) { OfObject(entry.Id), OfId(entry.Id) };
        AddId(entry.CallId);
        AddId(entry.BucketId);
        foreach (var line in (entry.Search ?? entry.ObjectName ?? "").Split('\n'))
        {
            var text = FoldedText.Of(line);
            if (IsId(text))
            {
                terms.Add(OfId(text));
            }

            foreach (var digits in Numbers(text))
            {
                for (var length = FewestDigits; length <= Math.Min(digits.Length, MostDigits); length++)
                {
                    terms.Add($"n:{digits[^length..]}");
                }
            }

            foreach (var word in Words(text))
            {
                terms.UnionWith(OfWord(word));
                terms.UnionWith(OfWord(FoldedText.WithoutMarks(word)));
            }
        }

        return terms;

        void AddId(string? id)
        {
            if (id is not null)
            {
                terms.Add(OfId(id));
            }
        }
    }

    /// <summary>
    /// The term of an object's own id, which no other object has. How long it takes to find an object must not depend on the
    /// objects that name the same id, because the caller may not be allowed to know of them.
    /// </summary>
    public static string OfObject(string id) => $"o:{FoldedText.Of(id)}";

    /// <summary>The term of an id: of an object, its call, its bucket, or any other that a tag holds.</summary>
    public static string OfId(string id) => $"i:{FoldedText.Of(id)}";

    /// <summary>The term of a text that can be an id; <see langword="null"/> of any other.</summary>
    public static string? FindId(string text) => IsId(FoldedText.Of(text)) ? OfId(text) : null;

    /// <summary>The terms that every object has that a text is in, as far as the index knows; none when it knows none.</summary>
    public static IReadOnlyList<string> Wanted(string text)
    {
        var wanted = FoldedText.Of(text);
        if (wanted.AsSpan().IndexOfAnyExcept(SearchText.PhoneCharacters) < 0)
        {
            var digits = new string([.. wanted.Where(char.IsAsciiDigit)]).TrimStart('0');
            if (digits.Length >= FewestDigits)
            {
                return [$"n:{digits[^Math.Min(digits.Length, MostDigits)..]}"];
            }
        }

        // Digits between words may be a part of a number, of which the index knows the end alone.
        var words = Words(wanted).ToList();
        var lettered = words.Where(word => !word.All(char.IsAsciiDigit)).ToList();
        return [.. (lettered.Count > 0 ? lettered : words).Select(word => OfWord(word).LastOrDefault()).OfType<string>().Distinct(StringComparer.Ordinal)];
    }

    /// <summary>
    /// The terms of what was said or summed up, and of what is looked for in it: whole words of four letters and more, without
    /// marks and without the most frequent ones, and whole numbers.
    /// </summary>
    public static IReadOnlySet<string> OfText(string text)
    {
        var folded = FoldedText.WithoutMarks(FoldedText.Of(text));
        var words = Words(folded).Where(word => word.Length >= Beginnings[0] && !FrequentWords.Contains(word));
        return Numbers(folded).Select(digits => digits.TrimStart('0')).Concat(words).Select(word => $"t:{word}").ToHashSet(StringComparer.Ordinal);
    }

    private static IEnumerable<string> OfWord(string word)
    {
        // A letter or two digits find too much to be worth a row.
        if (word.Length < 2 || (word.Length < 3 && word.All(char.IsAsciiDigit)))
        {
            yield break;
        }

        if (word.Length < Beginnings[0])
        {
            yield return $"w:{word}";
        }

        foreach (var length in Beginnings.Where(length => length <= word.Length))
        {
            yield return $"w:{word[..length]}";
        }
    }

    /// <summary>Letters and digits in a row, with their marks; a word with an apostrophe also as one. Long numbers are left out.</summary>
    private static IEnumerable<string> Words(string text)
    {
        foreach (var form in (HashSet<string>)[text, text.Replace("'", "", StringComparison.Ordinal).Replace("’", "", StringComparison.Ordinal)])
        {
            var word = new StringBuilder();
            foreach (var character in form)
            {
                if (char.IsLetterOrDigit(character)
                    || char.GetUnicodeCategory(character) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark)
                {
                    word.Append(character);
                    continue;
                }

                if (IsWord(word))
                {
                    yield return word.ToString();
                }

                word.Clear();
            }

            if (IsWord(word))
            {
                yield return word.ToString();
            }
        }
    }

    private static bool IsWord(StringBuilder word)
    {
        if (word.Length == 0)
        {
            return false;
        }

        if (word.Length > LongestWord)
        {
            word.Length = LongestWord;
        }

        return word.Length < FewestDigits || !word.ToString().All(char.IsAsciiDigit);
    }

    /// <summary>Digits in a row, with the punctuation of phone numbers between them.</summary>
    private static IEnumerable<string> Numbers(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            var length = text.AsSpan(start).IndexOfAnyExcept(SearchText.PhoneCharacters);
            var end = length < 0 ? text.Length : start + length;
            var digits = new string([.. text[start..end].Where(char.IsAsciiDigit)]);
            if (digits.Length >= FewestDigits)
            {
                yield return digits;
            }

            start = end + 1;
        }
    }

    private static bool IsId(string text) =>
        text.Length >= FewestOfId
        && text.Any(char.IsAsciiDigit)
        && !text.Any(char.IsWhiteSpace)
        && text.AsSpan().IndexOfAnyExcept(SearchText.PhoneCharacters) >= 0;
}
