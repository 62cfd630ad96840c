using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Settings;
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
        var state = await ReadOrInitializeStateAsync(cancellationToken);
        var repairs = await index.ReadRepairsAsync(cancellationToken);
        if (state.Days.Count + repairs.Count == 0)
        {
            return;
        }

        var now = await index.ReadClockAsync(cancellationToken);
        var batch = new IndexBatch(index, archive, options, state.Key!);
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

            await IndexDayAsync(day, now, batch, cancellationToken);
        }

        await batch.WriteAsync(cancellationToken);
        if (batch.Objects > 0)
        {
            Log.Indexed(logger, batch.Objects, batch.Days);
        }

        if (batch.Unreadable > 0)
        {
            Log.Unreadable(logger, batch.Unreadable);
        }
    }

    /// <summary>Reads the state of the index, and opens every day of the ledger when there is none.</summary>
    private async Task<IndexState> ReadOrInitializeStateAsync(CancellationToken cancellationToken)
    {
        var state = await index.ReadStateAsync(cancellationToken);
        if (state.IsBegun)
        {
            return state;
        }

        var known = await ledgerDays.ReadAsync(region: null, from: null, to: null, cancellationToken);
        await index.InitializeAsync(state, known.Select(day => day.Partition), cancellationToken);
        Log.Begun(logger, known.Count);
        return await index.ReadStateAsync(cancellationToken);
    }

    private async Task IndexDayAsync(IndexDayRow day, DateTimeOffset now, IndexBatch batch, CancellationToken cancellationToken)
    {
        batch.Days++;
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

            batch.Objects++;
            await batch.AddAsync(entry, cancellationToken);
        }

        // As the storage stamped the day when it was noted, or when this wrote it last.
        var isSettled = day.IsNoted != true || now - day.Timestamp > Settled;
        if (newest == day.IndexedTo && !isSettled)
        {
            return;
        }

        // One of them may have been written while the others were read, also at the very time of the newest.
        foreach (var entry in again)
        {
            await batch.AddAsync(entry, cancellationToken);
        }

        day.IndexedTo = newest;
        day.IsOpen = !isSettled;
        await batch.AddDayAsync(day, cancellationToken);
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
