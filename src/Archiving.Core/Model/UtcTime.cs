namespace Archiving.Model;

/// <summary>Points in time cut to a day or a second, in UTC.</summary>
internal static class UtcTime
{
    /// <summary>When the day of a time began.</summary>
    public static DateTimeOffset DayOf(DateTimeOffset time) => new(time.UtcDateTime.Date, TimeSpan.Zero);

    /// <summary>A time without its fraction of a second.</summary>
    public static DateTimeOffset SecondOf(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
}
