using System.Text.Json;
using System.Text.Json.Serialization;
using Archiving.Model;
using Archiving.Storage;

namespace Archiving.Ledger;

/// <summary>A partition of the ledger and what it held when it was last counted.</summary>
/// <param name="Partition">Its key.</param>
/// <param name="Day">The day, UTC.</param>
/// <param name="Types">By object type.</param>
/// <param name="IsFresh">Whether it still holds that.</param>
/// <param name="ChangedUntil">Until when it may have changed; <see langword="null"/> when that is not known.</param>
public sealed record LedgerDay(
    string Partition,
    DateTimeOffset Day,
    IReadOnlyDictionary<string, TypeSummary> Types,
    bool IsFresh,
    DateTimeOffset? ChangedUntil = null)
{
    /// <summary>
    /// Whether the day can hold objects in a state: not when it was counted after its last change and had none. A day that was
    /// never counted can hold anything.
    /// </summary>
    public bool MayHold(LedgerState state) => !IsFresh || Types.Values.Any(type => type.Count(state) > 0);

    /// <summary>
    /// When the archived object that was not read for the longest time was last read, as far as it was counted;
    /// <see langword="null"/> when nothing is archived. A later change only makes it later.
    /// </summary>
    public DateTimeOffset? OldestRead => Types.Values.Select(type => type.OldestRead).Min();
}

/// <summary>What the ledger holds of one type, region and day.</summary>
public sealed record TypeSummary
{
    /// <summary>How many objects are in each ledger state.</summary>
    public Dictionary<string, long> States { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Size of what is archived, in bytes.</summary>
    public long Bytes { get; set; }

    /// <summary>How many objects are neither archived nor gone, by the hour of the day in which they were made.</summary>
    public SortedDictionary<int, long> Unarchived { get; init; } = [];

    /// <summary>The same for objects of which a retention rule says when 8x8 deletes them, by its days. They are not among the others.</summary>
    public SortedDictionary<int, SortedDictionary<int, long>>? UnarchivedByRule { get; set; }

    /// <summary>The oldest of all of them; <see langword="null"/> when there is none.</summary>
    public string? OldestId { get; set; }

    /// <summary>When the oldest of them was made.</summary>
    public DateTimeOffset? OldestCreatedTime { get; set; }

    /// <summary>The days of the retention rule that matches the oldest; <see langword="null"/> when none does.</summary>
    public int? OldestRetentionDays { get; set; }

    /// <summary>When the archived object that was not read for the longest time was last read: verified, or else archived.</summary>
    public DateTimeOffset? OldestRead { get; set; }

    /// <summary>How many objects have archived bytes that were found damaged and are not repaired.</summary>
    public long Damaged { get; set; }

    /// <summary>How many objects are in a state.</summary>
    public long Count(LedgerState state) => States.GetValueOrDefault(state.ToString());

    internal void Add(LedgerEntry entry)
    {
        States[entry.State] = States.GetValueOrDefault(entry.State) + 1;
        Bytes += entry.Is(LedgerState.Expired) ? 0 : entry.Bytes ?? 0;
        Damaged += entry.Damaged is null ? 0 : 1;
        if (entry.IsInArchive() && !(OldestRead <= entry.LastRead))
        {
            OldestRead = entry.LastRead;
        }

        if (entry.IsSettled() || entry.Is(LedgerState.Gone))
        {
            return;
        }

        var hour = entry.CreatedTime.UtcDateTime.Hour;
        var hours = entry.RetentionDays is { } days and > 0 ? OfRule(days) : Unarchived;
        hours[hour] = hours.GetValueOrDefault(hour) + 1;
        if (OldestCreatedTime is null || entry.CreatedTime < OldestCreatedTime)
        {
            OldestCreatedTime = entry.CreatedTime;
            OldestId = entry.Id;
            OldestRetentionDays = entry.RetentionDays;
        }
    }

    private SortedDictionary<int, long> OfRule(int days)
    {
        UnarchivedByRule ??= [];
        if (!UnarchivedByRule.TryGetValue(days, out var hours))
        {
            UnarchivedByRule[days] = hours = [];
        }

        return hours;
    }
}

/// <summary>A day's row in the table <c>summaries</c>.</summary>
internal sealed class DayRow : TableRow
{
    // A property holds 32 Ki characters at most (Azure Table Storage). Longer counts are not stored, and are made again each time.
    private const int MaxCountsLength = 30_000;
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(2);

    /// <summary>Initializes a row.</summary>
    public DayRow() => PartitionKey = LedgerChanges.Partition;

    /// <summary>Until when the day may have changed.</summary>
    public DateTimeOffset? ChangedUntil { get; set; }

    /// <summary>When counting began.</summary>
    public DateTimeOffset? CountedAt { get; set; }

    /// <summary>How long counting took, in milliseconds.</summary>
    public long? Milliseconds { get; set; }

    public string? Region { get; set; }

    /// <summary>The counts as JSON.</summary>
    public string? Counts { get; set; }

    /// <summary>What tells whether the archived objects of the day are those that were counted before, see <see cref="LedgerDigest"/>.</summary>
    public string? Digest { get; set; }

    /// <summary>The days of a quarter, in its row, see <see cref="DayPack"/>.</summary>
    public byte[]? Packed { get; set; }

    public static DayRow Create(
        string partition,
        string? region,
        Dictionary<string, TypeSummary> types,
        string digest,
        DateTimeOffset at,
        TimeSpan took)
    {
        var counts = JsonSerializer.Serialize(types, SummaryJson.Default.DictionaryStringTypeSummary);
        return new DayRow
        {
            RowKey = partition,
            Region = region,
            CountedAt = at,
            Milliseconds = (long)took.TotalMilliseconds,
            Counts = counts.Length <= MaxCountsLength ? counts : "",
            Digest = digest,
        };
    }

    public DateTimeOffset ToDay() => LedgerKey.DayOf(RowKey);

    /// <summary>This row, with what was counted before it was written when it holds no counts itself.</summary>
    public DayRow Over(DayRow packed)
    {
        if (CountedAt is not null)
        {
            return this;
        }

        packed.ChangedUntil = ChangedUntil ?? packed.ChangedUntil;
        return packed;
    }

    /// <summary>Whether the day may have changed since it was counted.</summary>
    public bool IsStale() => CountedAt is not { } at || string.IsNullOrEmpty(Counts) || at <= ChangedUntil + ClockTolerance;

    public Dictionary<string, TypeSummary> ReadCounts() =>
        string.IsNullOrEmpty(Counts) ? [] : JsonSerializer.Deserialize(Counts, SummaryJson.Default.DictionaryStringTypeSummary) ?? [];
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(Dictionary<string, TypeSummary>))]
internal sealed partial class SummaryJson : JsonSerializerContext;
