namespace Operations.Search;

/// <summary>A time range.</summary>
/// <param name="From">Its start.</param>
/// <param name="To">Its end, which is not in it.</param>
internal sealed record TimeRange(DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>Joins the ranges between which the least time lies, until there are so few.</summary>
    public static IReadOnlyList<TimeRange> Join(IEnumerable<TimeRange> ranges, int maxRanges)
    {
        var sorted = ranges.OrderBy(range => range.From).ToList();
        var gaps = sorted.Zip(sorted.Skip(1), (one, next) => next.From - one.To).ToList();
        var kept = gaps.Select((gap, number) => (gap, number))
            .Where(item => item.gap > TimeSpan.Zero)
            .OrderByDescending(item => item.gap)
            .Take(maxRanges - 1)
            .Select(item => item.number)
            .Order();
        var joined = new List<TimeRange>();
        var first = 0;
        foreach (var last in kept.Append(sorted.Count - 1))
        {
            joined.Add(new TimeRange(sorted[first].From, sorted[last].To));
            first = last + 1;
        }

        return joined;
    }
}
