using NCrontab;

namespace LocalHost.Timers;

/// <summary>
/// A NCRONTAB schedule of five or six fields, in a time zone. Across a clock change a schedule that runs every few
/// minutes or every hour keeps its rhythm, and one at a fixed hour runs once a day: at the change when its hour is
/// skipped, at the first of the two when it is repeated.
/// </summary>
internal sealed class TimerSchedule
{
    private readonly CrontabSchedule _schedule;
    private readonly TimeZoneInfo _zone;
    private readonly bool _hasFixedHour;

    private TimerSchedule(CrontabSchedule schedule, TimeZoneInfo zone, bool hasFixedHour)
    {
        _schedule = schedule;
        _zone = zone;
        _hasFixedHour = hasFixedHour;
    }

    public static TimerSchedule Parse(string expression, TimeZoneInfo zone)
    {
        var fields = expression.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var schedule = CrontabSchedule.TryParse(expression, new CrontabSchedule.ParseOptions { IncludingSeconds = fields.Length == 6 })
            ?? throw new FormatException($"\"{expression}\" is not a NCRONTAB expression such as \"0 */5 * * * *\".");
        return new TimerSchedule(schedule, zone, hasFixedHour: !fields[^4].StartsWith('*'));
    }

    /// <summary>The first run after a time.</summary>
    public DateTimeOffset Next(DateTimeOffset after)
    {
        return _hasFixedHour ? NextAtFixedHour(after) : NextByRhythm(after);
    }

    private DateTimeOffset NextByRhythm(DateTimeOffset after)
    {
        // The wall clock runs evenly until the zone's offset changes; beyond that it is read anew from the change on.
        var from = after;
        while (true)
        {
            var offset = _zone.GetUtcOffset(from);
            var next = new DateTimeOffset(_schedule.GetNextOccurrence(from.ToOffset(offset).DateTime), offset);
            if (next <= after || _zone.GetUtcOffset(next) == offset)
            {
                return next.ToUniversalTime();
            }

            from = ChangeBetween(from, next, offset).AddTicks(-1);
            var changed = _zone.GetUtcOffset(from.AddTicks(1));
            next = new DateTimeOffset(_schedule.GetNextOccurrence(from.ToOffset(changed).DateTime), changed);
            if (_zone.GetUtcOffset(next) == changed)
            {
                return next.ToUniversalTime();
            }

            from = next;
        }
    }

    private DateTimeOffset NextAtFixedHour(DateTimeOffset after)
    {
        var wall = TimeZoneInfo.ConvertTime(after, _zone).DateTime;
        while (true)
        {
            wall = _schedule.GetNextOccurrence(wall);
            var next = OnClock(wall);
            if (next > after)
            {
                return next;
            }
        }
    }

    private DateTimeOffset OnClock(DateTime wall)
    {
        if (_zone.IsInvalidTime(wall))
        {
            var before = new DateTimeOffset(wall.AddHours(-3), _zone.GetUtcOffset(wall.AddHours(-3)));
            return ChangeBetween(before, before.AddHours(6), before.Offset);
        }

        var offset = _zone.IsAmbiguousTime(wall) ? _zone.GetAmbiguousTimeOffsets(wall).Max() : _zone.GetUtcOffset(wall);
        return new DateTimeOffset(wall, offset).ToUniversalTime();
    }

    private DateTimeOffset ChangeBetween(DateTimeOffset from, DateTimeOffset to, TimeSpan offset)
    {
        var low = from.UtcTicks;
        var high = to.UtcTicks;
        while (high - low > 1)
        {
            var middle = low + ((high - low) / 2);
            if (_zone.GetUtcOffset(new DateTimeOffset(middle, TimeSpan.Zero)) == offset)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return new DateTimeOffset(high, TimeSpan.Zero);
    }
}
