using System.Globalization;

namespace Simulator.Objects;

/// <summary>What a search finds.</summary>
internal sealed record SearchResult(IReadOnlyList<SimulatedObject> Objects, bool IsLastPage, long NextPageKey, long Total);

/// <summary>How the simulated search behaves where the documents leave it open, or 8x8 is known to differ.</summary>
public sealed record SearchBehaviour
{
    /// <summary>Page keys are page numbers instead of offsets.</summary>
    public bool PageNumbers { get; init; }

    /// <summary>What <c>total</c> gives: <c>none</c>, <c>records</c> or <c>pages</c>.</summary>
    public string Total { get; init; } = "records";

    /// <summary>What counts look like: <c>numbers</c>, <c>strings</c>, <c>null</c> or <c>missing</c>.</summary>
    public string Counts { get; init; } = "numbers";

    /// <summary>Records with equal sort keys come in another order in each answer.</summary>
    public bool ShuffleTies { get; init; }

    /// <summary>Records come the other way round than asked for.</summary>
    public bool SortsBackwards { get; init; }

    /// <summary>Refuses a search without <c>Content-Type: application/json</c>, which the reference requires.</summary>
    public bool RequiresContentType { get; init; }

    /// <summary>Answers filters on times with this status.</summary>
    public int? RejectTimeFilters { get; init; }
}

