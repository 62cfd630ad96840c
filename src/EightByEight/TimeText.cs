using System.Globalization;
using System.Text.RegularExpressions;

namespace EightByEight;

/// <summary>
/// Reads times in every form in which servers write them: ISO 8601 with or without separators and zone, epoch
/// milliseconds or seconds, dates of HTTP. Without a zone a time is UTC, not one of this machine's zone. A text that
/// could mean two times is none.
/// </summary>
internal static partial class TimeText
{
    // No object is older than 1973, so a smaller number does not count milliseconds.
    private const decimal MinMilliseconds = 100_000_000_000;
    private static readonly decimal MaxMilliseconds = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    private static readonly string[] HttpFormats =
    [
        "ddd, d MMM yyyy HH:mm:ss 'GMT'", "ddd, d MMM yyyy HH:mm:ss 'UTC'", "dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy",
        "ddd MMM d HH:mm:ss 'GMT' yyyy", "ddd MMM d HH:mm:ss 'UTC' yyyy",
    ];

    /// <summary>The time; <see langword="null"/> when the text is none.</summary>
    public static DateTimeOffset? Parse(string text)
    {
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (DateTimeOffset.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture, Utc, out var usual))
        {
            // The form of 8x8's documents.
            return usual;
        }

        text = text.Trim();
        if (Basic().Match(text) is { Success: true } basic)
        {
            return Read(basic);
        }

        const NumberStyles Styles = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (decimal.TryParse(text, Styles, CultureInfo.InvariantCulture, out var number))
        {
            return FromEpoch(number);
        }

        return Extended().Match(text) is { Success: true } extended ? Read(extended) : ParseHttp(text);
    }

    /// <summary>A date of HTTP (RFC 9110, section 5.6.7); <see langword="null"/> when the text is none.</summary>
    public static DateTimeOffset? ParseHttp(string text)
    {
        const DateTimeStyles Styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal | DateTimeStyles.AllowWhiteSpaces;
        return DateTimeOffset.TryParseExact(text, HttpFormats, CultureInfo.InvariantCulture, Styles, out var time) ? time : null;
    }

    /// <summary>A time from milliseconds or, when they are too few for that, seconds since 1970.</summary>
    public static DateTimeOffset? FromEpoch(decimal number)
    {
        var milliseconds = Math.Abs(number) < MinMilliseconds ? number * 1000 : number;
        return milliseconds >= 0 && milliseconds <= MaxMilliseconds ? DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds) : null;
    }

    /// <summary>A time from year, month, day, and perhaps hour, minute, second and nanosecond: so Java writes one without a zone.</summary>
    public static DateTimeOffset? FromParts(IReadOnlyList<long> parts)
    {
        long Part(int index) => index < parts.Count ? parts[index] : 0;
        return parts.Count is >= 3 and <= 7 && Part(6) is >= 0 and < 1_000_000_000
            ? Build(Part(0), Part(1), Part(2), Part(3), Part(4), Part(5), Part(6) / 100, offset: 0)
            : null;
    }

    private static DateTimeOffset? Read(Match match)
    {
        static long Number(ReadOnlySpan<char> digits) => digits.IsEmpty ? 0 : long.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
        long Part(string name) => Number(match.Groups[name].ValueSpan);
        if (match.Groups["hour"].Success && !match.Groups["offset"].Success && match.Groups["place"] is { Success: true } place && !IsUtc(place.Value))
        {
            // The time of a place without its offset.
            return null;
        }

        var fraction = match.Groups["fraction"].Value.PadRight(7, '0')[..7];
        var offset = (Part("offsetHour") * 60) + Part("offsetMinute");
        return Part("offsetMinute") < 60 && offset <= 14 * 60
            ? Build(
                Part("year"),
                Part("month"),
                Part("day"),
                Part("hour"),
                Part("minute"),
                Part("second"),
                Number(fraction),
                match.Groups["sign"].Value == "-" ? -offset : offset)
            : null;
    }

    private static bool IsUtc(string place) => place.ToUpperInvariant() is "UTC" or "GMT" or "Z" or "ETC/UTC" or "ETC/GMT" or "UCT" or "ZULU";

    /// <param name="year">Year.</param>
    /// <param name="month">Month.</param>
    /// <param name="day">Day.</param>
    /// <param name="hour">Hour; 24 is midnight at the end of the day.</param>
    /// <param name="minute">Minute.</param>
    /// <param name="second">Second; 60 is a leap second, which clocks count as the next one.</param>
    /// <param name="ticks">Fraction of the second.</param>
    /// <param name="offset">Minutes from UTC.</param>
    private static DateTimeOffset? Build(long year, long month, long day, long hour, long minute, long second, long ticks, long offset)
    {
        if (year is < 1 or > 9999 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth((int)year, (int)month)
            || hour is < 0 or > 24 || minute is < 0 or > 59 || second is < 0 or > 60 || (hour == 24 && (minute, second, ticks) is not (0, 0, 0)))
        {
            return null;
        }

        var since = new DateTime((int)year, (int)month, (int)day, 0, 0, 0, DateTimeKind.Utc).Ticks
            + (((((hour * 60) + minute - offset) * 60) + second) * TimeSpan.TicksPerSecond) + ticks;
        return since >= DateTimeOffset.MinValue.Ticks && since <= DateTimeOffset.MaxValue.Ticks ? new DateTimeOffset(since, TimeSpan.Zero) : null;
    }

    private const string Zone =
        @"\s?(?<offset>[zZ]|(UTC|GMT)?(?<sign>[+-])(?<offsetHour>\d{2})(:?(?<offsetMinute>\d{2}))?|UTC|GMT|utc|gmt)?(\s?\[(?<place>[A-Za-z0-9/_+-]+)\])?$";

    private const string Seconds = @"(?<second>\d{2})([.,](?<fraction>\d+))?";

    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    [GeneratedRegex(
        @"^(?<year>\d{4})(?<separator>[-/])(?<month>\d{2})\k<separator>(?<day>\d{2})"
            + @"(([tT]|\s+)(?<hour>\d{2}):(?<minute>\d{2})(:" + Seconds + ")?" + Zone + "|$)",
        Options,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Extended();

    // Digits alone are a date when they are as many as a date has: as a number they would be a time that no object has.
    [GeneratedRegex(
        @"^(?<year>(19|20)\d{2})(?<month>\d{2})(?<day>\d{2})"
            + @"([tT](?<hour>\d{2})(?<minute>\d{2})(" + Seconds + @")?|(?<hour>\d{2})(?<minute>\d{2})(?<second>\d{2})|)" + Zone,
        Options,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Basic();
}
