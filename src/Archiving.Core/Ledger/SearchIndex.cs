using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Archiving.Model;
using Archiving.Storage;
using Azure.Data.Tables;

namespace Archiving.Ledger;

/// <summary>A minute of a region in which the index knows objects of a type.</summary>
/// <param name="Minute">Start of the minute, UTC.</param>
/// <param name="Region">8x8's region.</param>
/// <param name="Type">8x8's object type.</param>
/// <param name="Text">Of a term of a text: the very object.</param>
public readonly record struct IndexSlot(DateTimeOffset Minute, string Region, string Type, IndexedText? Text = null)
{
    /// <summary>Length of a slot.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromMinutes(1);

    /// <summary>The partition of the ledger that has the minute.</summary>
    public string Partition => LedgerKey.Partition(Region, Minute);

    /// <summary>When the minute is over.</summary>
    public DateTimeOffset End => Minute + Length;

    /// <summary>Where the index says that an object is.</summary>
    public static IndexSlot Of(LedgerEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var ticks = entry.CreatedTime.UtcTicks;
        return new IndexSlot(new DateTimeOffset(ticks - (ticks % Length.Ticks), TimeSpan.Zero), entry.Region, entry.Type);
    }

    /// <summary>Where the index says that the archived text of an object is.</summary>
    public static IndexSlot OfText(LedgerEntry entry) => Of(entry) with { Text = new IndexedText(entry.RowKey, SpokenText.VersionOf(entry)) };
}

/// <summary>An object whose text has a term.</summary>
/// <param name="Row">Row key of the object in the ledger.</param>
/// <param name="Version">Which archived text of the object it was, see <see cref="SpokenText.VersionOf"/>.</param>
public readonly record struct IndexedText(string Row, string Version);

/// <summary>The minutes of a term, newest first.</summary>
/// <param name="Slots">The minutes.</param>
/// <param name="IsWhole">Whether there are no older ones.</param>
public sealed record IndexSlots(IReadOnlyList<IndexSlot> Slots, bool IsWhole)
{
    /// <summary>The oldest minute that was looked at; <see langword="null"/> when there are no older ones.</summary>
    public DateTimeOffset? Oldest { get; init; } = IsWhole ? null : Slots[^1].Minute;
}

/// <summary>
/// The table <c>search</c>: finds the minutes that hold objects with a term (<see cref="SearchTerms"/>), newest first, in one
/// query. It is a guide to the ledger and no truth of its own: what it names too much is left out when the rows are read,
/// and what it may lack, it knows. Beside the terms, it holds a row for each day of the ledger whose objects are not all
/// in the index yet (<see cref="IndexDayRow"/>). That row is written before the ledger is, so a search reads what is new of
/// such a day from the ledger, and finds it at once.
/// <para>
/// What was said is not in the ledger, so a term of a text leads to the very object, and names the text that has it: where
/// the object has another one since, the entry does not count.
/// </para>
/// <para>
/// Terms are names and numbers of people. They are kept as keyed hashes, so that neither rows nor the addresses of requests,
/// which storage logs keep, show them. The key is in a row of the table, which the logs do not show.
/// </para>
/// </summary>
public sealed class SearchIndex : IStorageResource
{
    /// <summary>Name of the table.</summary>
    public const string TableName = "search";

    /// <summary>Maximum number of minutes that a query gives (Azure Table Storage).</summary>
    public const int MaxSlots = 1000;

    // Another version makes other terms of the same rows: then every day is indexed again.
    internal const int Version = 5;

    // Rows of version 2 led to hours, and are in partitions of another name.
    internal const string TermPartition = "minute-";

    private const int LastMinute = 999_999_999;
    private const int InvertedLength = 9;
    private static readonly TimeSpan Slow = TimeSpan.FromMinutes(1);

    private readonly TableStore _table;
    private readonly TimeProvider _timeProvider;
    private readonly RecentNotes _notes;

    /// <summary>Initializes the index.</summary>
    public SearchIndex(TableServiceClient tables, TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        _table = new TableStore(tables, TableName);
        _notes = new RecentNotes(
            timeProvider,
            partition => _table.WriteAsync(
                new IndexDayRow { RowKey = partition, IsOpen = true, IsNoted = true },
                TableUpdateMode.Merge,
                CancellationToken.None));
    }

