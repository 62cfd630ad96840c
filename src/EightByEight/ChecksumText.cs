using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace EightByEight;

/// <summary>
/// Reads MD5 checksums in every form in which servers write them: hex in any case, with separators or without, Base64
/// (Content-MD5), in quotes (ETag) or weak ones, with the name of the algorithm before it.
/// </summary>
internal static partial class ChecksumText
{
    private const int Md5Length = 16;
    private const int MaxParts = 10_000;
    private static readonly SearchValues<char> LowerHexDigits = SearchValues.Create("0123456789abcdef");
    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789abcdefABCDEF"u8);

    /// <summary>The form, and the checksum in its usual spelling; as it was given when it is not understood.</summary>
    public static (ChecksumForm Form, string? Text) Read(string? text, string? type)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return (ChecksumForm.None, null);
        }

        if (!IsMd5(type))
        {
            return (ChecksumForm.Unknown, text);
        }

        if (text.Length == 2 * Md5Length && !text.AsSpan().ContainsAnyExcept(LowerHexDigits))
        {
            return (ChecksumForm.Md5, text);
        }

        var bare = Bare(text);
        if (Multipart().Match(bare) is { Success: true } multipart
            && int.Parse(multipart.Groups["parts"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) is >= 1 and <= MaxParts and var parts)
        {
            return (ChecksumForm.MultipartMd5, string.Create(CultureInfo.InvariantCulture, $"{multipart.Groups["md5"].Value.ToLowerInvariant()}-{parts}"));
        }

        return Md5(bare) is { } md5 ? (ChecksumForm.Md5, md5) : (ChecksumForm.Unknown, text);
    }

    // The ETag of an object at S3 is its MD5 only where its encryption allows that.
    private static bool IsMd5(string? type) =>
        string.IsNullOrWhiteSpace(type)
        || string.Concat(type.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant() is "MD5" or "CONTENTMD5" or "MD5SUM" or "MD5HEX" or "MD5BASE64";

    /// <summary>Without quotes, the mark of a weak ETag, and the algorithm's name.</summary>
    private static string Bare(string text)
    {
        for (var bare = text.Trim(); ; text = bare)
        {
            bare = Wrapping().Match(bare) is { Success: true } match ? match.Groups["inner"].Value.Trim() : bare;
            if (bare.Length == text.Length)
            {
                return bare;
            }
        }
    }

    private static string? Md5(string text)
    {
        var digits = Separated().IsMatch(text) ? text.Replace(text[2..3], "", StringComparison.Ordinal) : text;
        if (digits.Length == 2 * Md5Length && digits.All(char.IsAsciiHexDigit))
        {
            return digits.ToLowerInvariant();
        }

        // The second alphabet is that of addresses, in which the end is often left out.
        var base64 = text.Replace('-', '+').Replace('_', '/').TrimEnd('=');
        Span<byte> bytes = stackalloc byte[3 * Md5Length];
        if (!Convert.TryFromBase64String(base64.PadRight((base64.Length + 3) / 4 * 4, '='), bytes, out var length))
        {
            return null;
        }

        return length switch
        {
            Md5Length => Convert.ToHexStringLower(bytes[..length]),

            // Base64 of the hex digits instead of the bytes.
            2 * Md5Length when bytes[..length] is var hex && !hex.ContainsAnyExcept(HexDigits) =>
                Encoding.ASCII.GetString(hex).ToLowerInvariant(),
            _ => null,
        };
    }

    [GeneratedRegex(@"^(?<md5>[0-9a-fA-F]{32})-(?<parts>[0-9]{1,5})$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Multipart();

    [GeneratedRegex(
        @"^[0-9a-fA-F]{2}(?<separator>[: -])([0-9a-fA-F]{2}\k<separator>){14}[0-9a-fA-F]{2}$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Separated();

    [GeneratedRegex(
        """^("(?<inner>.*)"|'(?<inner>.*)'|&quot;(?<inner>.*)&quot;|W/(?<inner>["'&].*)|0x(?<inner>.*)|\{?(content-)?md5(\}|\s*[:=]\s*|\s+)(?<inner>.*))$""",
        RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Wrapping();
}
