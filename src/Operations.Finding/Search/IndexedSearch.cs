using Archiving.Ledger;
using Archiving.Model;
using Archiving.Settings;

namespace Operations.Search;

/// <summary>
/// Finds objects by the index: reads the minutes in which it knows objects with every term, newest first and few at a time,
/// and of days that are not all in the index what was written since. A request does a bounded amount of work and then
/// returns where to continue.
/// </summary>
public sealed class IndexedSearch(SearchIndex index, ObjectLedger ledger, SearchOptions options, TimeProvider timeProvider)
{
    private const int RowsPerQuery = 1000;
    private const int MaxTerms = 4;
    internal const int MaxQueries = 16;
    private const int PartitionsAtOnce = 8;

    // Rows come one after the other from a partition, and a person waits for the first page.
    private const int SlotsOfFirstPage = 180;

    // How many rows a minute holds, and how many of them are meant, is known when some were read.
    private const int FirstMinutes = 64;
    private const int MinMinutes = 16;
    private const int MaxGrowth = 4;
    private const int RowsAtOnce = 1000;
    private static readonly TimeSpan MaxDuration = TimeSpan.FromMilliseconds(400);

    // An app that has just started is slow: that alone does not end a search before it has found something.
    private const int WavesOfSlowStart = 3;

    /// <summary>Finds a page.</summary>
    /// <param name="state">What the index covers.</param>
    /// <param name="filter">What is looked for, with a text or a call.</param>
    /// <param name="term">The text as a row is compared with it.</param>
    /// <param name="after">Where the page begins; <see langword="null"/> for the first.</param>
    /// <param name="limit">Maximum number of rows.</param>
    /// <param name="maxQueries">About how many queries of the ledger a page may take.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns><see langword="null"/> when the index knows no way to what is looked for.</returns>
    /// <exception cref="OutageException">The storage does not work.</exception>
    internal async Task<SearchPage?> FindAsync(
        IndexState state,
        SearchFilter filter,
        SearchTerm? term,
        SearchPosition? after,
        int limit,
        int maxQueries,
        CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var to = Earlier(filter.To, after?.End);
        var max = after is null ? SlotsOfFirstPage : SearchIndex.MaxSlots;
        var findTexts = FindTextsAsync(state, filter, to, max, cancellationToken);
        if (await FindSlotsAsync(state, filter, to, max, cancellationToken) is not { } names)
        {
            await findTexts;
            return null;
        }

        var texts = await findTexts;
        var slots = Merge(names, texts);
        if (after is null && slots is { Slots: [], Oldest: null } && filter.Text is not null)
        {
            // The newest rows, which the index may lack, are read anyway.
            return null;
        }

        var walk = new Walk(filter, term, after, to, limit, maxQueries, slots, new SpokenHits(texts), [.. OpenDays(state, filter, to)]);
        var waves = 0;
        while (walk.Plan() is { } wave)
        {
            waves++;
            var minutes = wave.Slots.ToLookup(slot => slot.Partition, StringComparer.Ordinal);
            var days = wave.Days.ToDictionary(day => day.RowKey, StringComparer.Ordinal);
            var parts = await Task.WhenAll(minutes.Select(part => part.Key).Union(days.Keys, StringComparer.Ordinal)
                .Select(partition => ReadAsync(walk, partition, [.. minutes[partition]], days.GetValueOrDefault(partition), cancellationToken)));
            if (walk.Take(parts, wave, waves >= WavesOfSlowStart && timeProvider.GetElapsedTime(started) >= MaxDuration) is { } page)
            {
                return page;
            }
        }

        return walk.Finish();
    }

