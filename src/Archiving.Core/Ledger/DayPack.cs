using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Archiving.Ledger;

/// <summary>The row of a quarter: days of a region as their own rows had them, compressed.</summary>
internal static class DayPack
{
    // Sorts behind every region.
    private const string Prefix = "~";

    // A property holds 64 KiB (Azure Table Storage). Days for which there is no room keep their own rows.
    private const int MaxPackLength = 60_000;

    /// <summary>The key of the quarter that a day belongs to.</summary>
    /// <param name="day">Key of the day, which ends with its date.</param>
    public static string KeyOf(string day) => $"{Prefix}{day[..^4]}q{((int.Parse(day.AsSpan(day.Length - 4, 2)) - 1) / 3) + 1}";

    /// <summary>Whether a row is a quarter's.</summary>
    public static bool Is(DayRow row) => row.Packed is not null;

    /// <summary>The days of a quarter.</summary>
    public static IEnumerable<DayRow> Read(DayRow pack)
    {
        using var json = new BrotliStream(new MemoryStream(pack.Packed!), CompressionMode.Decompress);
        return (JsonSerializer.Deserialize(json, DayPackJson.Default.ListPackedDay) ?? []).ConvertAll(day => day.ToRow());
    }

    /// <summary>Adds days to a quarter, or replaces what it says of them.</summary>
    /// <returns><see langword="false"/> when there is no room.</returns>
    public static bool TryAdd(DayRow pack, IEnumerable<DayRow> days)
    {
        var all = (Is(pack) ? Read(pack) : []).Concat(days).ToLookup(day => day.RowKey, StringComparer.Ordinal);
        using var packed = new MemoryStream();
        using (var compressed = new BrotliStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            JsonSerializer.Serialize(compressed, [.. all.Select(day => PackedDay.Of(day.Last()))], DayPackJson.Default.ListPackedDay);
        }

        if (packed.Length > MaxPackLength)
        {
            return false;
        }

        pack.Packed = packed.ToArray();
        return true;
    }
}

/// <summary>A day's row in that of its quarter.</summary>
internal sealed record PackedDay(
    string Key,
    string? Region,
    DateTimeOffset? ChangedUntil,
    DateTimeOffset? CountedAt,
    long? Milliseconds,
    string? Counts,
    string? Digest)
{
    public static PackedDay Of(DayRow row) => new(row.RowKey, row.Region, row.ChangedUntil, row.CountedAt, row.Milliseconds, row.Counts, row.Digest);

    public DayRow ToRow() => new()
    {
        RowKey = Key,
        Region = Region,
        ChangedUntil = ChangedUntil,
        CountedAt = CountedAt,
        Milliseconds = Milliseconds,
        Counts = Counts,
        Digest = Digest,
    };
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(List<PackedDay>))]
internal sealed partial class DayPackJson : JsonSerializerContext;
