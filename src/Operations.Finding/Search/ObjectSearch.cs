using Archiving.Ledger;
using Archiving.Model;

namespace Operations.Search;

/// <summary>A page of what was found.</summary>
/// <param name="Entries">The rows, newest first.</param>
/// <param name="Next">Where the next page begins; <see langword="null"/> on the last.</param>
public sealed record SearchPage(IReadOnlyList<LedgerEntry> Entries, SearchPosition? Next)
{
    /// <summary>How many of the days looked for are not all in the index yet, so that they are read from the ledger, which takes longer.</summary>
    public int UnindexedDays { get; init; }

    /// <summary>Whether every row is compared: the search is exhaustive, or the index leads nowhere.</summary>
    public bool IsAnywhere { get; init; }

    /// <summary>What the index covers; <see langword="null"/> when it was not asked.</summary>
    internal IndexState? State { get; init; }

    /// <summary>Every row that was read, in no order.</summary>
    internal IReadOnlyList<LedgerEntry> Read { get; init; } = [];

    /// <summary>The minutes of which <see cref="Read"/> holds every row in the filter's scope.</summary>
    internal IReadOnlySet<(string Partition, DateTimeOffset Minute)> Minutes { get; init; } =
        new HashSet<(string Partition, DateTimeOffset Minute)>();

    /// <summary>The open days of which it holds every such row that the index may lack.</summary>
    internal IReadOnlySet<string> OpenDays { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Every row that was made at this time or later was read; <see langword="null"/> when that is not known.</summary>
    internal DateTimeOffset? KnownFrom { get; init; }

    /// <summary>Which objects are found by their text.</summary>
    internal SpokenHits Spoken { get; init; } = SpokenHits.None;
}

/// <summary>
/// Finds objects in the ledger, newest first, without reading all of it. By a text or a call, the index leads to them
/// (<see cref="IndexedSearch"/>). What it does not lead to, such as a part from within a word, is looked for in every row, if it
/// leads to nothing that is meant, or the search is to be exhaustive.
/// The counts of days tell which partitions can hold matches; these are read from the newest day on, few at a time, and a
/// day too busy to be read at once in slices of time. A request does a bounded amount of work and then returns where to
/// continue, even with a page that is not full.
/// <para>
/// How far a page comes tells a caller with a scope nothing of objects outside it: neither the index nor the counts nor the
/// clock has a say in it then, but the days that the ledger has, the objects of the scope and the number of queries.
/// </para>
/// </summary>
public sealed class ObjectSearch(ObjectLedger ledger, LedgerDays ledgerDays, SearchIndex index, IndexedSearch indexed, TimeProvider timeProvider)
{
    /// <summary>Maximum number of rows of a page.</summary>
    public const int MaxRows = 200;

    // A range of days is read at once and sorted in memory.
    private const int RowsPerRange = 1000;
    private const int PartitionsPerRange = 16;
    private const int MaxRowsAtOnce = 2000;
    private const int FewRows = 100;
    private const int Widening = 4;
    private const int MaxQueries = 256;

    // So few that the first answer comes soon, of which most others find nothing.
    private const int MaxQueriesBesideIndex = 4;

    // Without a clock, the number of queries keeps the first answer short.
    private const int MaxQueriesOfScopeFirst = 32;
    private const int RangesAtOnce = 8;

    // Rows come one after the other from a partition, and a person waits for the first page.
    private const int RowsOfPartitionFirst = 50;
    private static readonly TimeSpan MinSlice = TimeSpan.FromSeconds(2);

    // Narrower, it is often empty, and reads as many rows to find that out.
    private static readonly TimeSpan MinFirstSlice = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan FirstOfScope = TimeSpan.FromHours(1);

    // A person waits for the first page. Later pages of a long search may take longer.
    private static readonly TimeSpan MaxDurationOfFirst = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan MaxDuration = TimeSpan.FromSeconds(5);