    /// <summary>The rows of some minutes of a day, and of an open day those that the index may lack.</summary>
    private async Task<Part> ReadAsync(
        Walk walk,
        string partition,
        IReadOnlyCollection<IndexSlot> slots,
        IndexDayRow? day,
        CancellationToken cancellationToken)
    {
        var (from, to) = (walk.Filter.From, walk.To);
        var whole = slots.Where(slot => !(slot.Minute < from) && !(slot.End > to)).Select(slot => (partition, slot.Minute));
        var ranges = slots.Select(slot => new TimeRange(Later(slot.Minute, from), Earlier(slot.End, to)!.Value)).Distinct();
        var isWhole = day is not null && !(day.ToDay() < from) && !(day.ToDay().AddDays(1) > to);
        if (day is not null && (slots.Count == 0 || day.WrittenSince is null))
        {
            ranges = [new TimeRange(Later(day.ToDay(), from), Earlier(day.ToDay().AddDays(1), to)!.Value)];
        }

        var queries = slots.Count == 0 && day is not null
            ? walk.Filter.ToQueries(partition, ranges).Select(query => query + day.ToCondition())
            : walk.Filter.ToQueries(partition, ranges, day?.WrittenSince);
        var rows = new List<LedgerEntry>();
        var cost = 0;
        foreach (var query in queries)
        {
            var found = await ledger.SearchAsync(query, ObjectSearch.ColumnsFor(walk.Term), cancellationToken).ToListAsync(cancellationToken);
            rows.AddRange(found.Where(entry => !(entry.CreatedTime < from) && !(entry.CreatedTime >= to)));
            cost += 1 + (found.Count / RowsPerQuery);
        }

        return new Part(rows, [.. whole], isWhole ? partition : null, cost);
    }

    /// <summary>Which objects, made in the filter's range of time, said what is looked for.</summary>
    internal async Task<SpokenHits> FindTextsAsync(IndexState state, SearchFilter filter, CancellationToken cancellationToken) =>
        new(await FindTextsAsync(state, filter, filter.To, SearchIndex.MaxSlots, cancellationToken));

    /// <summary>The objects, made in the filter's range of time, that said what is looked for, however many those are that did.</summary>
    internal async Task<IReadOnlySet<IndexSlot>> FindAllTextsAsync(IndexState state, SearchFilter filter, CancellationToken cancellationToken)
    {
        var found = new HashSet<IndexSlot>();
        var to = filter.To;
        while (true)
        {
            var texts = await FindTextsAsync(state, filter, to, SearchIndex.MaxSlots, cancellationToken);
            found.UnionWith(texts.Slots);

            // Of the oldest minute, it may have given a part.
            if (texts.Oldest is not { } oldest || oldest + IndexSlot.Length >= to)
            {
                return found;
            }

            to = oldest + IndexSlot.Length;
        }
    }

    /// <summary>The objects whose text has every term, newest first, as far back as the index gave all of them.</summary>
    private async Task<IndexSlots> FindTextsAsync(IndexState state, SearchFilter filter, DateTimeOffset? to, int max, CancellationToken cancellationToken)
    {
        var range = new IndexRange(filter.From, to, filter.Region, filter.Type);
        var terms = options.Transcripts && filter.Text is { } text ? SearchTerms.OfText(text).OrderByDescending(term => term.Length).ToList() : [];
        var lists = new List<IndexSlots>();
        HashSet<IndexSlot>? common = null;
        foreach (var some in terms.Chunk(MaxTerms))
        {
            // Nothing but the index knows what was said, so it is asked for every term.
            lists.AddRange(await Task.WhenAll(some.Select(term => index.FindAsync(state, term, range, cancellationToken, max))));
            common ??= [.. lists[0].Slots];
            lists.ForEach(list => common.IntersectWith(list.Slots));
            if (common.Count == 0)
            {
                break;
            }
        }

        return new IndexSlots([.. (common ?? []).OrderByDescending(slot => slot.Minute)], IsWhole: true) { Oldest = lists.Max(list => list.Oldest) };
    }

    /// <summary>The minutes of both, as far back as both are known.</summary>
    private static IndexSlots Merge(IndexSlots names, IndexSlots texts) => new(
        [.. names.Slots.Concat(texts.Slots.Select(slot => slot with { Text = null })).Distinct().OrderByDescending(slot => slot.Minute)],
        IsWhole: true)
    {
        Oldest = names.Oldest > texts.Oldest || texts.Oldest is null ? names.Oldest : texts.Oldest,
    };

