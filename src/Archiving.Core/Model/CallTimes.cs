using System.Globalization;
using EightByEight;

namespace Archiving.Model;

/// <summary>When a call was, by a record's tags (8x8 developer site, Cloud Storage Service, tags: epoch milliseconds).</summary>
public static class CallTimes
{
    // Longer than any call: what is longer is in another unit.
    private static readonly TimeSpan MaxDuration = TimeSpan.FromDays(2);

    /// <summary>When it began; <see langword="null"/> when the record does not say.</summary>
    public static DateTimeOffset? FindStart(StorageObject record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return Milliseconds(record, "startTime") is { } start and < 8_000_000_000_000
            ? LedgerKey.Storable(DateTimeOffset.FromUnixTimeMilliseconds(start))
            : null;
    }

    /// <summary>
    /// How long it was: from its start to its end, else by the tag <c>duration</c>, which is in milliseconds for what was
    /// recorded. Of all else 8x8's documents disagree about the unit, and nothing is said.
    /// </summary>
    public static TimeSpan? FindDuration(StorageObject record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (Milliseconds(record, "startTime") is { } start && Milliseconds(record, "endTime") is { } end && Sensible(end - start) is { } span)
        {
            return span;
        }

        var isRecorded = record.Type.Contains("recording", StringComparison.OrdinalIgnoreCase)
            || record.Type.Contains("voicemail", StringComparison.OrdinalIgnoreCase)
            || record.Type.Equals("meeting", StringComparison.OrdinalIgnoreCase);
        return isRecorded && Milliseconds(record, "duration") is { } duration ? Sensible(duration) : null;
    }

    private static long? Milliseconds(StorageObject record, string key) =>
        long.TryParse(record.GetTag(key), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static TimeSpan? Sensible(long milliseconds) =>
        milliseconds >= 0 && milliseconds <= MaxDuration.TotalMilliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null;
}
