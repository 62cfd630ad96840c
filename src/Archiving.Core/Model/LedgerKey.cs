using System.Globalization;
using EightByEight;

namespace Archiving.Model;

/// <summary>Where an object's row is: partition <c>{region}|{yyyyMMdd of createdTime, UTC}</c>, row key the encoded id.</summary>
/// <param name="PartitionKey">Region and day.</param>
/// <param name="RowKey">Encoded id.</param>
public readonly record struct LedgerKey(string PartitionKey, string RowKey)
{
    private const string DayForm = "yyyyMMdd";

    // Some centuries before the calendar's end, so that a day, or a retention, after it is still a time.
    /// <summary>The end of the times that a row can be of.</summary>
    public static readonly DateTimeOffset Latest = new(2200, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The key of an object's row.</summary>
    public static LedgerKey Of(string region, StorageObject record) => new LedgerKey(Partition(region, CreatedTime(record)), ObjectNames.Encode(record.Id));

    /// <summary>The partition of a region and day.</summary>
    public static string Partition(string region, DateTimeOffset createdTime) =>
        $"{ObjectNames.Encode(region)}|{createdTime.UtcDateTime.ToString(DayForm, CultureInfo.InvariantCulture)}";

    /// <summary>The day of a partition, UTC.</summary>
    public static DateTimeOffset DayOf(string partition) =>
        DateTimeOffset.ParseExact(partition.AsSpan(partition.Length - DayForm.Length), DayForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    /// <summary>The region of a partition, encoded.</summary>
    public static string EncodedRegionOf(string partition) => partition[..^(DayForm.Length + 1)];

    /// <summary>When an object was made. A record without that time is filed under its last change, else under 1970.</summary>
    public static DateTimeOffset CreatedTime(StorageObject record) =>
        Storable(record.CreatedTime) ?? Storable(record.UpdatedTime) ?? DateTimeOffset.UnixEpoch;

    /// <summary>Whether a record says in which partition its row is. A message with only region and id does not.</summary>
    public static bool IsKnown(StorageObject record) => (Storable(record.CreatedTime) ?? Storable(record.UpdatedTime)) is not null;

    /// <summary>A time that a table can hold and that can be true; <see langword="null"/> for any before 1970 or after 2199.</summary>
    public static DateTimeOffset? Storable(DateTimeOffset? time) => time >= DateTimeOffset.UnixEpoch && time < Latest ? time : null;
}
