using System.Globalization;
using System.Text.RegularExpressions;
using Azure;

namespace EightByEight;

/// <summary>
/// For how long a response asks not to be called again: <c>Retry-After</c> in whole or broken seconds or as a date, and
/// <c>x-ratelimit-remaining: 0</c> with <c>x-ratelimit-reset</c> in seconds from now or since 1970. Rounded up to
/// whole seconds, and never more than <see cref="MaxDelay"/>.
/// </summary>
internal static partial class RetryAfter
{
    /// <summary>The maximum. A date that a wrong clock produced must not stop the instance for a day.</summary>
    public static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(10);

    // Limits are documented for windows of a minute (8x8 developer site); who asks before the end of one gets a 429 that says more.
    private static readonly TimeSpan MaxResetDelay = TimeSpan.FromMinutes(1);
    private static readonly string[] Prefixes = ["x-ratelimit-", "x-rate-limit-", "ratelimit-"];

    /// <summary>The time; <see langword="null"/> when the response says nothing that can be understood.</summary>
    public static TimeSpan? Read(Response response, DateTimeOffset now)
    {
        if (!response.Headers.TryGetValue("Retry-After", out var value))
        {
            return null;
        }

        if (TimeText.ParseHttp(value.Trim()) is { } date)
        {
            return Until(date, response, now, MaxDelay);
        }

        // Two headers arrive as one list.
        TimeSpan? longest = null;
        foreach (var part in value.Split(','))
        {
            if (Seconds().Match(part) is { Success: true } match)
            {
                // A number that is too large for the type is too large for anything.
                var number = match.Groups["number"].ValueSpan;
                var isNumber = decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds);
                var asked = isNumber ? RoundUp(seconds, MaxDelay) : MaxDelay;
                longest = asked < longest ? longest : asked;
            }
        }

        return longest;
    }

    /// <summary>
    /// The time until more requests are allowed, when none is left; <see langword="null"/> when some are, or the
    /// response does not say when.
    /// </summary>
    public static TimeSpan? ReadReset(Response response, DateTimeOffset now)
    {
        foreach (var prefix in Prefixes)
        {
            if (response.Headers.TryGetValue(prefix + "remaining", out var remaining) && Number(remaining) <= 0
                && response.Headers.TryGetValue(prefix + "reset", out var reset))
            {
                return Number(reset) is not { } number ? TimeText.Parse(reset) is { } time ? Until(time, response, now, MaxResetDelay) : null
                    : number < 1_000_000_000 ? RoundUp(number, MaxResetDelay)
                    : TimeText.FromEpoch(number) is { } epoch ? Until(epoch, response, now, MaxResetDelay)
                    : null;
            }
        }

        return null;
    }

    /// <summary>Between a time and the moment of the response by the same clock: the two machines' clocks may differ.</summary>
    private static TimeSpan? Until(DateTimeOffset time, Response response, DateTimeOffset now, TimeSpan maximum)
    {
        var sent = response.Headers.TryGetValue("Date", out var text) && TimeText.ParseHttp(text) is { } date ? date : now;
        return time > sent ? RoundUp((decimal)(time - sent).TotalSeconds, maximum) : null;
    }

    private static TimeSpan? RoundUp(decimal seconds, TimeSpan maximum) => seconds switch
    {
        < 0 => null,
        _ when seconds >= (decimal)maximum.TotalSeconds => maximum,
        _ => TimeSpan.FromSeconds((double)Math.Ceiling(seconds)),
    };

    /// <summary>The number at the beginning of a header; others may follow in a list.</summary>
    private static decimal? Number(string text) => decimal.TryParse(
        text.Split(',', ';')[0],
        NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
        CultureInfo.InvariantCulture,
        out var number)
            ? number
            : null;

    [GeneratedRegex(
        @"^\s*\+?(?<number>\d+(\.\d*)?)\s*(s|sec|secs|second|seconds)?\s*$",
        RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Seconds();
}