/// <summary>The objects of the simulated account. Safe for many threads.</summary>
public sealed class ObjectStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Region, string Id), SimulatedObject> _objects = [];
    private readonly Dictionary<string, Index> _indexes = new(StringComparer.Ordinal);
    private readonly PriorityQueue<(SimulatedObject Item, string From, string To, DateTimeOffset? Until), DateTimeOffset> _changes = new();
    private readonly TimeProvider _timeProvider;
    private long _sequence;
    private long _searches;

    internal ObjectStore(TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
    }

    /// <summary>How searches behave.</summary>
    public SearchBehaviour Search { get; set; } = new();

    /// <summary>Every object, at this moment.</summary>
    public IReadOnlyList<SimulatedObject> GetAll()
    {
        lock (_lock)
        {
            Settle();
            return [.. _objects.Values];
        }
    }

    /// <summary>Adds an object.</summary>
    public SimulatedObject Add(ObjectSpecification specification)
    {
        ArgumentNullException.ThrowIfNull(specification);
        lock (_lock)
        {
            var sequence = _sequence++;
            var id = specification.Id ?? MakeId(specification.Region, sequence);
            var item = new SimulatedObject(specification, id, sequence, _timeProvider.GetUtcNow());
            if (!_objects.TryAdd((item.Region, id), item))
            {
                throw new ArgumentException($"There is an object {id} in {item.Region} already.", nameof(specification));
            }

            GetIndex(item.Region).Add(item);
            return item;
        }
    }

    /// <summary>An object, or <see langword="null"/>.</summary>
    public SimulatedObject? Find(string region, string id)
    {
        lock (_lock)
        {
            Settle();
            return _objects.GetValueOrDefault((region, id));
        }
    }

    /// <summary>Gives an object another state; its <c>updatedTime</c> moves.</summary>
    public void SetState(string region, string id, string state) => Change(region, id, item => item.State = state);

    /// <summary>Moves an object's <c>updatedTime</c> to now.</summary>
    public void Touch(string region, string id) => Change(region, id, _ => { });

    /// <summary>Gives an object other bytes.</summary>
    public void ReplaceContent(string region, string id, ulong seed, long bytes) =>
        Change(region, id, item => item.ReplaceContent(new GeneratedContent(item.MimeType, seed, bytes)));

    /// <summary>Deletes an object, record and all.</summary>
    public bool Remove(string region, string id)
    {
        lock (_lock)
        {
            if (!_objects.Remove((region, id), out var item))
            {
                return false;
            }

            GetIndex(region).Remove(item);
            return true;
        }
    }

    /// <summary>Deletes everything.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _objects.Clear();
            _indexes.Clear();
            _changes.Clear();
        }
    }

    /// <summary>Brings an ARCHIVED object back after a while, for a while.</summary>
    internal void Restore(SimulatedObject item, TimeSpan after, TimeSpan lasts)
    {
        lock (_lock)
        {
            var ready = _timeProvider.GetUtcNow() + after;
            _changes.Enqueue((item, "ARCHIVED", "AVAILABLE", ready + lasts), ready);
        }
    }

    internal SearchResult Find(string region, FilterExpression filter, string sortField, bool descending, long pageKey, int limit)
    {
        lock (_lock)
        {
            Settle();
            var search = Search;
            _searches++;
            var skip = search.PageNumbers ? pageKey * limit : pageKey;
            var found = new List<SimulatedObject>(limit);
            long position = 0;
            long total = 0;
            var more = false;
            foreach (var item in Sort(GetIndex(region), filter, sortField, descending != search.SortsBackwards, search.ShuffleTies))
            {
                if (!filter.Matches(item) || (!filter.NamesStates && item.State != "AVAILABLE"))
                {
                    continue;
                }

                total++;
                if (position++ < skip)
                {
                    continue;
                }

                if (position - skip > limit)
                {
                    more = true;
                    if (search.Total == "none" || total > skip + (10L * limit))
                    {
                        // Counting on would cost more than the answer is worth.
                        break;
                    }

                    continue;
                }

                found.Add(item);
            }

            var next = search.PageNumbers ? pageKey + 1 : skip + found.Count;
            found.RemoveAll(item => item.Hidden);
            return new SearchResult(found, !more, next, total);
        }
    }

    private IEnumerable<SimulatedObject> Sort(Index index, FilterExpression filter, string sortField, bool descending, bool shuffleTies)
    {
        if (sortField is "createdTime" or "updatedTime" && !shuffleTies)
        {
            return index.Enumerate(sortField, filter.GetBounds(sortField), descending);
        }

        Func<SimulatedObject, IComparable> key = sortField switch
        {
            "createdTime" => item => item.CreatedTime.ToUnixTimeSeconds(),
            "updatedTime" => item => item.UpdatedTime.ToUnixTimeSeconds(),
            "storedBytes" => item => item.StoredBytes,
            "id" => item => item.Id,
            "type" => item => item.Type,
            _ => item => item.Tags.FirstOrDefault(tag => tag.Key == sortField).Value ?? "",
        };
        var seed = (ulong)_searches * 0x9E3779B97F4A7C15;
        Func<SimulatedObject, ulong> tie = shuffleTies ? item => ((ulong)item.Sequence + seed) * 0xBF58476D1CE4E5B9 : item => (ulong)item.Sequence;
        var all = index.Enumerate("createdTime", (long.MinValue, long.MaxValue), descending: false);
        return (descending ? all.OrderByDescending(key) : all.OrderBy(key)).ThenBy(tie);
    }

    private void Change(string region, string id, Action<SimulatedObject> change)
    {
        lock (_lock)
        {
            if (!_objects.TryGetValue((region, id), out var item))
            {
                throw new KeyNotFoundException($"There is no object {id} in {region}.");
            }

            Change(item, change);
        }
    }

    private void Change(SimulatedObject item, Action<SimulatedObject> change)
    {
        var index = GetIndex(item.Region);
        index.Remove(item);
        change(item);
        item.UpdatedTime = DateTimeOffset.FromUnixTimeMilliseconds(_timeProvider.GetUtcNow().ToUnixTimeMilliseconds());
        index.Add(item);
    }

    private void Settle()
    {
        var now = _timeProvider.GetUtcNow();
        while (_changes.TryPeek(out var change, out var due) && due <= now)
        {
            _changes.Dequeue();
            if (_objects.GetValueOrDefault((change.Item.Region, change.Item.Id)) != change.Item || change.Item.State != change.From)
            {
                continue;
            }

            Change(change.Item, item => item.State = change.To);
            if (change.Until is { } until)
            {
                _changes.Enqueue((change.Item, change.To, change.From, null), until);
            }
        }
    }

    private Index GetIndex(string region)
    {
        if (!_indexes.TryGetValue(region, out var index))
        {
            index = new Index();
            _indexes[region] = index;
        }

        return index;
    }

    private static string MakeId(string region, long sequence)
    {
        Span<byte> bytes = stackalloc byte[16];
        new GeneratedContent("", (ulong)region.Length + 31, long.MaxValue).Fill(bytes, sequence * 16);
        return new Guid(bytes).ToString("D", CultureInfo.InvariantCulture);
    }

    private sealed class Index
    {
        private readonly SortedSet<Entry> _byCreated = new(Entry.Order);
        private readonly SortedSet<Entry> _byUpdated = new(Entry.Order);

        public void Add(SimulatedObject item)
        {
            _byCreated.Add(new Entry(item.CreatedTime.ToUnixTimeMilliseconds(), item.Sequence, item));
            _byUpdated.Add(new Entry(item.UpdatedTime.ToUnixTimeMilliseconds(), item.Sequence, item));
        }

        public void Remove(SimulatedObject item)
        {
            _byCreated.Remove(new Entry(item.CreatedTime.ToUnixTimeMilliseconds(), item.Sequence, item));
            _byUpdated.Remove(new Entry(item.UpdatedTime.ToUnixTimeMilliseconds(), item.Sequence, item));
        }

        public IEnumerable<SimulatedObject> Enumerate(string field, (long From, long To) bounds, bool descending)
        {
            if (bounds.From > bounds.To)
            {
                return [];
            }

            var set = field == "createdTime" ? _byCreated : _byUpdated;
            var view = set.GetViewBetween(new Entry(bounds.From, long.MinValue, null), new Entry(bounds.To, long.MaxValue, null));
            return (descending ? view.Reverse() : view).Select(entry => entry.Item!);
        }
    }

    private readonly record struct Entry(long Time, long Sequence, SimulatedObject? Item)
    {
        public static IComparer<Entry> Order { get; } = Comparer<Entry>.Create((left, right) =>
            left.Time != right.Time ? left.Time.CompareTo(right.Time) : left.Sequence.CompareTo(right.Sequence));
    }
}