    private static readonly string[] Columns =
    [
        nameof(LedgerEntry.PartitionKey), nameof(LedgerEntry.RowKey), nameof(LedgerEntry.Region), nameof(LedgerEntry.Id), nameof(LedgerEntry.Type),
        nameof(LedgerEntry.State), nameof(LedgerEntry.CreatedTime), nameof(LedgerEntry.UpdatedTime), nameof(LedgerEntry.SourceBytes),
        nameof(LedgerEntry.Bytes), nameof(LedgerEntry.ObjectName),
        nameof(LedgerEntry.MimeType), nameof(LedgerEntry.Blob), nameof(LedgerEntry.LastError), nameof(LedgerEntry.Attempts), nameof(LedgerEntry.ArchivedAt),
        nameof(LedgerEntry.CallId), nameof(LedgerEntry.BucketId), nameof(LedgerEntry.Verification), nameof(LedgerEntry.Md5), nameof(LedgerEntry.Sha256),
        nameof(LedgerEntry.RestoreRequestedAt), nameof(LedgerEntry.RetentionDays),
        nameof(LedgerEntry.Speaker), nameof(LedgerEntry.AgentName), nameof(LedgerEntry.QueueName), nameof(LedgerEntry.UserId),
        nameof(LedgerEntry.Person), nameof(LedgerEntry.Number), nameof(LedgerEntry.Direction), nameof(LedgerEntry.DurationSeconds),
        nameof(LedgerEntry.StartTime),
    ];

    /// <summary>The columns of a row, and what it is searched by.</summary>
    internal static readonly string[] ColumnsWithText = [.. Columns, nameof(LedgerEntry.Search)];

    /// <summary>The columns that a search needs.</summary>
    internal static IReadOnlyList<string> ColumnsFor(SearchTerm? term) => term is null ? Columns : ColumnsWithText;

    /// <summary>Finds a page.</summary>
    /// <param name="filter">What is looked for.</param>
    /// <param name="after">Where the page begins; <see langword="null"/> for the first.</param>
    /// <param name="limit">Maximum number of rows.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public Task<SearchPage> FindAsync(SearchFilter filter, SearchPosition? after, int limit, CancellationToken cancellationToken) =>
        FindAsync(filter, after, limit, IndexedSearch.MaxQueries, cancellationToken);

    /// <summary>Finds a page in about so many queries of the ledger, where the index leads to it.</summary>
    internal async Task<SearchPage> FindAsync(
        SearchFilter filter,
        SearchPosition? after,
        int limit,
        int maxQueriesByIndex,
        CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MaxRows);
        SearchTerm? term = filter.Text is null ? null : SearchTerm.Of(filter.Text);
        var readsAll = filter.IsExhaustive || (filter.Text is not null && filter.IsScoped);
        var isByIndex = filter.Text is not null || (filter.Call is not null && !filter.IsScoped);
        if (!isByIndex || (after?.IsAnywhere == true && !readsAll))
        {
            return await ReadAsync(filter, term, after, limit, MaxQueries, cancellationToken);
        }

        var state = await index.ReadStateAsync(cancellationToken);
        if (!state.IsBegun)
        {
            return await ReadAsync(filter, term, after, limit, MaxQueries, cancellationToken) with
            {
                State = state,
                UnindexedDays = (await ledgerDays.ReadAsync(filter.Region, filter.From, filter.To, cancellationToken)).Count,
            };
        }

        if (readsAll)
        {
            var maxQueries = after is null && !filter.IsScoped ? MaxQueriesBesideIndex : MaxQueries;
            return await ReadAsync(filter, term, after, limit, maxQueries, cancellationToken, state) with
            {
                State = state,
                UnindexedDays = filter.IsScoped ? 0 : IndexedSearch.OpenDays(state, filter, filter.To).Count(),
            };
        }

        var page = await indexed.FindAsync(state, filter, term, after, limit, maxQueriesByIndex, cancellationToken);
        if (page is null)
        {
            page = await ReadAsync(filter, term, after, limit, MaxQueriesBesideIndex, cancellationToken);
        }
        else if (page.Entries.Count == 0 && filter.Text is not null && after is not { FoundNone: false })
        {
            // What the index leads to may have been read in several pages. When all of it was something else, every row is read.
            page = page.Next is { } next
                ? page with { Next = next with { FoundNone = true } }
                : await ReadAsync(filter, term, after: null, limit, MaxQueriesBesideIndex, cancellationToken);
        }