    /// <summary>The minutes that can hold what is looked for; <see langword="null"/> when the index does not know.</summary>
    private async Task<IndexSlots?> FindSlotsAsync(IndexState state, SearchFilter filter, DateTimeOffset? to, int max, CancellationToken cancellationToken)
    {
        var range = new IndexRange(filter.From, to, filter.Region, filter.Type);
        var terms = filter.Text is null ? [] : SearchTerms.Wanted(filter.Text).OrderByDescending(term => term.Length).Take(MaxTerms).ToList();
        var id = filter.Call is { } call ? SearchTerms.OfId(call) : SearchTerms.FindId(filter.Text ?? "");
        var lists = await Task.WhenAll((id is null ? terms : [id, .. terms]).Select(term => index.FindAsync(state, term, range, cancellationToken, max)));
        if (lists.Length == 0)
        {
            return null;
        }

        // A text can be the ID of one object and stand in the name of another one.
        return id is not null && filter.Call is null && terms.Count > 0 ? Merge(Combine(lists[1..]), lists[0]) : Combine(lists);
    }

    /// <summary>The minutes that are in every list, as far as the lists can tell.</summary>
    private static IndexSlots Combine(IndexSlots[] lists)
    {
        // What the fewest objects have leads; the others leave out of it what they can tell.
        var sparsest = lists.OrderBy(list => list.IsWhole ? 0 : 1).ThenBy(list => list.Oldest?.UtcTicks ?? list.Slots.Count).First();
        var others = lists.Where(list => list != sparsest).Select(list => (list, Known: list.Slots.ToHashSet())).ToList();
        return sparsest with
        {
            Slots =
            [
                .. sparsest.Slots.Where(slot => others.TrueForAll(other =>
                    other.Known.Contains(slot) || slot.Minute <= other.list.Oldest)),
            ],
        };
    }

