using System.Globalization;
using LocalHost.Timers;

namespace LocalHost.Tests;

public sealed class TimerScheduleTests
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    [Theory]
    [InlineData("0 */5 * * * *", "2026-11-24T12:02:30Z", "2026-11-24T12:05:00Z")]
    [InlineData("0 */5 * * * *", "2026-11-24T12:05:00Z", "2026-11-24T12:10:00Z")]
    [InlineData("*/5 * * * * *", "2026-11-24T12:02:31Z", "2026-11-24T12:02:35Z")]
    [InlineData("*/5 * * * *", "2026-11-24T12:02:31Z", "2026-11-24T12:05:00Z")]
    [InlineData("0 0 3 * * 0", "2026-11-24T12:00:00Z", "2026-11-29T03:00:00Z")]
    [InlineData("0 30 1 * * *", "2026-12-31T12:00:00Z", "2027-01-01T01:30:00Z")]
    public void Runs_by_ncrontab(string expression, string after, string expected)
    {
        Assert.Equal(Time(expected), TimerSchedule.Parse(expression, TimeZoneInfo.Utc).Next(Time(after)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("every day")]
    [InlineData("0 61 * * * *")]
    [InlineData("* * *")]
    public void Refuses_what_is_no_schedule(string expression)
    {
        Assert.Throws<FormatException>(() => TimerSchedule.Parse(expression, TimeZoneInfo.Utc));
    }

    // In 2026 Berlin's clocks go forward on 29 March at 01:00 UTC and back on 25 October at 01:00 UTC.
    [Theory]
    [InlineData("0 30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z")]
    [InlineData("0 30 2 * * *", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z")]
    [InlineData("0 30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z")]
    [InlineData("0 30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    [InlineData("0 30 4 * * *", "2026-10-25T00:30:00Z", "2026-10-25T03:30:00Z")]
    public void Runs_once_a_day_at_a_fixed_hour_across_a_clock_change(string expression, string after, string expected)
    {
        Assert.Equal(Time(expected), TimerSchedule.Parse(expression, Berlin).Next(Time(after)));
    }

    [Theory]
    [InlineData("0 */10 * * * *", "2026-03-29T00:00:00Z", 10, 24)]
    [InlineData("0 */10 * * * *", "2026-10-25T00:00:00Z", 10, 24)]
    [InlineData("0 0 * * * *", "2026-03-28T22:30:00Z", 60, 6)]
    [InlineData("0 0 * * * *", "2026-10-24T22:30:00Z", 60, 6)]
    [InlineData("*/5 * * * * *", "2026-10-25T00:59:00Z", 0, 24)]
    public void Keeps_its_rhythm_across_a_clock_change(string expression, string start, int minutes, int runs)
    {
        var schedule = TimerSchedule.Parse(expression, Berlin);
        var step = minutes == 0 ? TimeSpan.FromSeconds(5) : TimeSpan.FromMinutes(minutes);
        var at = schedule.Next(Time(start));
        for (var run = 0; run < runs; run++)
        {
            var next = schedule.Next(at);
            Assert.Equal(step, next - at);
            at = next;
        }
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