    /// <summary>
    /// Writes rows of a partition of the ledger that describe objects, which the index may lack from now on: that is noted
    /// before. A note is good for five seconds, in which it is not written again. When the write took so long that the day
    /// can have been closed meanwhile, it is noted again.
    /// </summary>
    internal async Task<T> NoteAsync<T>(string partition, Func<Task<T>> write, CancellationToken cancellationToken)
    {
        await _notes.NoteAsync(partition, cancellationToken);
        var started = _timeProvider.GetTimestamp();
        var written = await write();
        if (_timeProvider.GetElapsedTime(started) > Slow)
        {
            await _notes.NoteAsync(partition, CancellationToken.None);
        }

        return written;
    }

    /// <summary>What the index covers, in one query.</summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<IndexState> ReadStateAsync(CancellationToken cancellationToken)
    {
        var rows = await _table.ReadPartitionAsync<IndexDayRow>(IndexDayRow.Partition, cancellationToken);
        var start = rows.Find(row => row.RowKey == IndexDayRow.StartKey);
        return new IndexState(
            start?.Key is { } key ? Convert.FromHexString(key) : null,
            start is { Version: Version, IsOpen: not true },
            [.. rows.Where(row => row.RowKey != IndexDayRow.StartKey)],
            start);
    }

    /// <summary>The newest minutes of <c>[from, to)</c> in which objects have a term.</summary>
    /// <param name="state">What <see cref="ReadStateAsync"/> gave.</param>
    /// <param name="term">The term.</param>
    /// <param name="range">The minutes looked for.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <param name="maxSlots">
    /// Maximum number of minutes that are given. What has as many in the newest minute alone, which has one for each object that says a
    /// word, gives all of that minute: from a part of it, nothing would lead to the next.
    /// </param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<IndexSlots> FindAsync(
        IndexState state,
        string term,
        IndexRange range,
        CancellationToken cancellationToken,
        int maxSlots = MaxSlots)
    {
        ArgumentNullException.ThrowIfNull(state);
        var (partition, hash) = Hash(state.Key ?? throw new InvalidOperationException("The index was not begun."), term);
        var first = hash + Invert(range.To is { } to ? to.AddTicks(-1) : LedgerKey.Latest);
        var last = hash + Invert(range.From ?? DateTimeOffset.UnixEpoch) + "~";
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey ge {first} and RowKey le {last}");
        if (range.Region is not null)
        {
            filter += TableClient.CreateQueryFilter($" and Region eq {range.Region}");
        }

        if (range.Type is not null)
        {
            filter += TableClient.CreateQueryFilter($" and Type eq {range.Type}");
        }

        var slots = new List<IndexSlot>();
        await foreach (var row in _table.QueryAsync<IndexTermRow>(filter, columns: null, cancellationToken, maxSlots))
        {
            var minute = Minute(row.RowKey.Substring(hash.Length, InvertedLength));
            var key = row.RowKey[(row.RowKey.IndexOf('|', StringComparison.Ordinal) + 1)..];
            slots.Add(new IndexSlot(minute, row.Region, row.Type, row.Text is { } version ? new IndexedText(key, version) : null));
            if (slots.Count >= maxSlots && minute != slots[0].Minute)
            {
                return new IndexSlots(slots, IsWhole: false);
            }
        }

        return new IndexSlots(slots, IsWhole: true);
    }

    /// <summary>The row of a term and a minute.</summary>
    internal static IndexTermRow Row(byte[] key, string term, IndexSlot slot)
    {
        var (partition, hash) = Hash(key, term);
        return new IndexTermRow
        {
            PartitionKey = partition,
            RowKey = $"{hash}{Invert(slot.Minute)}{ObjectNames.Encode(slot.Region)}|{slot.Text?.Row ?? ObjectNames.Encode(slot.Type)}",
            Region = slot.Region,
            Type = slot.Type,
            Text = slot.Text?.Version,
        };
    }

    /// <summary>Writes rows of one partition, a hundred at most; those that exist stay.</summary>
    internal Task WriteAsync(IReadOnlyList<IndexTermRow> rows, CancellationToken cancellationToken) => _table.WriteAsync(rows, cancellationToken);

    /// <summary>Opens every given day, and then says that all days are known. A key is made unless there is one.</summary>
    internal async Task InitializeAsync(IndexState state, IEnumerable<string> partitions, CancellationToken cancellationToken)
    {
        var key = state.Start?.Key ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var present = state.Days.Select(day => day.RowKey).ToHashSet(StringComparer.Ordinal);
        foreach (var chunk in partitions.Except(present, StringComparer.Ordinal).Chunk(TableStore.RowsPerTransaction))
        {
            var days = chunk.Select(partition => new IndexDayRow { RowKey = partition, IsOpen = true, IsNoted = false }).ToList();
            if (!await _table.TrySubmitAsync(TableTransactionActionType.Add, days, cancellationToken))
            {
                // One of them was noted meanwhile.
                present.UnionWith(chunk);
            }
        }

        foreach (var partition in present)
        {
            // All of it, not what was written since it was last indexed.
            await _table.WriteAsync(new IndexDayRow { RowKey = partition, IsOpen = true, IsNoted = true }, TableUpdateMode.Replace, cancellationToken);
        }

        await _table.WriteAsync(
            new IndexDayRow { RowKey = IndexDayRow.StartKey, Key = key, Version = Version, IsOpen = false },
            TableUpdateMode.Replace,
            cancellationToken);
    }

    /// <summary>Has every day indexed again, from the ledger. Until then, searches read the ledger.</summary>
    public async Task RebuildAsync(CancellationToken cancellationToken) => await _table.WriteAsync(
        new IndexDayRow { RowKey = IndexDayRow.StartKey, IsOpen = true },
        TableUpdateMode.Merge,
        cancellationToken);

    /// <summary>
    /// Has days indexed again that are taken to be in the index, because it may have lost rows of them. Searches go by the index
    /// meanwhile.
    /// </summary>
    internal async Task RepairAsync(IEnumerable<string> partitions, CancellationToken cancellationToken)
    {
        foreach (var chunk in partitions.Chunk(TableStore.RowsPerTransaction))
        {
            await _table.WriteAsync(
                [.. chunk.Select(partition => new IndexDayRow { PartitionKey = IndexDayRow.RepairPartition, RowKey = partition, IsOpen = true })],
                cancellationToken);
        }
    }

    /// <summary>The days that are to be indexed again.</summary>
    internal ValueTask<List<IndexDayRow>> ReadRepairsAsync(CancellationToken cancellationToken) =>
        _table.ReadPartitionAsync<IndexDayRow>(IndexDayRow.RepairPartition, cancellationToken);

    /// <summary>The storage's own time, which its rows are stamped with.</summary>
    internal async Task<DateTimeOffset> ReadClockAsync(CancellationToken cancellationToken)
    {
        await _table.WriteAsync(new IndexDayRow { PartitionKey = IndexDayRow.ClockPartition, RowKey = "clock" }, TableUpdateMode.Replace, cancellationToken);
        return (await _table.FindAsync<IndexDayRow>(IndexDayRow.ClockPartition, "clock", cancellationToken))?.Timestamp ?? _timeProvider.GetUtcNow();
    }

    /// <summary>Writes a day's row, unless it was noted since it was read.</summary>
    internal Task<bool> TryWriteAsync(IndexDayRow day, CancellationToken cancellationToken) => _table.TryWriteAsync(day, cancellationToken);

    /// <summary>Deletes a day's row, unless it was noted since it was read.</summary>
    internal Task<bool> TryDeleteAsync(IndexDayRow day, CancellationToken cancellationToken) => _table.TryDeleteAsync(day, cancellationToken);

    /// <inheritdoc/>
    Task IStorageResource.CreateAsync(CancellationToken cancellationToken) => _table.CreateAsync(cancellationToken);

    // Newer minutes sort first.
    private static string Invert(DateTimeOffset time) =>
        (LastMinute - (time.ToUnixTimeSeconds() / 60)).ToString("D9", CultureInfo.InvariantCulture);

    private static DateTimeOffset Minute(string inverted) =>
        DateTimeOffset.FromUnixTimeSeconds((LastMinute - long.Parse(inverted, CultureInfo.InvariantCulture)) * 60);

    /// <summary>The partition of a term, one of sixteen, and how its rows begin. Two terms of one hash cost reads and nothing else.</summary>
    private static (string Partition, string Hash) Hash(byte[] key, string term)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(term), hash);
        var text = BinaryPrimitives.ReadUInt64BigEndian(hash).ToString("x16", CultureInfo.InvariantCulture);
        return ($"{TermPartition}{text[0]}", text);
    }
}

