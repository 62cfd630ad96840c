using Archiving.Ledger;
using Archiving.Model;

namespace Operations.Search;

/// <summary>What is looked for in a row.</summary>
/// <param name="Text">Folded, see <see cref="FoldedText"/>.</param>
/// <param name="Digits">Its digits, when it can be a phone number.</param>
public readonly record struct SearchTerm(string Text, string? Digits)
{
    /// <summary>The term of a text.</summary>
    public static SearchTerm Of(string text)
    {
        var wanted = FoldedText.Of(PlainText.Trim(text).ReplaceLineEndings(" "));
        var isNumber = wanted.AsSpan().IndexOfAnyExcept(SearchText.PhoneCharacters) < 0;
        var digits = isNumber ? new string([.. wanted.Where(char.IsAsciiDigit)]) : "";

        // A number may be written for calls within its country, with zeros where others write the country.
        digits = digits.TrimStart('0') is { Length: >= SearchTerms.FewestDigits } international ? international : digits;
        return new SearchTerm(wanted, digits.Length >= SearchText.FewestDigits ? digits : null);
    }

    /// <summary>Whether a row is one that is looked for. Rows of an earlier version have their name only.</summary>
    public bool IsIn(LedgerEntry entry)
    {
        if (entry.Search is not { } search)
        {
            return IsIn(entry.ObjectName) || IsIn(entry.Id);
        }

        return IsIn(search)
            || (Digits is not null && search.Contains(Digits, StringComparison.Ordinal))
            || IsIn(entry.Id)
            || IsIn(entry.BucketId);
    }

    /// <summary>Whether it is in a value. A text without diacritics is found in one with them.</summary>
    private bool IsIn(string? value) => value is not null
        && FoldedText.Of(value) is var folded
        && (folded.Contains(Text, StringComparison.Ordinal) || FoldedText.WithoutMarks(folded).Contains(Text, StringComparison.Ordinal));
}
