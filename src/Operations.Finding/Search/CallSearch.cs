using Archiving.Ledger;
using Archiving.Model;

namespace Operations.Search;

/// <summary>A call and its objects.</summary>
/// <param name="CallId">
/// 8x8's id of the call; of an object without a call, its own when an object of its bucket names it as its call, else that of its bucket, else
/// its own.
/// </param>
/// <param name="Objects">Its objects, oldest first.</param>
/// <param name="Spoken">The one of them whose text is looked for; <see langword="null"/> when it was found by other things.</param>
public sealed record FoundCall(string CallId, IReadOnlyList<LedgerEntry> Objects, LedgerEntry? Spoken = null);

/// <summary>A page of calls.</summary>
/// <param name="Calls">The calls, newest first.</param>
/// <param name="Next">Where the next page begins; <see langword="null"/> on the last.</param>
/// <param name="UnindexedDays">See <see cref="SearchPage.UnindexedDays"/>.</param>
/// <param name="IsAnywhere">See <see cref="SearchPage.IsAnywhere"/>.</param>
public sealed record CallPage(IReadOnlyList<FoundCall> Calls, SearchPosition? Next, int UnindexedDays, bool IsAnywhere);

/// <summary>
/// Finds calls: groups what a search finds, and adds the other objects of each call, such as transcripts that came later. A
/// call comes up where its newest object comes up that is looked for, and only there, on whatever page that is.
/// </summary>
public sealed class CallSearch(ObjectSearch search, IndexedSearch indexed, SearchIndex index, ObjectLedger ledger)
{
    /// <summary>Maximum number of calls of a page.</summary>
    public const int MaxCalls = 50;

    // A call has some objects each, most of which a search finds with it.
    private const int ObjectsPerCall = 4;
    private const int MaxOpenDays = 8;

    // Each call is looked up by its id, and a person waits for the answer.
    private const int MaxLookups = 6;

    // Each call may take a query more, for objects of it that the search has not read.
    private const int MaxQueries = 8;

    /// <summary>Finds a page.</summary>
    /// <param name="filter">What is looked for.</param>
    /// <param name="after">Where the page begins; <see langword="null"/> for the first.</param>
    /// <param name="limit">Maximum number of calls. A page has fewer when they cost too much at once.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<CallPage> FindAsync(SearchFilter filter, SearchPosition? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MaxCalls);
        limit = Math.Min(limit, MaxLookups);
        var searching = search.FindAsync(filter, after, Math.Min(limit * ObjectsPerCall, ObjectSearch.MaxRows), MaxQueries, cancellationToken);
        if ((filter.Text ?? filter.Call) is null)
        {
            // Such a search needs no index, and the calls that it finds do.
            var reading = index.ReadStateAsync(cancellationToken);
            await Task.WhenAll(searching, reading);
            searching = Task.FromResult(await searching with { State = await reading });
        }

        var page = await searching;
        if (page.IsAnywhere && after is { FoundNone: true })
        {
            // The search begins again from the newest row.
            after = null;
        }

        var visible = new SearchFilter { Scope = filter.Scope };
        var hits = TakeCalls(page.Entries, limit, CallKey.Of);
        var keys = hits.Select(CallKey.Of).ToHashSet();
        var known = page.Read.Concat(page.Entries).DistinctBy(entry => entry.Key).ToList();
        page = await ReadOthersAsync(visible, page, keys, hits.Select(entry => (CallKey.Of(entry), entry)), known, cancellationToken);

        // A bucket's objects are known by now, and so is which of its recordings others name as their call.
        var named = NamedRecordings.Of(known);
        hits = TakeCalls(hits, limit, named.KeyOf);
        var others = hits.Select(named.KeyOf).Where(key => !keys.Contains(key)).ToHashSet();
        keys = [.. hits.Select(named.KeyOf)];
        if (others.Count > 0)
        {
            var entries = hits.Select(entry => (Key: named.KeyOf(entry), entry)).Where(item => others.Contains(item.Key));
            page = await ReadOthersAsync(visible, page, others, entries, known, cancellationToken);
            named = NamedRecordings.Of(known);
        }

