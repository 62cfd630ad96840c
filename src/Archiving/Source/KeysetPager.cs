using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Archiving.Model;
using Azure;
using EightByEight;
using Microsoft.Extensions.Logging;

namespace Archiving.Source;

/// <summary>What to list.</summary>
/// <param name="Region">8x8's region.</param>
/// <param name="Field">The time to list by.</param>
/// <param name="From">Start of the window.</param>
/// <param name="To">End of the window, which is not part of it.</param>
/// <param name="Filter">FIQL for everything but the time; <see langword="null"/> for none.</param>
public sealed record KeysetScan(string Region, TimeField Field, DateTimeOffset From, DateTimeOffset To, string? Filter)
{
    internal DateTimeOffset? TimeOf(StorageObject record) => Field.Of(record);
}

/// <summary>A step of a scan.</summary>
/// <param name="Objects">Records that no earlier step held.</param>
/// <param name="ResumeFrom">Everything before this time has been listed, so a new scan may start here;
/// <see langword="null"/> when the scan is complete.</param>
public sealed record KeysetPage(IReadOnlyList<StorageObject> Objects, DateTimeOffset? ResumeFrom)
{
    /// <summary>Records that cannot be read. Earlier steps may have held them too.</summary>
    public IReadOnlyList<UnreadableRecord> Unreadable { get; init; } = [];
}

/// <summary>
/// Lists by time instead of by offset. 8x8 pages by offset, and offsets skip records whenever an object leaves the
/// result set during the scan. So each request asks for what is not older than the last record seen, from offset 0,
/// and what has been seen is dropped. Only a second that holds more records than a page is paged by offset, within
/// that second alone and until a whole pass over it brings nothing new.
/// <para>
/// A region that rejects filters on times is listed whole, by offset, and filtered by time here, in repeated
/// passes until one brings nothing new. That is slow, and logged.
/// </para>
/// </summary>
/// <param name="client">8x8.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">The log.</param>
public partial class KeysetPager(CloudStorageClient client, TimeProvider timeProvider, ILogger<KeysetPager> logger)
{
    private const string FirstPage = "0";
    private const int MaxPasses = 20;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    // Whether a region still rejects times is checked from time to time.
    private static readonly TimeSpan RejectionDuration = TimeSpan.FromHours(1);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _rejectedUntil = new(StringComparer.Ordinal);