        return page with { State = state };
    }

    /// <summary>Reads every row that can be meant, and with an index finds by their text those of them that said what is looked for.</summary>
    private async Task<SearchPage> ReadAsync(
        SearchFilter filter,
        SearchTerm? term,
        SearchPosition? after,
        int limit,
        int maxQueries,
        CancellationToken cancellationToken,
        IndexState? texts = null)
    {
        var effort = filter.IsScoped
            ? new Effort(timeProvider, after is null ? MaxQueriesOfScopeFirst : maxQueries, maxDuration: null)
            : new Effort(timeProvider, maxQueries, after is null ? MaxDurationOfFirst : MaxDuration);
        var request = new Request(filter, term, after, limit, effort) { TextIndex = texts };
        await foreach (var range in ReadRangesAsync(request, cancellationToken))
        {
            if (request.IsDone)
            {
                return Page(new SearchPosition(range.End));
            }

            if (await SearchAsync(range, request, cancellationToken) is { } next)
            {
                return Page(next);
            }
        }

        return Page(next: null);

        SearchPage Page(SearchPosition? next) => new(request.Found, next is null ? null : next.Value with { IsAnywhere = true })
        {
            Read = request.Read,
            KnownFrom = after is null && filter is { To: null, Type: null, State: null, Call: null } ? request.ReadFrom : null,
            IsAnywhere = true,
            Spoken = request.Spoken,
        };
    }

    /// <summary>Searches a range of days.</summary>
    /// <returns>Where to go on; <see langword="null"/> when all of the range was searched.</returns>
    private async Task<SearchPosition?> SearchAsync(DayRange range, Request request, CancellationToken cancellationToken)
    {
        var start = Later(range.Start, request.Filter.From);
        var end = Earlier(Earlier(range.End, request.Filter.To), request.After?.End);
        var width = end - start;
        var first = request.After is null && request.Term is not null ? range.Days.Count * RowsOfPartitionFirst : MaxRowsAtOnce / 2;
        if (range.Count > first * 2)
        {
            var wanted = request.Term is null ? Math.Min(request.Limit * 2, RowsPerRange) : Math.Min(first, RowsPerRange);
            width *= (double)wanted / range.Count;
            width = width > MinFirstSlice ? width : MinFirstSlice;
        }

        if (request is { Filter.IsScoped: true, After: null, ReadFrom: null })
        {
            width = FirstOfScope;
        }

        // Nothing was made later than now, as a rule, so that does not make the first slice narrower.
        var now = timeProvider.GetUtcNow();
        var last = now > start && now < end ? now : end;

        DateTimeOffset? dense = null;
        while (end > start)
        {
            var begin = last - width > start ? Later(start, UtcTime.SecondOf(last - width)) : start;
            begin = dense < end ? Later(begin, dense) : begin;
            var slice = await ReadAsync(range, begin, end, request, cancellationToken);
            if (slice.Dense is not null)
            {
                dense = slice.Dense;
                width = (last - begin) / 2;
                continue;
            }

            request.ReadFrom = begin;
            slice.Rows.AddRange(await FindSpokenAsync(slice.Texts, request, cancellationToken));
            slice.Rows.Sort(SearchPosition.Compare);
            request.Found.AddRange(slice.Rows);
            if (request.Found.Count > request.Limit)
            {
                request.Found.RemoveRange(request.Limit, request.Found.Count - request.Limit);
                return SearchPosition.Of(request.Found[^1]);
            }

            end = last = begin;
            if (end > start && request.IsDone)
            {
                return new SearchPosition(end);
            }

            width = slice.Read < FewRows ? width * Widening : (slice.Newest - begin) * ((double)RowsPerRange / slice.Read);
            width = width > MinSlice ? width : MinSlice;
        }

        return null;
    }

