using Archiving.Model;
using Archiving.Settings;
using Operations.Access;
using Operations.Search;

namespace Operations.Tests;

/// <summary>Several time ranges in one query.</summary>
public sealed class TimeRangeTests
{
    private static readonly DateTimeOffset Day = new(2026, 11, 20, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(3, "1-2 5-6 20-21")]
    [InlineData(2, "1-6 20-21")]
    [InlineData(1, "1-21")]
    [InlineData(9, "1-2 5-6 20-21")]
    public void Ranges_are_joined_where_the_least_time_lies_between_them(int most, string expected) =>
        Assert.Equal(expected, Write(TimeRange.Join([Minutes(20, 21), Minutes(1, 2), Minutes(5, 6)], most)));

    [Fact]
    public void Ranges_without_a_gap_become_one_whatever_the_limit() =>
        Assert.Equal("1-4 9-10", Write(TimeRange.Join([Minutes(1, 2), Minutes(2, 3), Minutes(3, 4), Minutes(9, 10)], 9)));

    [Theory]
    [InlineData(false, false, 7)]
    [InlineData(true, false, 4)]
    [InlineData(true, true, 1)]
    public void Query_has_as_many_ranges_as_fifteen_comparisons_allow(bool isFiltered, bool isScoped, int ranges)
    {
        var filter = isFiltered
            ? new SearchFilter { Type = "callrecording", State = LedgerState.Failed, Call = "c-1" }
            : new SearchFilter();
        if (isScoped)
        {
            filter = filter with
            {
                Scope = ObjectScope.Of(Enumerable.Range(0, 9)
                    .Select(number => new Dictionary<ScopeField, string> { [ScopeField.UserId] = $"u-{number}" })),
            };
        }

        var wanted = Enumerable.Range(0, 30).Select(number => Minutes(number * 10, (number * 10) + 1));

        foreach (var query in filter.ToQueries("uk|20261120", wanted, isScoped ? Day : null))
        {
            Assert.InRange(query.Split(" eq ").Length + query.Split(" ge ").Length + query.Split(" lt ").Length - 3, ranges * 2, 15);
            Assert.Equal(ranges, query.Split("CreatedTime ge").Length - 1);
        }
    }

    private static TimeRange Minutes(int from, int to) => new(Day.AddMinutes(from), Day.AddMinutes(to));

    private static string Write(IEnumerable<TimeRange> ranges) =>
        string.Join(' ', ranges.Select(range => $"{(range.From - Day).TotalMinutes}-{(range.To - Day).TotalMinutes}"));
}