/// <summary>Which minutes of a term are looked for. What is <see langword="null"/> does not matter.</summary>
/// <param name="From">At this time or later.</param>
/// <param name="To">Before this time.</param>
/// <param name="Region">In this region.</param>
/// <param name="Type">Of this type.</param>
public readonly record struct IndexRange(DateTimeOffset? From = null, DateTimeOffset? To = null, string? Region = null, string? Type = null);

/// <summary>What the index covers.</summary>
public sealed class IndexState
{
    internal IndexState(byte[]? key, bool isBegun, IReadOnlyList<IndexDayRow> days, IndexDayRow? start)
    {
        Key = key;
        IsBegun = isBegun && key is not null;
        Days = days;
        Start = start;
    }

    /// <summary>Whether it covers every day of the ledger but those that are open. Before, it is of no use.</summary>
    public bool IsBegun { get; }

    /// <summary>The days whose objects are not all in it.</summary>
    public IEnumerable<IndexDayRow> OpenDays => Days.Where(day => day.IsOpen == true);

    internal byte[]? Key { get; }

    internal IndexDayRow? Start { get; }

    internal IReadOnlyList<IndexDayRow> Days { get; }
}

/// <summary>A row of the index: a term and a minute.</summary>
internal sealed class IndexTermRow : TableRow
{
    /// <summary>8x8's region.</summary>
    public string Region { get; set; } = "";

