using NCrontab;

namespace Archiving.Settings;

/// <summary>
/// A schedule as the Functions host reads it (azure-webjobs-sdk-extensions, CronSchedule): five fields have no seconds, any other
/// number must be six. In UTC.
/// </summary>
public sealed class Schedule
{
    private readonly CrontabSchedule _times;

    private Schedule(CrontabSchedule times) => _times = times;

    /// <summary>Reads a schedule; <see langword="null"/> when the host could not use it.</summary>
    public static Schedule? TryParse(string text) => CrontabSchedule.TryParse(
        text,
        new CrontabSchedule.ParseOptions { IncludingSeconds = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length != 5 }) is { } times
            ? new Schedule(times)
            : null;

    /// <summary>
    /// When it comes up after a time for the first time, the second, and so on; <see langword="null"/> when not within 41 years, the
    /// longest time between two leap days on a given day of the week.
    /// </summary>
    public DateTimeOffset? After(DateTimeOffset time, int times = 1)
    {
        var end = time.UtcDateTime.AddYears(41);
        var next = time.UtcDateTime;
        for (var count = 0; count < times; count++)
        {
            next = _times.GetNextOccurrence(next, end);
        }

        return next < end ? new DateTimeOffset(DateTime.SpecifyKind(next, DateTimeKind.Utc)) : null;
    }
}