    /// <summary>The days looked for that are not all in the index, newest first.</summary>
    internal static IEnumerable<IndexDayRow> OpenDays(IndexState state, SearchFilter filter, DateTimeOffset? to) => state.OpenDays
        .Where(day => (filter.Region is null || day.IsOf(filter.Region)) && !(day.ToDay().AddDays(1) <= filter.From) && !(day.ToDay() >= to))
        .OrderByDescending(day => day.ToDay());

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other : one;

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset? other) => other > one ? other.Value : one;

    /// <param name="Rows">What was read.</param>
    /// <param name="Minutes">The minutes of which that is all that the filter lets through.</param>
    /// <param name="OpenDay">The open day of which that is all that the index may lack.</param>
    /// <param name="Queries">What it cost.</param>
    private sealed record Part(List<LedgerEntry> Rows, IReadOnlyList<(string Partition, DateTimeOffset Minute)> Minutes, string? OpenDay, int Queries);

    /// <param name="Slots">The minutes to read.</param>
    /// <param name="Days">The days to read.</param>
    /// <param name="Bound">Everything from this time on is known then.</param>
    private sealed record Wave(IReadOnlyList<IndexSlot> Slots, IReadOnlyList<IndexDayRow> Days, DateTimeOffset Bound);

    /// <summary>How far a search has come.</summary>
    private sealed class Walk(
        SearchFilter filter,
        SearchTerm? term,
        SearchPosition? after,
        DateTimeOffset? to,
        int limit,
        int maxQueries,
        IndexSlots slots,
        SpokenHits texts,
        List<IndexDayRow> days)
    {
        private readonly Queue<IndexSlot> _slots = new(slots.Slots.Where(slot => slots.Oldest is not { } oldest || slot.Minute > oldest));
        private readonly Queue<IndexDayRow> _days = new(days);
        private readonly Dictionary<LedgerKey, LedgerEntry> _read = [];
        private readonly HashSet<(string Partition, DateTimeOffset Minute)> _minutes = [];
        private readonly HashSet<string> _openDays = new(StringComparer.Ordinal);
        private readonly List<LedgerEntry> _waiting = [];
        private readonly List<LedgerEntry> _found = [];
        private int _queries;
        private int _minutesAtOnce = FirstMinutes;

        // As a rule, each slot leads to an object.
        private int _slotsPerObject = 1;

        public SearchFilter Filter => filter;

        public SearchTerm? Term => term;

        public DateTimeOffset? To => to;

        // The index gave the newest minutes only; an older one, and the last of these, of which it may have given a part, are left for the next page.
        private DateTimeOffset? Known => slots.Oldest + IndexSlot.Length;

        /// <summary>What to read next; <see langword="null"/> when nothing is left.</summary>
        public Wave? Plan()
        {
            if (_slots.Count == 0 && (_days.Count == 0 || _days.Peek().ToDay().AddDays(1) <= Known))
            {
                return null;
            }

            var max = Math.Clamp(maxQueries - _queries, 1, PartitionsAtOnce);
            var wave = new List<IndexSlot>();
            var partitions = new HashSet<string>(StringComparer.Ordinal);
            var minutes = new HashSet<(string Partition, DateTimeOffset Minute)>();
            var missing = Math.Max(limit - _found.Count, 1) * _slotsPerObject;
            foreach (var slot in _slots)
            {
                var isNext = wave.Count > 0 && wave[^1].Minute != slot.Minute;
                var isEnough = wave.Count >= missing || minutes.Count >= _minutesAtOnce;
                if (isNext && (isEnough || (partitions.Count >= max && !partitions.Contains(slot.Partition))))
                {
                    break;
                }

                wave.Add(slot);
                partitions.Add(slot.Partition);
                minutes.Add((slot.Partition, slot.Minute));
            }

            var bound = wave.Count < _slots.Count ? wave[^1].Minute : Known ?? DateTimeOffset.MinValue;
            var open = new List<IndexDayRow>();
            foreach (var day in _days)
            {
                if (day.ToDay().AddDays(1) <= bound)
                {
                    break;
                }

                if (open.Count >= max && open[^1].ToDay() != day.ToDay())
                {
                    bound = Later(day.ToDay().AddDays(1), bound);
                    break;
                }

                open.Add(day);
            }

            return new Wave([.. wave.Where(slot => slot.Minute >= bound)], open, bound);
        }

        /// <summary>Takes what was read.</summary>
        /// <returns>The page, when it is full or has cost enough.</returns>
        public SearchPage? Take(IReadOnlyList<Part> parts, Wave wave, bool isLate)
        {
            var minutes = Math.Max(wave.Slots.Select(slot => (slot.Region, slot.Minute)).Distinct().Count(), 1);
            var perMinute = Math.Max(parts.Where(part => part.Minutes.Count > 0).Sum(part => part.Rows.Count) / minutes, 1);
            _minutesAtOnce = Math.Clamp(RowsAtOnce / perMinute, MinMinutes, _minutesAtOnce * MaxGrowth);
            foreach (var _ in wave.Slots)
            {
                _slots.Dequeue();
            }

            foreach (var _ in wave.Days)
            {
                _days.Dequeue();
            }

            foreach (var part in parts)
            {
                _queries += part.Queries;
                if (filter is { Call: null, Type: null, State: null })
                {
                    _minutes.UnionWith(part.Minutes);
                    _openDays.UnionWith(part.OpenDay is { } day ? [day] : []);
                }

                foreach (var entry in part.Rows)
                {
                    if (_read.TryAdd(entry.Key, entry)
                        && (term?.IsIn(entry) != false || texts.Contain(entry))
                        && after?.IsBefore(entry) != false)
                    {
                        _waiting.Add(entry);
                    }
                }
            }

            var next = _waiting.Where(entry => entry.CreatedTime >= wave.Bound).ToList();
            _waiting.RemoveAll(next.Contains);
            next.Sort(SearchPosition.Compare);
            _found.AddRange(next);
            _slotsPerObject = Math.Clamp(wave.Slots.Count / Math.Max(next.Count, 1), 1, _slotsPerObject * MaxGrowth);
            if (_found.Count > limit)
            {
                _found.RemoveRange(limit, _found.Count - limit);
                return Page(SearchPosition.Of(_found[^1]));
            }

            var isEnd = wave.Bound == DateTimeOffset.MinValue;
            return !isEnd && (_found.Count == limit || _queries >= maxQueries || isLate) ? Page(new SearchPosition(wave.Bound)) : null;
        }

        /// <summary>The page when everything that is known was read.</summary>
        public SearchPage Finish() => Page(Known is { } known ? new SearchPosition(known) : null);

        private SearchPage Page(SearchPosition? next) => new(_found, next)
        {
            UnindexedDays = days.Count,
            Read = [.. _read.Values],
            Minutes = _minutes,
            OpenDays = _openDays,
            Spoken = texts,
        };
    }
}
