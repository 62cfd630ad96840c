using System.Globalization;
using System.Text;
using Archiving.Model;

namespace Archiving.Ledger;

/// <summary>
/// The terms that the index finds an object by. A word is found by its beginning (four letters and more; a shorter word
/// only as a whole), without its diacritics; a phone number by its last six digits and more; an id as a whole. What
/// was said is found by whole words.
/// </summary>
public static class SearchTerms
{
    /// <summary>Minimum number of digits by which the end of a number is found.</summary>
    public const int MinDigits = 6;

    private const int MinIdLength = 6;
    private const int MaxWordLength = 64;

    // Each costs a row for each object, so not every length of a beginning is a term. What is looked up by a shorter one is
    // then compared with the whole text.
    private static readonly int[] Beginnings = [4, 6, 9];

    private static readonly string[] NumberEnds = ["+", " - ", ". "];
    private static readonly char[] PhonePunctuation = [.. PhoneNumbers.Punctuation];

    /// <summary>The terms of a row.</summary>
    public static IReadOnlySet<string> Of(LedgerEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var terms = new HashSet<string>(StringComparer.Ordinal) { OfObject(entry.Id), OfId(entry.Id) };
        AddId(entry.CallId);
        AddId(entry.BucketId);

        // The text that is searched has these too, except in rows of 0.1.0 with a long name or one that they are a part of.
        string?[] people = [entry.Person, entry.Number, entry.UserId];
        foreach (var line in (entry.Search ?? entry.ObjectName ?? "").Split('\n').Concat(people.OfType<string>()))
        {
            if (FindId(line) is { } id)
            {
                terms.Add(id);
            }

            var text = Simplify(line);
            foreach (var digits in Numbers(text))
            {
                for (var length = MinDigits; length <= Math.Min(digits.Length, PhoneNumbers.NationalDigits); length++)
                {
                    terms.Add($"n:{digits[^length..]}");
                }
            }

            foreach (var word in WordsAndJoined(text))
            {
                terms.UnionWith(OfWord(word));
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
    public static string OfId(string id) => $"i:{FoldedText.Of(SearchText.Simplify(id))}";

    /// <summary>The term of a text that can be an id; <see langword="null"/> of any other.</summary>
    public static string? FindId(string text) => SearchText.TrimQuery(text) is var id && IsId(SearchText.Simplify(id)) ? OfId(id) : null;

    /// <summary>The terms that every object has that a text is in, as far as the index knows; none when it knows none.</summary>
    public static IReadOnlyList<string> Wanted(string text)
    {
        var wanted = SearchText.Fold(SearchText.TrimQuery(text));
        if (PhoneNumbers.IsNumber(wanted))
        {
            var digits = PhoneNumbers.Wanted(wanted);
            if (digits.Length >= MinDigits)
            {
                return [$"n:{digits[^Math.Min(digits.Length, PhoneNumbers.NationalDigits)..]}"];
            }
        }

        // Digits between words may be a part of a number, of which the index knows the end alone.
        var words = Words(wanted).ToList();
        var lettered = words.Where(word => !word.All(char.IsAsciiDigit)).ToList();
        return [.. (lettered.Count > 0 ? lettered : words).Select(word => OfWord(word).LastOrDefault()).OfType<string>().Distinct(StringComparer.Ordinal)];
    }

    /// <summary>
    /// The terms of what was said or summed up: whole words of four letters and more, without marks and without the most
    /// frequent ones, and whole numbers.
    /// </summary>
    public static IReadOnlySet<string> OfSpoken(string text)
    {
        var simple = Simplify(text);
        return OfSpoken(Numbers(simple), WordsAndJoined(simple));
    }

    /// <summary>The terms of what is looked for in what was said: of those of <see cref="OfSpoken(string)"/>, a text has to have all of these.</summary>
    public static IReadOnlySet<string> OfText(string text)
    {
        var wanted = SearchText.Fold(SearchText.TrimQuery(text));
        var numbers = PhoneNumbers.Runs(wanted).Where(run => PhoneNumbers.Digits(run).Length >= MinDigits).OrderByDescending(run => run.Length).ToList();

        // Groups of digits are no words: the number can be written without groups.
        return OfSpoken(numbers.Select(PhoneNumbers.Digits), Words(numbers.Aggregate(wanted, (rest, run) => rest.Replace(run, " ", StringComparison.Ordinal))));
    }

    private static HashSet<string> OfSpoken(IEnumerable<string> numbers, IEnumerable<string> words) => numbers
        .Select(digits => digits.TrimStart('0'))
        .Concat(words.Where(word => word.Length >= Beginnings[0] && !FrequentWords.Contains(word)))
        .Select(word => $"t:{word}")
        .ToHashSet(StringComparer.Ordinal);

    /// <summary>A text as searches compare it, but with its apostrophes: what is between them is a word too.</summary>
    private static string Simplify(string text) => FoldedText.WithoutMarks(FoldedText.Of(SearchText.Simplify(text)));

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

    /// <summary>Letters and digits in a row, with their marks. Long numbers are left out.</summary>
    private static IEnumerable<string> Words(string text)
    {
        var word = new StringBuilder();
        foreach (var character in text)
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

    /// <summary>Words, and what has an apostrophe also as one word.</summary>
    private static IEnumerable<string> WordsAndJoined(string text) =>
        FoldedText.WithoutApostrophes(text) is var joined && joined.Length == text.Length ? Words(text) : Words(text).Concat(Words(joined));

    private static bool IsWord(StringBuilder word)
    {
        if (word.Length == 0)
        {
            return false;
        }

        if (word.Length > MaxWordLength)
        {
            word.Length = MaxWordLength;
        }

        return word.Length < MinDigits || !word.ToString().All(char.IsAsciiDigit);
    }

    /// <summary>
    /// Digits in a row, with the punctuation of phone numbers between them. A number beside another one, such as a time, looks
    /// the same. So what a sign, a dash or the end of a sentence divides is also a number each, and so is what is written
    /// without punctuation.
    /// </summary>
    private static IEnumerable<string> Numbers(string text)
    {
        foreach (var run in PhoneNumbers.Runs(text).Where(run => run.Length >= MinDigits))
        {
            foreach (var part in run.Split(NumberEnds, StringSplitOptions.None).Concat(run.Split(PhonePunctuation)).Prepend(run))
            {
                if (PhoneNumbers.Digits(part) is { Length: >= MinDigits } digits)
                {
                    yield return digits;
                }
            }
        }
    }

    private static bool IsId(string text) =>
        text.Length >= MinIdLength
        && text.Any(char.IsAsciiDigit)
        && !text.Any(char.IsWhiteSpace)
        && !PhoneNumbers.IsNumber(text);
}
