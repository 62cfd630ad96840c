using System.Runtime.InteropServices;
using Archiving.Settings;
using EightByEight;

namespace Operations.Plan;

/// <summary>Sums of what was listed. They are fractions when parts were estimated.</summary>
internal sealed class CountedObjects
{
    private const int MaxSamples = 5;
    private readonly Dictionary<(string Region, string Type, string State), Group> _groups = [];
    private readonly List<(string Region, StorageObject Record)> _samples = [];
    private readonly HashSet<(string Region, string Text)> _unreadable = [];

    /// <summary>Whether a part was estimated.</summary>
    public bool IsEstimate { get; set; }

    /// <summary>Some of the objects, of different types where there are.</summary>
    public IReadOnlyList<(string Region, StorageObject Record)> Samples => _samples;

    /// <summary>The object types.</summary>
    public IReadOnlyList<string> Types => [.. _groups.Keys.Select(key => key.Type).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>How many records were listed.</summary>
    public long Listed { get; set; }

    /// <summary>How many records cannot be read.</summary>
    public int Unreadable => _unreadable.Count;

    /// <summary>When the oldest was made.</summary>
    public DateTimeOffset? Oldest { get; private set; }

    public Sum Total => Over(group => group.All);

    public Sum ToCopy => Over(group => group.ToCopy);

    public Sum ToRestore =>
        _groups.Where(pair => pair.Key.State == ObjectState.Archived.ToString()).Aggregate(default(Sum), (sum, pair) => sum + pair.Value.ToCopy);

    /// <summary>What has no checksum and so is read twice.</summary>
    public Sum WithoutChecksum => Over(group => group.WithoutChecksum);

    /// <summary>Writes to Blob Storage to copy it.</summary>
    public double BlobWrites => _groups.Values.Sum(group => group.BlobWrites);

    /// <summary>Adds a record that cannot be read.</summary>
    public void Add(string region, UnreadableRecord record) => _unreadable.Add((region, record.Text));

    /// <summary>Adds a record.</summary>
    /// <param name="region">Its region.</param>
    /// <param name="record">The record.</param>
    /// <param name="isArchived">Whether it is archived here.</param>
    /// <param name="timeLeft">How long 8x8 still keeps it.</param>
    public void Add(string region, StorageObject record, bool isArchived, TimeSpan timeLeft)
    {
        Oldest = Oldest is null || record.CreatedTime < Oldest ? record.CreatedTime : Oldest;
        AddSample(region, record);
        var key = (region, record.Type, record.State.ToString().ToUpperInvariant());
        if (!_groups.TryGetValue(key, out var group))
        {
            _groups[key] = group = new Group();
        }

        var one = new Sum(1, record.StoredBytes ?? 0);
        group.All += one;
        if (isArchived)
        {
            return;
        }

        group.ToCopy += one;
        group.BlobWrites += RunEstimate.WritesFor(record.StoredBytes ?? 0);
        group.WithoutChecksum += record.Checksum is null ? one : default;
        group.Past += timeLeft <= TimeSpan.Zero ? one : default;
        group.Soon += timeLeft > TimeSpan.Zero && timeLeft <= RetentionOptions.AtRisk ? one : default;
    }

    /// <summary>Adds sums, so many times.</summary>
    public void Add(CountedObjects others, double factor)
    {
        _unreadable.UnionWith(others._unreadable);
        others._samples.ForEach(sample => AddSample(sample.Region, sample.Record));
        foreach (var (key, other) in others._groups)
        {
            if (!_groups.TryGetValue(key, out var group))
            {
                _groups[key] = group = new Group();
            }

            group.All += other.All * factor;
            group.ToCopy += other.ToCopy * factor;
            group.WithoutChecksum += other.WithoutChecksum * factor;
            group.Past += other.Past * factor;
            group.Soon += other.Soon * factor;
            group.BlobWrites += other.BlobWrites * factor;
        }
    }

    /// <summary>The sums in whole numbers.</summary>
    public ObjectCount ToCount()
    {
        var past = Over(group => group.Past);
        var soon = Over(group => group.Soon);
        return new ObjectCount(
            IsEstimate,
            Listed,
            Total.ToAmount(),
            ToCopy.ToAmount(),
            ToRestore.ToAmount(),
            past.ToAmount(),
            soon.ToAmount(),
            (ToCopy + (past * -1) + (soon * -1)).ToAmount(),
            [
                .. _groups
                    .OrderBy(pair => pair.Key.Region, StringComparer.Ordinal)
                    .ThenBy(pair => pair.Key.Type, StringComparer.Ordinal)
                    .ThenBy(pair => pair.Key.State, StringComparer.Ordinal)
                    .Select(pair => new ObjectGroup(
                        pair.Key.Region,
                        pair.Key.Type,
                        pair.Key.State,
                        pair.Value.All.ToAmount().Objects,
                        pair.Value.All.ToAmount().Bytes,
                        (pair.Value.All + (pair.Value.ToCopy * -1)).ToAmount().Objects,
                        pair.Value.Past.ToAmount().Objects,
                        pair.Value.Soon.ToAmount().Objects)),
            ]);
    }

    private void AddSample(string region, StorageObject record)
    {
        if (_samples.Count < MaxSamples)
        {
            _samples.Add((region, record));
        }
        else if (!_samples.Exists(sample => sample.Record.Type == record.Type)
            && _samples.FindIndex(sample => _samples.Count(other => other.Record.Type == sample.Record.Type) > 1) is >= 0 and var twin)
        {
            _samples[twin] = (region, record);
        }
    }

    private Sum Over(Func<Group, Sum> select) => _groups.Values.Aggregate(default(Sum), (sum, group) => sum + select(group));

    /// <summary>A number of objects and their bytes.</summary>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Sum(double Objects, double Bytes)
    {
        public static Sum operator +(Sum left, Sum right) => new(left.Objects + right.Objects, left.Bytes + right.Bytes);

        public static Sum operator *(Sum sum, double factor) => new(sum.Objects * factor, sum.Bytes * factor);

        public Amount ToAmount() => new((long)Math.Round(Objects), (long)Math.Round(Bytes));
    }

    private sealed class Group
    {
        public Sum All { get; set; }

        public Sum ToCopy { get; set; }

        public Sum WithoutChecksum { get; set; }

        public Sum Past { get; set; }

        public Sum Soon { get; set; }

        public double BlobWrites { get; set; }
    }
}
