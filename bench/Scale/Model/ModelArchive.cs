using System.Globalization;
using Archiving.Model;

namespace Scale.Model;

/// <summary>
/// An archive of ten years in four regions, of any size: every object is calculated from the seed when it is asked for, so none is
/// kept. Calls are made on weekdays between 8 and 18 o'clock and have three objects each.
/// </summary>
internal sealed class ModelArchive
{
    public const int ObjectsPerCall = 3;

    /// <summary>A person of every twentieth call.</summary>
    public const string Frequent = "Jane Doe";

    /// <summary>A person of six calls, whatever the size.</summary>
    public const string Rare = "Zacharias Quist";

    /// <summary>A number of six other calls.</summary>
    public const string Number = "+1 415 555 0100";

    /// <summary>A word that transcript and summary of every tenth call have.</summary>
    public const string FrequentWord = "refund";

    /// <summary>A word of six calls, whatever the size.</summary>
    public const string RareWord = "kaleidoscope";

    public static readonly string[] Regions = ["ap", "ca", "uk", "us-east"];
    public static readonly string[] Types = ["callrecording", "transcription", "summary"];

    private const int Years = 10;
    private const int FirstHour = 8;
    private const int Hours = 10;
    private const int RareCalls = 6;
    private const int WordCall = 0;
    private const int RareCall = 1;
    private const int NumberCall = 2;
    private const int FrequentEvery = 20;
    private const int FrequentWordEvery = 10;
    private static readonly string[] FirstNames = ["Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Katja", "Liam"];
    private static readonly string[] LastNames = ["Abbott", "Becker", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Hansen", "Ito", "Jensen", "Keller"];
    private readonly ulong _seed;
    private readonly int[] _counts;

    public ModelArchive(long objects, int seed, DateTimeOffset now)
    {
        Objects = objects;
        Now = now;
        _seed = Mix((ulong)seed + 1);
        var today = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        Days = [.. Enumerable.Range(0, (int)(today - today.AddYears(-Years)).TotalDays)
            .Select(back => today.AddDays(-back))
            .Where(day => day.DayOfWeek is not (DayOfWeek.Saturday or DayOfWeek.Sunday))
            .Reverse()];
        var all = Days.Count * Regions.Length;
        _counts = [.. Enumerable.Range(0, all).Select(number => (int)((Int128)objects * (number + 1) / all) - (int)((Int128)objects * number / all))];
    }

    public long Objects { get; }

    public DateTimeOffset Now { get; }

    /// <summary>The days, the oldest first.</summary>
    public IReadOnlyList<DateTimeOffset> Days { get; }

    /// <summary>How many objects a region made on a day.</summary>
    public int Count(int day, int region) => _counts[(day * Regions.Length) + region];

    /// <summary>The day of a partition; -1 when it has none.</summary>
    public (int Day, int Region) Find(string partition)
    {
        var region = Array.IndexOf(Regions, partition[..^9]);
        var time = DateTimeOffset.ParseExact(partition[^8..], "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        return (region < 0 ? -1 : IndexOf(time), region);
    }

    public int IndexOf(DateTimeOffset day)
    {
        var (from, to) = (0, Days.Count - 1);
        while (from <= to)
        {
            var middle = (from + to) / 2;
            if (Days[middle] == day)
            {
                return middle;
            }

            (from, to) = Days[middle] < day ? (middle + 1, to) : (from, middle - 1);
        }

        return -1;
    }

    public DateTimeOffset Created(int day, int index, int count) =>
        Days[day].AddHours(FirstHour).AddTicks(TimeSpan.TicksPerHour * Hours / count * index);

    /// <summary>The first object of a day that was made at a time or later.</summary>
    public int IndexOf(int day, int count, DateTimeOffset time)
    {
        var step = TimeSpan.TicksPerHour * Hours / Math.Max(count, 1);
        var since = (time - Days[day].AddHours(FirstHour)).Ticks;
        return (int)Math.Clamp((since + step - 1) / step, 0, count);
    }

    public ModelObject Get(int day, int region, int index) => new(this, day, region, index);

    public string IdOf(int day, int region, int index) => string.Create(
        CultureInfo.InvariantCulture,
        $"o{index:x7}r{region}d{day:x4}x{(uint)Mix(_seed ^ Place(day, region, index)):x8}");

    /// <summary>Whose call it was: 0 the frequent, 1 the rare, else another.</summary>
    public int PersonOf(int day, int region, int index)
    {
        if (IsRare(day, region, index, RareCall, 10))
        {
            return 1;
        }

        var call = Call(day, region, index);
        return call % FrequentEvery == 0 ? 0 : 2 + (int)((call >> 8) % (ulong)(FirstNames.Length * LastNames.Length));
    }

    public static string NameOf(int person) => person switch
    {
        0 => Frequent,
        1 => Rare,
        _ => $"{FirstNames[(person - 2) % FirstNames.Length]} {LastNames[(person - 2) / FirstNames.Length]}",
    };

    public static int People => 2 + (FirstNames.Length * LastNames.Length);

    public bool HasNumber(int day, int region, int index) => IsRare(day, region, index, NumberCall, 20);

    public bool HasFrequentWord(int day, int region, int index) => Call(day, region, index) / FrequentEvery % FrequentWordEvery == 0;

    public bool HasRareWord(int day, int region, int index) => IsRare(day, region, index, WordCall, 30);

    public string Sha256Of(int day, int region, int index) => string.Create(CultureInfo.InvariantCulture, $"{Mix(_seed ^ Place(day, region, index)):x16}")
        .PadRight(64, '0');

    public string NumberOf(int day, int region, int index)
    {
        var call = Call(day, region, index);
        return HasNumber(day, region, index)
            ? Number
            : string.Create(CultureInfo.InvariantCulture, $"+1 206 {((call >> 20) % 900) + 100} {(call >> 32) % 10_000:D4}");
    }

    private ulong Call(int day, int region, int index) => Mix(_seed ^ Place(day, region, index / ObjectsPerCall) ^ 0x9E3779B97F4A7C15);

    /// <summary>Whether it is that call of a day, and the day one of six, over all years.</summary>
    private bool IsRare(int day, int region, int index, int call, int first) =>
        index / ObjectsPerCall == call && day % (Days.Count / RareCalls) == first && day % Regions.Length == region;

    public static string CallIdOf(int day, int region, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"c{index / ObjectsPerCall:x7}r{region}d{day:x4}");

    /// <summary>Where an object's or a call's id leads.</summary>
    public static (int Day, int Region, int Index)? Parse(string id) =>
        id.Length >= 15 && id[8] == 'r' && id[10] == 'd'
            ? (Convert.ToInt32(id[11..15], 16), id[9] - '0', Convert.ToInt32(id[1..8], 16))
            : null;

    private static ulong Place(int day, int region, int index) => ((ulong)day << 40) | ((ulong)region << 36) | (uint)index;

    private static ulong Mix(ulong value)
    {
        value ^= value >> 30;
        value *= 0xBF58476D1CE4E5B9;
        value ^= value >> 27;
        value *= 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}

/// <summary>An object of the archive.</summary>
internal readonly record struct ModelObject(ModelArchive Archive, int Day, int Region, int Index)
{
    // Of each of the last days, in each region.
    private const int DaysWithFailures = 3;
    private const int Failing = 5;
    private static readonly TimeSpan ToArchive = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan NightlyStart = TimeSpan.FromHours(1.5);
    private const int VerifyDays = 30;

    public string Id => Archive.IdOf(Day, Region, Index);

    public DateTimeOffset CreatedTime => Archive.Created(Day, Index, Archive.Count(Day, Region));

    public DateTimeOffset ArchivedAt => CreatedTime + ToArchive;

    public string Type => ModelArchive.Types[Index % ModelArchive.ObjectsPerCall];

    /// <summary>Whether it is a transcript or a summary.</summary>
    public bool HasText => Index % ModelArchive.ObjectsPerCall > 0;

    public string Sha256 => Archive.Sha256Of(Day, Region, Index);

    public LedgerState State => IsFailing(Archive, Day, Index) ? LedgerState.Failed : LedgerState.Archived;

    public static bool IsFailing(ModelArchive archive, int day, int index) => index == Failing && day >= archive.Days.Count - DaysWithFailures;

    /// <summary>When the nightly verification last read a day's objects; <see langword="null"/> when it did not yet.</summary>
    public static DateTimeOffset? VerifiedAt(ModelArchive archive, int day)
    {
        var made = archive.Days[day];
        var today = new DateTimeOffset(archive.Now.UtcDateTime.Date, TimeSpan.Zero);
        var night = today.AddDays(-((today - made).Days % VerifyDays));
        return night > made ? night + NightlyStart : null;
    }
}
