using System.Buffers;

namespace Archiving.Ledger;

/// <summary>Phone numbers and other numbers in text that <see cref="SearchText.Simplify"/> gave, in any notation.</summary>
internal static class PhoneNumbers
{
    /// <summary>The digits by which numbers are compared that may be written with or without the code of the country.</summary>
    public const int NationalDigits = 10;

    /// <summary>What phone numbers are written with beside digits.</summary>
    public const string Punctuation = "+-()./ ";

    // ITU-T E.164 has 15 digits, and a prefix for calls abroad three more. What has more is another kind of number.
    private const int MaxDigits = 18;

    private static readonly SearchValues<char> Characters = SearchValues.Create("0123456789" + Punctuation);

    /// <summary>Whether a text has nothing but the characters that phone numbers are written with.</summary>
    public static bool IsNumber(string text) => text.AsSpan().IndexOfAnyExcept(Characters) < 0;

    /// <summary>Digits in a row, with the punctuation of phone numbers between them.</summary>
    public static IEnumerable<string> Runs(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            var length = text.AsSpan(start).IndexOfAnyExcept(Characters);
            var end = length < 0 ? text.Length : start + length;
            if (end > start)
            {
                yield return text[start..end];
            }

            start = end + 1;
        }
    }

    /// <summary>The digits of a number, without the zero that is dialed only within the country: <c>+44 (0)20</c>.</summary>
    public static string Digits(string number)
    {
        var zero = number.IndexOf("(0)", StringComparison.Ordinal);
        if (zero > 0 && number.AsSpan(0, zero).IndexOfAnyInRange('0', '9') >= 0)
        {
            number = number.Replace("(0)", "", StringComparison.Ordinal);
        }

        return new string([.. number.Where(char.IsAsciiDigit)]);
    }

    /// <summary>
    /// The digits of which a number that is looked for has to have all: of a whole number the last ten, because the same
    /// number is written with a zero instead of the code of the country.
    /// </summary>
    public static string Wanted(string number)
    {
        // A number may be written for calls within its country, with zeros where others write the country.
        var digits = Digits(number);
        digits = digits.TrimStart('0') is { Length: >= SearchTerms.MinDigits } international ? international : digits;
        return digits.Length is > NationalDigits and <= MaxDigits ? digits[^NationalDigits..] : digits;
    }
}
