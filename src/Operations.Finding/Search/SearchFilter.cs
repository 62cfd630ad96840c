using Archiving.Ledger;
using Archiving.Model;
using Azure.Data.Tables;
using Operations.Access;

namespace Operations.Search;

/// <summary>What is looked for. What is <see langword="null"/> does not matter.</summary>
public sealed record SearchFilter
{
    /// <summary>Maximum number of characters of <see cref="Call"/>: as many as a row keeps, so that what is found can be looked for.</summary>
    public const int MaxCallIdLength = LedgerEntry.MaxTextLength;

    // Table Storage allows 15 comparisons in a query ("Querying tables and entities"), the rest of this takes up to 8, and
    // a day that is read for what was written of late one more.
    private const int MaxComparisons = 15;
    private const int MaxScopeComparisons = 6;

    /// <summary>Made at this time or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Made before this time.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>In this region.</summary>
    public string? Region { get; init; }

    /// <summary>Of this type.</summary>
    public string? Type { get; init; }

    /// <summary>In this state.</summary>
    public LedgerState? State { get; init; }

    /// <summary>With this in its name, its user, its tags or its ids.</summary>
    public string? Text { get; init; }

    /// <summary>Of this call: by its tags, by its bucket, or the object of this id itself.</summary>
    public string? Call { get; init; }

    /// <summary>
    /// Whether every object is compared with <see cref="Text"/> and <see cref="Call"/>, and not only those that the index leads
    /// to: that also finds parts of words and short parts of numbers, and takes longer.
    /// </summary>
    public bool IsExhaustive { get; init; }

    /// <summary>Which of all objects the search is about: what its caller may know of. Nothing else is read.</summary>
    public ObjectScope Scope { get; init; } = ObjectScope.Everything;

    /// <summary>Whether there are objects that the caller must not learn of.</summary>
    internal bool IsScoped => !Scope.IsEverything;

    /// <summary>
    /// About how many objects of a day can be meant; 0 only when there is none for sure. With a scope it is the same for every
    /// day, because the count is one of all objects.
    /// </summary>
    internal long CountIn(LedgerDay day)
    {
        if (IsScoped)
        {
            return 1;
        }

        var count = day.Types
            .Where(type => Type is null || type.Key == Type)
            .Sum(type => State is { } state ? type.Value.Count(state) : type.Value.States.Values.Sum());
        return day.IsFresh ? count : Math.Max(count, 1);
    }

    /// <summary>
    /// The part of it that Table Storage can decide, for one partition and time range. All queries together find what is
    /// meant; with a large scope a row can be found by more than one.
    /// </summary>
    /// <param name="partition">The partition.</param>
    /// <param name="from">Start of the time range.</param>
    /// <param name="to">End of the time range.</param>
    /// <param name="orWrittenSince">Finds what was written at this time or later, too, whenever it was made.</param>
    internal IEnumerable<string> ToQueries(string partition, DateTimeOffset from, DateTimeOffset to, DateTimeOffset? orWrittenSince = null) =>
        ToQueries(partition, [new TimeRange(from, to)], orWrittenSince);

    /// <summary>The same for several time ranges, of which the nearest are joined when a query cannot have so many.</summary>
    internal IEnumerable<string> ToQueries(string partition, IEnumerable<TimeRange> ranges, DateTimeOffset? orWrittenSince = null)
    {
        // The partition is one of the comparisons, and a range is two.
        var others = 1 + (Type is null ? 0 : 1) + (State is null ? 0 : 1) + (Call is null ? 0 : 3) + (orWrittenSince is null ? 0 : 1)
            + (Scope.IsEverything ? 0 : MaxScopeComparisons);
        var query = ToQuery(partition, TimeRange.Join(ranges, (MaxComparisons - others) / 2), orWrittenSince);
        return Scope.ToConditions(MaxScopeComparisons).Select(condition => query + condition);
    }

    private string ToQuery(string partition, IReadOnlyList<TimeRange> ranges, DateTimeOffset? orWrittenSince)
    {
        var parts = ranges.Select(range => TableClient.CreateQueryFilter($"CreatedTime ge {range.From} and CreatedTime lt {range.To}")).ToList();
        if (orWrittenSince is { } time)
        {
            parts.Insert(0, TableClient.CreateQueryFilter($"Timestamp ge {time}"));
        }

        var query = TableClient.CreateQueryFilter($"PartitionKey eq {partition} and ")
            + (parts.Count == 1 ? parts[0] : $"(({string.Join(") or (", parts)}))");
        if (Type is not null)
        {
            query += TableClient.CreateQueryFilter($" and Type eq {Type}");
        }

        if (State is { } state)
        {
            query += TableClient.CreateQueryFilter($" and State eq {state.ToString()}");
        }

        if (Call is not null)
        {
            query += TableClient.CreateQueryFilter($" and (CallId eq {Call} or BucketId eq {Call} or RowKey eq {ObjectNames.Encode(Call)})");
        }

        return query;
    }
}
