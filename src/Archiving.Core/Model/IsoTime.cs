using System.Globalization;
using System.Text.RegularExpressions;

namespace Archiving.Model;

/// <summary>Points in time as requests and settings write them: ISO 8601, UTC when they have no zone.</summary>
public static partial class IsoTime
{
    /// <summary>What they look like.</summary>
    public const string Form = "an ISO 8601 time from 1970 to 2199 such as 2026-10-01T00:00:00Z";

    /// <summary>What is expected of a field that holds something else.</summary>
    public const string Expected = $"Expected {Form}.";

    /// <summary>Reads a time; <see langword="null"/> when it is none, or before 1970 or after 2199, whose end is a time too: a range may end there.</summary>
    public static DateTimeOffset? Parse(string? text) =>
        text is not null
        && Pattern().IsMatch(text)
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
        && time >= DateTimeOffset.UnixEpoch && time <= LedgerKey.Latest
            ? time
            : null;

    [GeneratedRegex(@"^\d{4}-\d{2}-\d{2}([T ].*)?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
