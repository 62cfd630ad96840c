using System.Text.RegularExpressions;

namespace EightByEight;

/// <summary>
/// Addresses that servers give, exactly as they are given: <see cref="Uri"/> would resolve dot segments and decode what
/// need not be encoded, and a signature over the address would no longer fit.
/// </summary>
internal static partial class RawAddress
{
    private static readonly UriCreationOptions AsGiven = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>An absolute address; <see langword="null"/> when it is none.</summary>
    public static Uri? Parse(string text)
    {
        text = text.Trim();
        if (text.AsSpan().IndexOfAnyExceptInRange('\x21', '\x7E') >= 0)
        {
            // Nothing is sent as given that could end the request line.
            return Uri.TryCreate(text, UriKind.Absolute, out var escaped) ? escaped : null;
        }

        return Uri.TryCreate(text.Split('#')[0], AsGiven, out var uri) && uri.IsAbsoluteUri ? uri : null;
    }

    /// <summary>The address that a redirect leads to (RFC 3986, section 5.2); <see langword="null"/> when it is none.</summary>
    public static Uri? Resolve(Uri from, string location)
    {
        location = location.Trim();
        if (Scheme().IsMatch(location))
        {
            return Parse(location);
        }

        if (location.StartsWith("//", StringComparison.Ordinal))
        {
            return Parse($"{from.Scheme}:{location}");
        }

        if (location.StartsWith('/'))
        {
            return Parse(from.GetLeftPart(UriPartial.Authority) + location);
        }

        return location.Length > 0 && Uri.TryCreate(new Uri(from.AbsoluteUri), location, out var relative) ? relative : null;
    }

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9+.-]*:", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Scheme();
}