    /// <summary>Reads the rows of a range that lie in a slice of time; stops when they are too many and a narrower slice can help.</summary>
    private async Task<Slice> ReadAsync(DayRange range, DateTimeOffset begin, DateTimeOffset end, Request request, CancellationToken cancellationToken)
    {
        var parts = await Task.WhenAll(range.Days
            .Where(day => day.Day < end && day.Day.AddDays(1) > begin)
            .Select(day => ReadAsync(day, begin, end, request, cancellationToken)));
        return new Slice(
            [.. parts.SelectMany(part => part.Rows)],
            [.. parts.SelectMany(part => part.Texts)],
            parts.Sum(part => part.Read),
            parts.Select(part => part.Newest).DefaultIfEmpty(begin).Max(),
            parts.Max(part => part.Dense));
    }

    private async Task<Slice> ReadAsync(LedgerDay day, DateTimeOffset begin, DateTimeOffset end, Request request, CancellationToken cancellationToken)
    {
        var rows = new List<LedgerEntry>();
        var texts = new List<LedgerEntry>();
        var read = new List<LedgerEntry>();
        var times = new List<DateTimeOffset>();
        var isMinSlice = end - begin <= MinSlice;
        DateTimeOffset? dense = null;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var entry in ReadRowsAsync(day, begin, end, request, cancellationToken))
        {
            if (!seen.Add(entry.RowKey))
            {
                continue;
            }

            if (times.Count == MaxRowsAtOnce && !isMinSlice)
            {
                // Rows come in the order of their ids, which as a rule says nothing of their times: these are a sample.
                times.Sort();
                dense = UtcTime.SecondOf(times[times.Count * 3 / 4]);
                break;
            }

            times.Add(entry.CreatedTime);
            read.Add(entry);
            if (request.After?.IsBefore(entry) == false)
            {
                continue;
            }

            if (request.Term?.IsIn(entry) != false)
            {
                rows.Add(entry);
            }

            if (request.TextIndex is not null && SpokenText.IsIn(entry))
            {
                texts.Add(entry);
            }
        }