    /// <summary>8x8's object type.</summary>
    public string Type { get; set; } = "";

    /// <summary>Of a term of a text: which text of the object has it.</summary>
    public string? Text { get; set; }
}

/// <summary>A day of the ledger, named by its partition, of which the index may lack objects.</summary>
public sealed class IndexDayRow : TableRow
{
    // Rows of a partition that are written at the same moment may be seen in another order than their times.
    private static readonly TimeSpan Unordered = TimeSpan.FromSeconds(2);

    internal const string Partition = "day";
    internal const string ClockPartition = "clock";

    /// <summary>Of days that are indexed again though no row of them is new.</summary>
    internal const string RepairPartition = "repair";

    /// <summary>The row that says that every other day is in the index. It sorts behind every region.</summary>
    internal const string StartKey = "~start";

    /// <summary>Initializes a row.</summary>
    public IndexDayRow() => PartitionKey = Partition;

    /// <summary>Whether objects may be missing from the index.</summary>
    public bool? IsOpen { get; set; }

    /// <summary>Whether writes may still come that were noted; else it is open because it was never indexed.</summary>
    public bool? IsNoted { get; set; }

    /// <summary>When the newest of the rows was written that are in the index, by the storage's clock; <see langword="null"/> for none.</summary>
    public DateTimeOffset? IndexedTo { get; set; }

    /// <summary>The key of the hashes, in the row that says that every day is known.</summary>
    public string? Key { get; set; }

    /// <summary>The version of the terms, in the same row.</summary>
    public int? Version { get; set; }

    /// <summary>The index may lack rows that were written at this time or later; <see langword="null"/> for all.</summary>
    internal DateTimeOffset? WrittenSince => IndexedTo - Unordered;

    /// <summary>What a query of the day's rows adds, to find those that the index may lack.</summary>
    public string ToCondition() => WrittenSince is { } time ? TableClient.CreateQueryFilter($" and Timestamp ge {time}") : "";

    /// <summary>The day, UTC.</summary>
    public DateTimeOffset ToDay() => LedgerKey.DayOf(RowKey);

    /// <summary>Whether it is a day of a region.</summary>
    public bool IsOf(string region) => LedgerKey.EncodedRegionOf(RowKey) == ObjectNames.Encode(region);
}