    /// <summary>Lists a window in ascending order of its time.</summary>
    /// <exception cref="InvalidDataException">8x8's paging makes no progress.</exception>
    /// <exception cref="UnsettledListException">No two passes over the same records agree.</exception>
    public virtual async IAsyncEnumerable<KeysetPage> ReadAsync(KeysetScan scan, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var cursor = scan.From;
        var pageKey = FirstPage;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            if (await TryGetAsync(scan, cursor, scan.To, pageKey, cancellationToken) is not { } page)
            {
                await foreach (var whole in ReadWholeAsync(scan, cancellationToken))
                {
                    yield return whole;
                }

                yield break;
            }

            var fresh = page.Objects.Where(record => !seen.Contains(record.Id)).ToList();
            if (page.IsLastPage)
            {
                yield return new KeysetPage(fresh, ResumeFrom: null) { Unreadable = page.UnreadableRecords };
                yield break;
            }

            if (page.Unreadable > 0)
            {
                yield return new KeysetPage([], cursor) { Unreadable = page.UnreadableRecords };
            }

            if (page.Objects.Count == 0)
            {
                pageKey = Next(page, pageKey, scan);
                continue;
            }

            if (!IsAscending(scan, page))
            {
                // Not in the order that was asked for: the last time of the page says nothing of what comes after it.
                Log.NotSorted(logger, scan.Region, scan.Field.ToName());
                await foreach (var more in ReadSpanAsync(scan, cursor, scan.To, seen, cancellationToken))
                {
                    yield return more with { ResumeFrom = cursor };
                }

                yield return new KeysetPage([], ResumeFrom: null);
                yield break;
            }

            var last = UtcTime.SecondOf(page.Objects.Max(scan.TimeOf) ?? cursor);
            if (last > UtcTime.SecondOf(cursor))
            {
                cursor = last;
                seen = page.Objects.Where(record => scan.TimeOf(record) >= last).Select(record => record.Id).ToHashSet(StringComparer.Ordinal);
                yield return new KeysetPage(fresh, cursor);
            }
            else
            {
                var second = UtcTime.SecondOf(cursor);
                seen.UnionWith(page.Objects.Select(record => record.Id));
                yield return new KeysetPage(fresh, cursor);
                await foreach (var more in ReadSpanAsync(scan, second, second + Second, seen, cancellationToken))
                {
                    yield return more with { ResumeFrom = cursor };
                }

                cursor = second + Second;
                seen = new HashSet<string>(StringComparer.Ordinal);
                if (cursor >= scan.To)
                {
                    yield return new KeysetPage([], ResumeFrom: null);
                    yield break;
                }

                yield return new KeysetPage([], cursor);
            }

            pageKey = FirstPage;
        }
    }

    private async IAsyncEnumerable<KeysetPage> ReadSpanAsync(
        KeysetScan scan,
        DateTimeOffset from,
        DateTimeOffset to,
        HashSet<string> seen,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Offsets can skip within the time range too, when a record leaves it or the order of ties changes between two
        // requests. Either shows: in a record that comes twice in a pass, or in two passes that do not hold the same.
        HashSet<string>? before = null;
        var passesWithoutNews = 0;
        for (var pass = 0; pass < MaxPasses; pass++)
        {
            var pageKey = FirstPage;
            var pages = 0;
            var isClean = true;
            passesWithoutNews++;
            var held = new HashSet<string>(StringComparer.Ordinal);
            while (true)
            {
                var page = await GetAsync(scan, from, to, pageKey, cancellationToken);
                var fresh = page.Objects.Where(record => seen.Add(record.Id)).ToList();
                isClean &= page.Objects.Count(record => held.Add(record.Id)) == page.Objects.Count;
                pages++;
                passesWithoutNews = fresh.Count > 0 ? 0 : passesWithoutNews;
                if (fresh.Count + page.Unreadable > 0)
                {
                    yield return new KeysetPage(fresh, from) { Unreadable = page.UnreadableRecords };
                }

                if (page.IsLastPage)
                {
                    break;
                }

                pageKey = Next(page, pageKey, scan);
            }

            if (pages == 1 || (isClean && before?.SetEquals(held) == true))
            {
                yield break;
            }

            before = held;
        }

        // Where 8x8 orders the records of a second differently in each answer, no pass is clean. What ten in a row do not add is not there.
        if (passesWithoutNews < MaxPasses / 2)
        {
            throw Unsettled(scan);
        }
    }

    /// <summary>Lists a whole region and keeps the records in the window.</summary>
    private async IAsyncEnumerable<KeysetPage> ReadWholeAsync(KeysetScan scan, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var pass = 0; pass < MaxPasses; pass++)
        {
            var pageKey = FirstPage;
            var news = 0;
            var order = new OrderOfTimes();
            while (true)
            {
                var page = await GetAsync(scan, scan.Filter, pageKey, cancellationToken);
                var fresh = page.Objects.Where(record => Lies(scan, record) && seen.Add(record.Id)).ToList();
                news += fresh.Count;
                if (fresh.Count + page.Unreadable > 0)
                {
                    yield return new KeysetPage(fresh, scan.From) { Unreadable = page.UnreadableRecords };
                }

                // Where a region sorts newest first, all of the window comes after what is newer than it.
                order.Add(page.Objects.Select(scan.TimeOf));
                var isPastEnd = order.IsAscending && page.Objects.Count > 0 && page.Unreadable == 0
                    && page.Objects.All(record => scan.TimeOf(record) >= scan.To);
                if (page.IsLastPage || isPastEnd)
                {
                    break;
                }

                pageKey = Next(page, pageKey, scan);
            }

            if (pass > 0 && news == 0)
            {
                yield return new KeysetPage([], ResumeFrom: null);
                yield break;
            }
        }

        throw Unsettled(scan);
    }

    /// <summary>Whether a page comes in the order that was asked for, by the second.</summary>
    private static bool IsAscending(KeysetScan scan, ObjectPage page)
    {
        var times = page.Objects.Select(scan.TimeOf).OfType<DateTimeOffset>().Select(UtcTime.SecondOf).ToList();
        return times.Zip(times.Skip(1)).All(pair => pair.First <= pair.Second);
    }

    // A record without the time is in every window: it must be in one.
    private static bool Lies(KeysetScan scan, StorageObject record) =>
        scan.TimeOf(record) is not { } time || (time >= UtcTime.SecondOf(scan.From) && time < scan.To);

    /// <summary>A page; <see langword="null"/> when the region rejects filters on times.</summary>
    private async Task<ObjectPage?> TryGetAsync(KeysetScan scan, DateTimeOffset from, DateTimeOffset to, string pageKey, CancellationToken cancellationToken)
    {
        if (_rejectedUntil.TryGetValue(scan.Region, out var until) && timeProvider.GetUtcNow() < until)
        {
            return null;
        }

        try
        {
            return await GetAsync(scan, from, to, pageKey, cancellationToken);
        }
        catch (RequestFailedException exception) when (exception.Status is 400 or 500)
        {
            // The filter, or 8x8 as a whole? Without the times it must work, and with them fail again.
            try
            {
                await GetAsync(scan, scan.Filter, FirstPage, cancellationToken);
            }
            catch (RequestFailedException)
            {
                throw exception;
            }

            try
            {
                return await GetAsync(scan, from, to, pageKey, cancellationToken);
            }
            catch (RequestFailedException again) when (again.Status == exception.Status)
            {
                _rejectedUntil[scan.Region] = timeProvider.GetUtcNow() + RejectionDuration;
                Log.TimesRejected(logger, scan.Region, again.Status);
                return null;
            }
        }
    }

    private Task<ObjectPage> GetAsync(KeysetScan scan, DateTimeOffset from, DateTimeOffset to, string pageKey, CancellationToken cancellationToken) =>
        GetAsync(
            scan,
            Fiql.And(scan.Filter, Fiql.GreaterOrEqual(scan.Field.ToName(), from), Fiql.LessThan(scan.Field.ToName(), to)),
            pageKey,
            cancellationToken);

    private async Task<ObjectPage> GetAsync(KeysetScan scan, string? filter, string pageKey, CancellationToken cancellationToken)
    {
        return await client.GetObjectsAsync(
            scan.Region,
            new ObjectQuery
            {
                Filter = filter,
                PageKey = pageKey,
                SortField = scan.Field.ToName(),
                SortDirection = SortDirection.Ascending,
            },
            cancellationToken);
    }

    private static string Next(ObjectPage page, string pageKey, KeysetScan scan) =>
        page.PageKey is { } next && next != pageKey
            ? next
            : throw new InvalidDataException($"8x8's listing of {scan.Region} makes no progress: page {pageKey} is not the last, and no other follows it.");

    /// <summary>What was found is queued already; that all of it was found is not known, so the window is not listed.</summary>
    private static UnsettledListException Unsettled(KeysetScan scan) =>
        new($"8x8 listed {scan.Region} {MaxPasses} times in a row, each time with other records, so none of the lists is known to be whole.");

    /// <summary>The order in which records come, by the second.</summary>
    private sealed class OrderOfTimes
    {
        private DateTimeOffset? _last;
        private bool _rises;
        private bool _falls;

        /// <summary>Whether it is known that later records come later. Records of one second tell nothing.</summary>
        public bool IsAscending => _rises && !_falls;

        public void Add(IEnumerable<DateTimeOffset?> times)
        {
            foreach (var second in times.OfType<DateTimeOffset>().Select(UtcTime.SecondOf))
            {
                _rises |= second > _last;
                _falls |= second < _last;
                _last = second;
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1230,
            Level = LogLevel.Warning,
            Message = "{Region} rejects filters on times ({Status}): the app lists the whole region and filters it, which is slow. Report it to 8x8")]
        public static partial void TimesRejected(ILogger logger, string region, int status);

        [LoggerMessage(
            EventId = 1232,
            Level = LogLevel.Warning,
            Message = "{Region} does not sort by {Field} as requested: the window is listed by offset until nothing new appears, which is slow. "
                + "Report it to 8x8")]
        public static partial void NotSorted(ILogger logger, string region, string field);
    }
}