        request.Effort.AddRows(times.Count);
        request.Keep(read);
        return new Slice(rows, texts, times.Count, times.Count > 0 ? times.Max() : begin, dense);
    }

    /// <summary>
    /// Which objects are found by their text alone. Those that match otherwise are looked up too, for the place in their text.
    /// With a scope, the index is asked about the hours of these objects alone, so that what others said is neither waited for
    /// nor told.
    /// </summary>
    private async Task<IEnumerable<LedgerEntry>> FindSpokenAsync(
        List<LedgerEntry> texts,
        Request request,
        CancellationToken cancellationToken)
    {
        var ranges = request.Filter.IsScoped || texts.Count == 0
            ? texts.Select(entry => WholeHour(entry.CreatedTime)).Distinct().Select(hour => new TimeRange(hour, hour.AddHours(1)))
            : [new TimeRange(texts.Min(entry => entry.CreatedTime), texts.Max(entry => entry.CreatedTime) + IndexSlot.Length)];
        foreach (var some in ranges.Chunk(RangesAtOnce))
        {
            var found = await Task.WhenAll(some.Select(range =>
            {
                request.Effort.AddQuery();
                return indexed.FindAllTextsAsync(request.TextIndex!, request.Filter with { From = range.From, To = range.To }, cancellationToken);
            }));
            request.Keep([.. found.SelectMany(slots => slots)]);
        }

        return texts.Where(entry => request.Spoken.Contain(entry) && request.Term?.IsIn(entry) == false);
    }

    private async IAsyncEnumerable<LedgerEntry> ReadRowsAsync(
        LedgerDay day,
        DateTimeOffset begin,
        DateTimeOffset end,
        Request request,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var query in request.Filter.ToQueries(day.Partition, begin, end))
        {
            request.Effort.AddQuery();
            await foreach (var entry in ledger.SearchAsync(query, ColumnsFor(request.Term), cancellationToken))
            {
                yield return entry;
            }
        }
    }

    /// <summary>The days that can hold what is meant, newest first, put together as far as they can be read at once.</summary>
    private async IAsyncEnumerable<DayRange> ReadRangesAsync(
        Request request,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Without a text every row is shown, and there is no need for more than fill the page.
        var wanted = request.Term is null ? request.Limit + 1 : RowsPerRange;
        var days = new List<LedgerDay>();
        var count = 0L;
        var filter = request.Filter;
        DateTimeOffset? to = request.After is { } after ? Earlier(after.End, filter.To) : filter.To;
        var known = await ledgerDays.ReadAsync(filter.Region, filter.From, to, cancellationToken);
        foreach (var day in known.Where(day => filter.CountIn(day) > 0).OrderByDescending(day => day.Day))
        {
            if (days.Count > 0 && days[^1].Day != day.Day && (count >= wanted || days.Count >= PartitionsPerRange))
            {
                yield return new DayRange(days, count);
                days = [];
                count = 0;
            }

            days.Add(day);
            count += filter.CountIn(day);
        }

        if (days.Count > 0)
        {
            yield return new DayRange(days, count);
        }
    }

    private static DateTimeOffset Later(DateTimeOffset time, DateTimeOffset? other) => other > time ? other.Value : time;

    private static DateTimeOffset Earlier(DateTimeOffset time, DateTimeOffset? other) => other < time ? other.Value : time;

    private static DateTimeOffset WholeHour(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerHour));

    private sealed record Request(SearchFilter Filter, SearchTerm? Term, SearchPosition? After, int Limit, Effort Effort)
    {
        private readonly HashSet<IndexSlot> _texts = [];

        public List<LedgerEntry> Found { get; } = [];

        public List<LedgerEntry> Read { get; } = [];

        public DateTimeOffset? ReadFrom { get; set; }

        /// <summary>Knows what objects said; <see langword="null"/> to leave that out.</summary>
        public IndexState? TextIndex { get; init; }

        public SpokenHits Spoken { get; private set; } = SpokenHits.None;

        public void Keep(IReadOnlyCollection<IndexSlot> texts)
        {
            if (texts.Count > 0)
            {
                _texts.UnionWith(texts);
                Spoken = new SpokenHits(new IndexSlots([.. _texts], IsWhole: true));
            }
        }

        public void Keep(IReadOnlyCollection<LedgerEntry> rows)
        {
            lock (Read)
            {
                Read.AddRange(rows);
            }
        }

        public bool IsDone => Found.Count >= Limit || Effort.IsSpent(hasFound: Found.Count > 0);
    }

    private sealed record DayRange(IReadOnlyList<LedgerDay> Days, long Count)
    {
        public DateTimeOffset Start => Days[^1].Day;

        public DateTimeOffset End => Days[0].Day.AddDays(1);
    }

    /// <param name="Rows">The rows that are meant.</param>
    /// <param name="Texts">Objects with a text, which the index is asked about; some of them are among the rows.</param>
    /// <param name="Read">How many were read.</param>
    /// <param name="Newest">When the newest of those was made.</param>
    /// <param name="Dense">Of a slice that was too wide: about a quarter of its rows were made later. <see langword="null"/> when it was not too wide.</param>
    private sealed record Slice(List<LedgerEntry> Rows, List<LedgerEntry> Texts, int Read, DateTimeOffset Newest, DateTimeOffset? Dense);

    /// <summary>What a request has cost so far.</summary>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="maxQueries">How many queries are enough.</param>
    /// <param name="maxDuration">How long is enough; <see langword="null"/> when the time does not matter.</param>
    private sealed class Effort(TimeProvider timeProvider, int maxQueries, TimeSpan? maxDuration)
    {
        private const int MaxRowsRead = 10_000;
        private const int QueriesOfSlowStart = 6;
        private readonly long _started = timeProvider.GetTimestamp();
        private long _rows;
        private int _queries;

        /// <summary>Whether it is time to answer. Never before something was read, so that every request gets on.</summary>
        /// <param name="hasFound">Whether there is something to show. If not, a slow start alone does not end the search.</param>
        public bool IsSpent(bool hasFound) =>
            _queries > 0
            && (_rows >= MaxRowsRead
                || _queries >= maxQueries
                || ((hasFound || _queries >= QueriesOfSlowStart) && timeProvider.GetElapsedTime(_started) >= maxDuration));

        public void AddQuery() => Interlocked.Increment(ref _queries);

        public void AddRows(int count) => Interlocked.Add(ref _rows, count);
    }
}