        var term = filter.Text is null ? default(SearchTerm?) : SearchTerm.Of(filter.Text);
        known = [.. known.OrderBy(entry => entry.CreatedTime).ThenBy(entry => entry.Id, StringComparer.Ordinal)];
        var before = after is null || term is null
            ? []
            : await FindSpokenAsync(filter, page, known.Where(entry => !after.Value.IsBefore(entry)), cancellationToken);

        // A bucket has objects that came up as calls of their own, and that does not show the others.
        var calls = keys
            .Where(key => after is null || !known.Any(entry => named.KeyOf(entry) == key && !after.Value.IsBefore(entry) && IsWanted(entry)))
            .Select(key => new FoundCall(key.Id, [.. known.Where(key.IsOf)]))
            .Select(call => call with { Spoken = call.Objects.FirstOrDefault(page.Spoken.Contain) });
        var next = hits.Count < page.Entries.Count ? SearchPosition.Of(hits[^1]) with { IsAnywhere = page.IsAnywhere } : page.Next;
        return new CallPage([.. calls], next, page.UnindexedDays, page.IsAnywhere);

        bool IsWanted(LedgerEntry entry) =>
            !(entry.CreatedTime < filter.From)
            && !(entry.CreatedTime >= filter.To)
            && (filter.Region is null || entry.Region == filter.Region)
            && (filter.Call is not { } id || entry.CallId == id || entry.BucketId == id || entry.Id == id)
            && (term?.IsIn(entry) != false || before.Contains(entry));
    }

    /// <summary>Of objects that come before a page, those that were found there by their text: their calls are not shown again.</summary>
    private async Task<HashSet<LedgerEntry>> FindSpokenAsync(
        SearchFilter filter,
        SearchPage page,
        IEnumerable<LedgerEntry> entries,
        CancellationToken cancellationToken)
    {
        // Of a minute, the index gives all; of a longer time, it may give the newest alone.
        var minutes = entries.Where(SpokenText.IsIn).GroupBy(entry => entry.CreatedTime.UtcTicks / IndexSlot.Length.Ticks).ToList();
        var found = await Task.WhenAll(minutes.Select(async minute =>
        {
            var start = new DateTimeOffset(minute.Key * IndexSlot.Length.Ticks, TimeSpan.Zero);
            var hits = page.State is { IsBegun: true } state
                ? await indexed.FindTextsAsync(state, filter with { From = start, To = start + IndexSlot.Length }, cancellationToken)
                : SpokenHits.None;
            return minute.Where(hits.Contain);
        }));
        return [.. found.SelectMany(part => part)];
    }

    /// <summary>The first rows that belong to so many calls.</summary>
    private static List<LedgerEntry> TakeCalls(IEnumerable<LedgerEntry> entries, int limit, Func<LedgerEntry, CallKey> keyOf)
    {
        var keys = new HashSet<CallKey>();
        return [.. entries.TakeWhile(entry => keys.Contains(keyOf(entry)) || (keys.Count < limit && keys.Add(keyOf(entry))))];
    }

    /// <summary>Reads the objects of calls that the search has not read, and adds them to those that are known.</summary>
    /// <returns>The page, with what was read of them.</returns>
    private async Task<SearchPage> ReadOthersAsync(
        SearchFilter visible,
        SearchPage page,
        IReadOnlyCollection<CallKey> keys,
        IEnumerable<(CallKey Key, LedgerEntry Entry)> hits,
        List<LedgerEntry> known,
        CancellationToken cancellationToken)
    {
        var state = page.State ?? await index.ReadStateAsync(cancellationToken);
        page = page with { State = state };
        var queries = QueriesOfDays(visible, hits);
        if (state.IsBegun)
        {
            (queries, page) = await QueriesAsync(visible, state, page, keys, cancellationToken);
        }

        var rows = await Task.WhenAll(queries.Select(query => ledger.SearchAsync(query, ObjectSearch.ColumnsWithText, cancellationToken)
            .ToListAsync(cancellationToken).AsTask()));
        var seen = known.Select(entry => entry.Key).ToHashSet();
        known.AddRange(rows.SelectMany(part => part).Where(entry => seen.Add(entry.Key)));
        return page;
    }

    /// <summary>By the index: the minutes that hold objects of the calls, and of the newest open days what it may lack.</summary>
    private async Task<(IEnumerable<string> Queries, SearchPage Page)> QueriesAsync(
        SearchFilter visible,
        IndexState state,
        SearchPage page,
        IReadOnlyCollection<CallKey> keys,
        CancellationToken cancellationToken)
    {
        var slots = await Task.WhenAll(keys.Select(key =>
            index.FindAsync(state, SearchTerms.OfId(key.Id), new IndexRange(Region: key.Region), cancellationToken)));
        var minutes = slots.SelectMany(list => list.Slots)
            .Where(slot => !page.Minutes.Contains((slot.Partition, slot.Minute)) && !(slot.Minute >= page.KnownFrom))
            .ToLookup(
                slot => slot.Partition,
                slot => new TimeRange(slot.Minute, slot.End > page.KnownFrom ? page.KnownFrom.Value : slot.End),
                StringComparer.Ordinal);
        var open = state.OpenDays
            .Where(day => !page.OpenDays.Contains(day.RowKey) && keys.Any(key => day.IsOf(key.Region)))
            .OrderByDescending(day => day.ToDay())
            .Take(MaxOpenDays)
            .ToDictionary(day => day.RowKey, StringComparer.Ordinal);
        var queries = minutes.Select(part => part.Key).Union(open.Keys, StringComparer.Ordinal).SelectMany(partition =>
        {
            var day = open.GetValueOrDefault(partition);
            var since = day?.WrittenSince;
            if (day is not null && (since is null || !minutes.Contains(partition)))
            {
                return visible.ToQueries(partition, day.ToDay(), day.ToDay().AddDays(1)).Select(query => query + day.ToCondition());
            }

            return visible.ToQueries(partition, minutes[partition], since);
        }).ToList();

        // Other calls are of the same regions, so no more is read of open days for them.
        var read = slots.SelectMany(list => list.Slots).Select(slot => (slot.Partition, slot.Minute));
        return (queries, page with
        {
            Minutes = page.Minutes.Union(read).ToHashSet(),
            OpenDays = state.OpenDays.Select(day => day.RowKey).ToHashSet(StringComparer.Ordinal),
        });
    }

    /// <summary>Without an index: the days of the objects that were found.</summary>
    private static IEnumerable<string> QueriesOfDays(SearchFilter visible, IEnumerable<(CallKey Key, LedgerEntry Entry)> hits) => hits
        .Select(hit => (hit.Key, hit.Entry.PartitionKey, Day: UtcTime.DayOf(hit.Entry.CreatedTime)))
        .Distinct()
        .SelectMany(item => (visible with { Call = item.Key.Id }).ToQueries(item.PartitionKey, item.Day, item.Day.AddDays(1)));

    private readonly record struct CallKey(string Region, string Id)
    {
        public static CallKey Of(LedgerEntry entry) => new(entry.Region, entry.CallId ?? entry.BucketId ?? entry.Id);

        public bool IsOf(LedgerEntry entry) => entry.Region == Region && (Of(entry) == this || entry.BucketId == Id || entry.Id == Id);
    }

    /// <summary>
    /// The recordings without a call that an object of the same bucket, such as the transcript, names as its call. They are of that call,
    /// and not one of the bucket's. Other buckets do not count: all objects of a bucket are known, and those of others are not.
    /// </summary>
    private sealed record NamedRecordings(IReadOnlySet<(string Region, string Bucket, string Id)> All)
    {
        public static NamedRecordings Of(IEnumerable<LedgerEntry> known) => new(known
            .Where(entry => entry is { CallId: not null, BucketId: not null })
            .Select(entry => (entry.Region, entry.BucketId!, entry.CallId!))
            .ToHashSet());

        public CallKey KeyOf(LedgerEntry entry) =>
            entry is { CallId: null, BucketId: { } bucket } && All.Contains((entry.Region, bucket, entry.Id))
                ? new CallKey(entry.Region, entry.Id)
                : CallKey.Of(entry);
    }
}
