using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Settings;
using Archiving.Storage;
using Azure;
using Microsoft.Extensions.Logging;

namespace Archiving.Indexing;

/// <summary>
/// Keeps the index (<see cref="SearchIndex"/>) up to date, apart from the path of archiving: some minutes after rows of the
/// ledger were written, their terms follow, a hundred in a request, so that an object costs a share of one. A run handles
/// open days, newest first, for as long as it may, and keeps its place in their rows: what it does not come to, or loses in
/// a crash, the next run does. Any number may run at once. The text of transcripts and summaries is read from the archive.
/// <para>
/// It goes by the storage's clock alone. A day is closed when it was not noted for ten minutes, longer than a write that
/// was noted can take, and only as it was read: a note that comes meanwhile keeps it open.
/// </para>
/// </summary>
public sealed partial class ObjectIndexer(
    SearchIndex index,
    ObjectLedger ledger,
    LedgerDays ledgerDays,
    ArchiveStore archive,
    SearchOptions options,
    TimeProvider timeProvider,
    ILogger<ObjectIndexer> logger)
{
    private const int WritesAtOnce = 16;
    private const int ReadsAtOnce = 16;

    // Terms of days that hold little are written together.
    private const int TermsAtOnce = 20_000;
    private static readonly TimeSpan MaxDuration = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(10);

    // The rows of the last days are kept when all of the day is in the index, because it changes again soon, and then only
    // what is new has to be read.
    private static readonly TimeSpan Kept = TimeSpan.FromDays(2);

    /// <summary>Indexes what is new.</summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task IndexAsync(CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var state = await index.ReadStateAsync(cancellationToken);
        if (!state.IsBegun)
        {
            var known = await ledgerDays.ReadAsync(region: null, from: null, to: null, cancellationToken);
            await index.InitializeAsync(state, known.Select(day => day.Partition), cancellationToken);
            Log.Begun(logger, known.Count);
            state = await index.ReadStateAsync(cancellationToken);
        }

        var repairs = await index.ReadRepairsAsync(cancellationToken);
        if (state.Days.Count + repairs.Count == 0)
        {
            return;
        }

        var now = await index.ReadClockAsync(cancellationToken);
        var read = new List<IndexDayRow>();
        var days = 0;
        var terms = new HashSet<(string Term, IndexSlot Slot)>();
        var spoken = new List<LedgerEntry>();
        var unreadable = 0;
        var objects = 0L;
        foreach (var day in state.Days.OrderByDescending(day => day.ToDay()).Concat(repairs))
        {
            if (day.IsOpen != true)
            {
                if (now - day.ToDay().AddDays(1) > Kept)
                {
                    await index.TryDeleteAsync(day, cancellationToken);
                }

                continue;
            }

            if (timeProvider.GetElapsedTime(started) >= MaxDuration)
            {
                break;
            }

            days++;
            var newest = day.IndexedTo;
            var again = new List<LedgerEntry>();
            await foreach (var entry in ledger.ReadWrittenAsync(day.RowKey, day.WrittenSince, cancellationToken))
            {
                newest = newest > entry.Timestamp ? newest : entry.Timestamp;
                if (entry.Timestamp <= day.IndexedTo)
                {
                    again.Add(entry);
                    continue;
                }

                objects++;
                Add(entry);
                if (spoken.Count >= ReadsAtOnce)
                {
                    await AddTextsAsync();
                }

                if (terms.Count >= TermsAtOnce)
                {
                    await WriteAsync(state.Key!, terms, cancellationToken);
                }
            }

            var isChanged = newest != day.IndexedTo;

            // As the storage stamped the day when it was noted, or when this wrote it last.
            var isSettled = day.IsNoted != true || now - day.Timestamp > Settled;
            if (isChanged || isSettled)
            {
                // One of them may have been written while the others were read, also at the very time of the newest.
                again.ForEach(Add);
                day.IndexedTo = newest;
                day.IsOpen = !isSettled;
                read.Add(day);
            }

            if (terms.Count >= TermsAtOnce / 2)
            {
                await FinishAsync();
            }
        }

        await FinishAsync();
        if (objects > 0)
        {
            Log.Indexed(logger, objects, days);
        }

        if (unreadable > 0)
        {
            Log.Unreadable(logger, unreadable);
        }

        void Add(LedgerEntry entry)
        {
            terms.UnionWith(SearchTerms.Of(entry).Select(term => (term, SlotOf(entry))));
            if (options.Transcripts && SpokenText.IsIn(entry))
            {
                spoken.Add(entry);
            }
        }

        async Task AddTextsAsync()
        {
            foreach (var chunk in spoken.Chunk(ReadsAtOnce))
            {
                var texts = await Task.WhenAll(chunk.Select(entry => ReadAsync(entry, cancellationToken)));
                foreach (var (entry, text) in chunk.Zip(texts))
                {
                    unreadable += text is null ? 1 : 0;
                    var slot = SlotOf(entry) with { Text = new IndexedText(entry.RowKey, SpokenText.VersionOf(entry)) };
                    terms.UnionWith(SearchTerms.OfSpoken(text ?? "").Select(term => (term, slot)));
                }
            }

            spoken.Clear();
        }

        async Task FinishAsync()
        {
            await AddTextsAsync();
            await WriteAsync(state.Key!, terms, cancellationToken);
            foreach (var day in read)
            {
                await (day.PartitionKey == IndexDayRow.RepairPartition
                    ? index.TryDeleteAsync(day, cancellationToken)
                    : index.TryWriteAsync(day, cancellationToken));
            }

            read.Clear();
        }
    }

    /// <summary>What an archived object says; <see langword="null"/> when its blob cannot be read.</summary>
    private async Task<string?> ReadAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            return await archive.ReadBeginningAsync(entry.Blob!, ArchivedText.MaxSearchedBytes, cancellationToken) is { } beginning
                ? string.Join('\n', ArchivedText.Lines(ArchivedText.Decode(beginning, ArchivedText.MaxSearchedBytes).Text))
                : null;
        }
        catch (RequestFailedException)
        {
            // Such as one in the storage account's archive tier: the others are indexed, and its names are.
            return null;
        }
    }

    private async Task WriteAsync(byte[] key, HashSet<(string Term, IndexSlot Slot)> terms, CancellationToken cancellationToken)
    {
        var rows = terms.Select(item => SearchIndex.Row(key, item.Term, item.Slot)).DistinctBy(row => (row.PartitionKey, row.RowKey));
        var batches = rows.GroupBy(row => row.PartitionKey, StringComparer.Ordinal).SelectMany(partition => partition.Chunk(TableStore.RowsPerTransaction));
        foreach (var batch in batches.Chunk(WritesAtOnce))
        {
            await Task.WhenAll(batch.Select(part => index.WriteAsync(part, cancellationToken)));
        }

        terms.Clear();
    }

    /// <summary>Where the index says that an object is.</summary>
    internal static IndexSlot SlotOf(LedgerEntry entry)
    {
        var ticks = entry.CreatedTime.UtcTicks;
        return new IndexSlot(new DateTimeOffset(ticks - (ticks % IndexSlot.Length.Ticks), TimeSpan.Zero), entry.Region, entry.Type);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 3200, Level = LogLevel.Information, Message = "Started to index the {Days} days of the ledger for searches")]
        public static partial void Begun(ILogger logger, int days);

        [LoggerMessage(EventId = 3201, Level = LogLevel.Information, Message = "Indexed {Objects} objects of {Days} days for searches")]
        public static partial void Indexed(ILogger logger, long objects, int days);

        [LoggerMessage(
            EventId = 3202,
            Level = LogLevel.Warning,
            Message = "Left the text of {Objects} transcripts out of the index because their blobs cannot be read")]
        public static partial void Unreadable(ILogger logger, int objects);
    }
}
