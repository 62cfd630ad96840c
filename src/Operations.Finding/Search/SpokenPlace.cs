using System.Globalization;
using Archiving.Archive;
using Archiving.Ledger;

namespace Operations.Search;

/// <summary>Where in a text a word is that is looked for.</summary>
public static class SpokenPlace
{
    private const int CharactersAround = 60;

    /// <summary>The words around the first place; <see langword="null"/> when the text has none.</summary>
    public static string? Find(string text, string wanted)
    {
        var terms = SearchTerms.OfText(wanted);
        foreach (var line in ArchivedText.Lines(text).Where(line => SearchTerms.OfSpoken(line).Overlaps(terms)))
        {
            for (var start = 0; start < line.Length; start++)
            {
                var end = start;
                while (end < line.Length && IsOfWord(line[end]))
                {
                    end++;
                }

                if (end > start && SearchTerms.OfSpoken(line[start..end]).Overlaps(terms))
                {
                    return Around(line, start, end);
                }

                start = end;
            }

            return Around(line, 0, 0);
        }

        return null;
    }

    private static string Around(string line, int start, int end)
    {
        var first = Math.Max(0, start - CharactersAround);
        var last = Math.Min(line.Length, end + CharactersAround);
        first = first == 0 ? 0 : Math.Max(line.IndexOf(' ', first, start - first), first);
        last = last == line.Length ? last : Math.Max(line.LastIndexOf(' ', last - 1, last - end), end);
        var part = line[first..last].Trim();
        return $"{(first > 0 ? "… " : "")}{part}{(last < line.Length ? " …" : "")}";
    }

    private static bool IsOfWord(char character) => char.IsLetterOrDigit(character) || character is '\'' or '’'
        || char.GetUnicodeCategory(character) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
}
