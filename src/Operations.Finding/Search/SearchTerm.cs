using Archiving.Ledger;

namespace Operations.Search;

/// <summary>What is looked for in a row.</summary>
/// <param name="Text">As <see cref="SearchText.Fold"/> gives it.</param>
/// <param name="Digits">Its digits, when it can be a phone number.</param>
public readonly record struct SearchTerm(string Text, string? Digits)
{
    /// <summary>The term of a text.</summary>
    public static SearchTerm Of(string text)
    {
        var trimmed = SearchText.TrimQuery(text);
        var wanted = SearchText.Fold(trimmed);
        var digits = PhoneNumbers.IsNumber(wanted) ? PhoneNumbers.Wanted(wanted) : "";

        // Nothing would be in every row: an apostrophe alone is in none.
        return new SearchTerm(wanted.Length > 0 ? wanted : trimmed, digits.Length >= SearchText.MinDigits ? digits : null);
    }

    /// <summary>Whether a row is one that is looked for. Rows of an earlier version have their name only.</summary>
    public bool IsIn(LedgerEntry entry)
    {
        if (entry.Search is not { } search)
        {
            return IsIn(entry.ObjectName) || IsIn(entry.Id);
        }

        return IsIn(search)
            || (Digits is not null && (HasDigits(search, Digits) || HasDigits(entry.Number ?? "", Digits)))
            || IsIn(entry.Id)
            || IsIn(entry.BucketId)
            || IsIn(entry.Person)
            || IsIn(entry.Number)
            || IsIn(entry.UserId);
    }

    /// <summary>Whether digits are in a text, of which rows of an earlier version lack those of numbers with unusual punctuation.</summary>
    private static bool HasDigits(string search, string digits) => search.Contains(digits, StringComparison.Ordinal)
        || PhoneNumbers.Runs(SearchText.Simplify(search)).Any(run => PhoneNumbers.Digits(run).Contains(digits, StringComparison.Ordinal));

    /// <summary>Whether it is in a value.</summary>
    private bool IsIn(string? value) => value is not null && SearchText.Fold(value).Contains(Text, StringComparison.Ordinal);
}
