using System.Collections.Concurrent;
using Archiving.Ledger;
using Archiving.Model;
using Microsoft.Extensions.Logging;

namespace Operations.Drill;

/// <summary>
/// Proves that what is archived can be restored: picks objects at random, downloads them by the links that people use,
/// and compares what arrives with the receipts and the ledger. Verification reads the archive from inside; this goes the way of a person.
/// </summary>
public sealed partial class RestoreDrill(
    DaySummaries summaries,
    ObjectLedger ledger,
    ObjectFinder finder,
    DrillDownload download,
    DrillRecord record,
    TimeProvider timeProvider,
    ILogger<RestoreDrill> logger,
    TimeSpan? pause = null)
{
    /// <summary>How many objects are downloaded unless another number is given.</summary>
    public const int DefaultObjects = 20;

    /// <summary>Maximum number of objects of a drill.</summary>
    public const int MaxObjects = 10_000;

    private const int DownloadsAtOnce = 4;
    private readonly TimeSpan _pause = pause ?? TimeSpan.FromSeconds(10);

    private static readonly string[] Columns = [nameof(LedgerEntry.State), nameof(LedgerEntry.Id)];

    /// <summary>Runs a drill, logs what it found, and keeps the result for status and summary.</summary>
    /// <param name="objects">How many objects to download.</param>
    /// <param name="seed">Picks them.</param>
    /// <param name="progress">Told of each object, and of its problem if it has one or was not read.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<DrillReport> RunAsync(int objects, int seed, IProgress<DrillProblem?>? progress, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(objects, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(objects, MaxObjects);
        var started = timeProvider.GetTimestamp();
        var (archived, picks) = await PickAsync(objects, seed, cancellationToken);
        var earlier = (await record.FindAsync(cancellationToken))?.Problems ?? [];
        var result = new Tally(earlier, logger, progress);
        var again = new ConcurrentBag<LedgerEntry>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = DownloadsAtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(ReadAsync(earlier, picks, cancellationToken), parallel, async (entry, stop) =>
        {
            var found = await download.CheckAsync(entry, stop);
            if (found.Problem is not null)
            {
                again.Add(entry);
                return;
            }

            result.Add(entry, found);
        });
        if (!again.IsEmpty)
        {
            // A storage that is busy for a moment loses nothing, and a drill that fails is a warning until the next one.
            await Task.Delay(_pause, timeProvider, cancellationToken);
            await Parallel.ForEachAsync(again, parallel, async (entry, stop) => result.Add(entry, await download.CheckAsync(entry, stop)));
        }

        var report = result.ToReport(timeProvider.GetUtcNow(), seed, archived);
        await record.WriteAsync(report, cancellationToken);
        var milliseconds = (long)timeProvider.GetElapsedTime(started).TotalMilliseconds;
        Log.Done(logger, report.Objects, archived, seed, report.Failed, report.Unread, report.Bytes, milliseconds);
        return report;
    }

    /// <summary>Picks objects, each with the same chance: which ones of each day, by their order in the ledger.</summary>
    private async Task<(long Archived, List<(string Partition, HashSet<long> Ordinals)> Picks)> PickAsync(
        int objects,
        int seed,
        CancellationToken cancellationToken)
    {
        var days = (await summaries.ReadAsync(region: null, from: null, to: null, cancellationToken))
            .Select(day => (
                Partition: LedgerKey.Partition(day.Region, day.Day),
                Count: day.Types.Values.Sum(type => type.Count(LedgerState.Archived) + type.Count(LedgerState.Purged))))
            .ToList();
        var archived = days.Sum(day => day.Count);
        var chosen = Sample(archived, objects, seed);
        var picks = new List<(string, HashSet<long>)>();
        var first = 0L;
        foreach (var (partition, count) in days)
        {
            var (start, end) = (first, first += count);
            var ordinals = chosen.Where(number => number >= start && number < end).Select(number => number - start).ToHashSet();
            if (ordinals.Count > 0)
            {
                picks.Add((partition, ordinals));
            }
        }

        return (archived, picks);
    }

    /// <summary>So many different numbers below a total, or all of them (R. Floyd, Communications of the ACM 30, 1987).</summary>
    private static HashSet<long> Sample(long total, int count, int seed)
    {
#pragma warning disable CA5394 // The seed makes a drill that found something repeatable; nothing depends on it being hard to guess.
        var random = new Random(seed);
        var chosen = new HashSet<long>();
        for (var number = Math.Max(0, total - count); number < total; number++)
        {
            var candidate = random.NextInt64(number + 1);
            chosen.Add(chosen.Contains(candidate) ? number : candidate);
        }
#pragma warning restore CA5394

        return chosen;
    }

    /// <summary>What failed in the last drill, so that it is named until it is repaired, and then what was picked.</summary>
    private async IAsyncEnumerable<LedgerEntry> ReadAsync(
        IReadOnlyList<DrillProblem> earlier,
        List<(string Partition, HashSet<long> Ordinals)> picks,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var failed = new HashSet<LedgerKey>();
        foreach (var problem in earlier)
        {
            if (await finder.FindAsync(problem.Region, problem.Id, created: null, cancellationToken) is { } row && row.IsInArchive()
                && failed.Add(row.Key))
            {
                yield return row;
            }
        }

        await foreach (var entry in FindAsync(picks, cancellationToken))
        {
            if (!failed.Contains(entry.Key))
            {
                yield return entry;
            }
        }
    }

    private async IAsyncEnumerable<LedgerEntry> FindAsync(
        List<(string Partition, HashSet<long> Ordinals)> picks,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var (partition, ordinals) in picks)
        {
            var ordinal = 0L;
            var ids = new List<string>();
            await foreach (var entry in ledger.ReadPartitionAsync(partition, Columns, cancellationToken))
            {
                if (entry.IsInArchive() && ordinals.Contains(ordinal++))
                {
                    ids.Add(entry.Id);
                }
            }

            foreach (var id in ids)
            {
                if (await ledger.FindAsync(new LedgerKey(partition, ObjectNames.Encode(id)), cancellationToken) is { } row && row.IsInArchive())
                {
                    yield return row;
                }
            }
        }
    }

    /// <summary>Counts what the downloads showed, and reports each.</summary>
    private sealed class Tally(IReadOnlyList<DrillProblem> earlier, ILogger logger, IProgress<DrillProblem?>? progress)
    {
        private readonly Lock _lock = new();
        private readonly List<DrillProblem> _problems = [];
        private long _objects;
        private long _bytes;
        private long _failed;
        private long _unread;

        public void Add(LedgerEntry entry, DrillResult result)
        {
            var problem = result.Problem is { } text ? new DrillProblem(entry.Region, entry.Id, entry.Blob ?? "", text) { IsUnread = result.IsUnread } : null;
            if (problem is { IsUnread: true } && earlier.FirstOrDefault(known => known.Region == entry.Region && known.Id == entry.Id) is { } failed)
            {
                // What failed and cannot be read now has not been repaired, as far as is known.
                problem = failed;
            }

            lock (_lock)
            {
                Count(problem, result.Bytes);
                progress?.Report(problem);
            }
        }

        public DrillReport ToReport(DateTimeOffset at, int seed, long archived) =>
            new(at, seed, archived, _objects, _bytes, _failed, _problems) { Unread = _unread };

        private void Count(DrillProblem? problem, long bytes)
        {
            if (problem is { IsUnread: true })
            {
                _unread++;
                Log.NotRead(logger, problem.Region, problem.Id, problem.Problem);
                return;
            }

            _objects++;
            _bytes += bytes;
            if (problem is not null)
            {
                _failed++;
                Log.NotRestored(logger, problem.Region, problem.Id, problem.Problem);
                if (_problems.Count < DrillReport.MaxProblems)
                {
                    _problems.Add(problem);
                }
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 2210, Level = LogLevel.Error, Message = "{Region}/{ObjectId} cannot be restored as it was archived: {Problem}")]
        public static partial void NotRestored(ILogger logger, string region, string objectId, string problem);

        [LoggerMessage(
            EventId = 2211,
            Level = LogLevel.Information,
            Message = "Restore drill of {Objects} of {Archived} archived objects with seed {Seed}: {Failed} failed, {Unread} not read, {Bytes} bytes, "
                + "{Milliseconds} ms")]
        public static partial void Done(ILogger logger, long objects, long archived, int seed, long failed, long unread, long bytes, long milliseconds);

        [LoggerMessage(EventId = 2212, Level = LogLevel.Warning, Message = "{Region}/{ObjectId} was not read by the restore drill: {Problem}")]
        public static partial void NotRead(ILogger logger, string region, string objectId, string problem);
    }
}
