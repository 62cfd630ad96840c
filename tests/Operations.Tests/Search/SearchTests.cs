using System.Collections.Concurrent;
using System.Globalization;
using Archiving.Ledger;
using Archiving.Model;
using EightByEight;
using Operations.Search;
using Testing;

namespace Operations.Tests;

/// <summary>Searches on a real table, against a naive search in memory.</summary>
public sealed class SearchTests(AzuriteFixture azurite)
{
    private static readonly DateTimeOffset Newest = new(2026, 11, 20, 18, 0, 0, TimeSpan.Zero);
    private static readonly string[] Names = ["Jane", "Sam", "Überprüfung", "+1 (555) 010-0100", "O'Neill"];
    private static readonly string[] Words = ["jane", "555010", "ÜBER", "o'n", "unheard"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Search_finds_what_a_naive_search_finds_in_the_same_order()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("SEARCH_SEED") ?? "1", CultureInfo.InvariantCulture);
        TestContext.Current.SendDiagnosticMessage($"SEARCH_SEED={seed}");
#pragma warning disable CA5394 // It is to be the same each time.
        var random = new Random(seed);
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var rows = Enumerable.Range(0, 400).Select(number => Row(
            number,
            random.Next(3) switch { 0 => "uk", 1 => "us-east", _ => "ca" },
            // Seconds of few hours of few days, so that many are made at the same moment.
            Newest.AddDays(-random.Next(60) / 10 * 7).AddHours(-random.Next(3)).AddSeconds(-random.Next(4)),
            random.Next(2) == 0 ? "callrecording" : "holo+gram",
            Enum.GetValues<LedgerState>()[random.Next(4)],
            Names[random.Next(Names.Length)],
            $"call-{random.Next(40)}")).ToList();
        await AddAsync(pipeline, rows);

        for (var round = 0; round < 60; round++)
        {
            var from = random.Next(3) == 0 ? rows[random.Next(rows.Count)].CreatedTime : default(DateTimeOffset?);
            var filter = new SearchFilter
            {
                From = from,
                To = random.Next(3) == 0 ? (from ?? Newest.AddDays(-30)).AddDays(random.Next(1, 20)) : null,
                Region = random.Next(3) == 0 ? "uk" : null,
                Type = random.Next(3) == 0 ? "holo+gram" : null,
                State = random.Next(3) == 0 ? Enum.GetValues<LedgerState>()[random.Next(5)] : null,
                Text = random.Next(3) == 0 ? Words[random.Next(Words.Length)] : null,
                Call = random.Next(6) == 0 ? $"call-{random.Next(40)}" : null,
            };
            var expected = rows.Where(row => Matches(filter, row)).OrderByDescending(row => row.CreatedTime)
                .ThenBy(row => row.PartitionKey, StringComparer.Ordinal)
                .ThenBy(row => row.RowKey, StringComparer.Ordinal)
                .Select(row => row.Id)
                .ToList();

            var found = await FindAllAsync(pipeline, filter, random.Next(1, 60));

            Assert.True(expected.SequenceEqual(found), $"seed {seed}, {filter}: expected {expected.Count}, found {found.Count}");
        }
#pragma warning restore CA5394
    }

    [Fact]
    public async Task Search_reads_little_more_than_it_shows_of_a_busy_day()
    {
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await StartAsync(requests);
        const int Count = 12_000;
        var rows = Enumerable.Range(0, Count)
            .Select(number => Row(number, "uk", Newest.AddHours(-9).AddSeconds(number * 2), "callrecording", LedgerState.Archived, "Jane", "c"))
            .ToList();
        await AddAsync(pipeline, rows);
        await CountAsync(pipeline);
        requests.Clear();

        var first = await pipeline.Get<ObjectSearch>().FindAsync(new SearchFilter(), null, 50, Cancellation);

        Assert.Equal(rows.OrderByDescending(row => row.CreatedTime).Take(50).Select(row => row.Id), first.Entries.Select(row => row.Id));
        Assert.InRange(requests.Count, 2, 8);
        var all = await FindAllAsync(pipeline, new SearchFilter(), 200);
        Assert.Equal(Count, all.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(Count, all.Count);
    }

    [Fact]
    public async Task Search_pages_through_a_second_in_which_thousands_were_made()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var rows = Enumerable.Range(0, 2500).Select(number => Row(number, "uk", Newest, "callrecording", LedgerState.Queued, "Jane", "c")).ToList();
        await AddAsync(pipeline, rows);

        var all = await FindAllAsync(pipeline, new SearchFilter(), 200);

        Assert.Equal(rows.Select(row => row.RowKey).Order(StringComparer.Ordinal), all);
    }

    [Fact]
    public async Task Search_searches_busy_days_with_a_gap_between_them()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var rows = Enumerable.Range(0, 2600).Select(number => Row(
            number,
            "uk",
            Newest.AddDays(number < 900 ? 0 : -10).AddSeconds(-(number % 1700)),
            "callrecording",
            LedgerState.Archived,
            number % 100 == 0 ? "needle" : "hay",
            "c")).ToList();
        await AddAsync(pipeline, rows);
        await pipeline.Get<DaySummaries>().ReadAsync(region: null, from: null, to: null, Cancellation);

        var found = await FindAllAsync(pipeline, new SearchFilter { Text = "needle" }, 200);

        Assert.Equal(rows.Where(row => row.ObjectName == "needle").OrderByDescending(row => row.CreatedTime).Select(row => row.Id), found);
    }

    [Fact]
    public async Task Search_answers_soon_though_nothing_is_found_and_says_where_to_go_on()
    {
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await StartAsync(requests);
        var rows = Enumerable.Range(0, 700).Select(number => Row(
            number,
            number % 2 == 0 ? "uk" : "ca",
            Newest.AddDays(-(number / 2)),
            "callrecording",
            LedgerState.Archived,
            number == 699 ? "needle" : "hay",
            "c")).ToList();
        await AddAsync(pipeline, rows);
        await CountAsync(pipeline);
        requests.Clear();

        var page = await pipeline.Get<ObjectSearch>().FindAsync(new SearchFilter { Text = "needle" }, null, 50, Cancellation);

        Assert.Empty(page.Entries);
        Assert.NotNull(page.Next);

        // On a slow machine it ends by its time, after fewer.
        Assert.InRange(requests.Count, 1, 300);
        Assert.Equal(rows[699].Id, Assert.Single(await FindAllAsync(pipeline, new SearchFilter { Text = "needle" }, 50)));
    }

    [Fact]
    public async Task Search_asks_only_partitions_that_can_hold_what_is_meant()
    {
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await StartAsync(requests);
        await AddAsync(pipeline, [.. Enumerable.Range(0, 200).Select(
            number => Row(number, "uk", Newest.AddDays(-number), "callrecording", number == 150 ? LedgerState.Failed : LedgerState.Archived, "Jane", "c"))]);
        await CountAsync(pipeline);
        requests.Clear();

        var found = await FindAllAsync(pipeline, new SearchFilter { State = LedgerState.Failed }, 50);

        // All the days, and the one partition.
        Assert.Equal("id-150", Assert.Single(found));
        Assert.Equal(2, requests.Count);
    }

    [Fact]
    public async Task Search_finds_what_changed_since_its_day_was_counted()
    {
        await using var pipeline = await StartAsync([]);
        await AddAsync(pipeline, [Row(1, "uk", Newest, "callrecording", LedgerState.Archived, "Jane", "c")]);
        await CountAsync(pipeline);
        Assert.Empty(await FindAllAsync(pipeline, new SearchFilter { State = LedgerState.Failed }, 50));

        await AddAsync(pipeline, [Row(2, "uk", Newest, "callrecording", LedgerState.Failed, "Jane", "c"), Row(
            3,
            "uk",
            Newest.AddDays(-4),
            "callrecording",
            LedgerState.Failed,
            "Jane",
            "c")]);

        Assert.Equal(["id-2", "id-3"], await FindAllAsync(pipeline, new SearchFilter { State = LedgerState.Failed }, 50));
    }

    [Fact]
    public async Task Search_finds_one_object_by_its_day_or_in_any_day()
    {
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await StartAsync(requests);
        var rows = Enumerable.Range(0, 100)
            .Select(number => Row(number, number % 2 == 0 ? "uk" : "ca", Newest.AddDays(-number), "callrecording", LedgerState.Archived, "Jane", "c"))
            .ToList();
        await AddAsync(pipeline, rows);
        var finder = pipeline.Get<ObjectFinder>();
        Assert.Equal("id-98", (await finder.FindAsync("uk", "id-98", null, Cancellation))?.Id);

        requests.Clear();
        Assert.Equal("id-98", (await finder.FindAsync("uk", "id-98", Newest.AddDays(-98), Cancellation))?.Id);
        Assert.Single(requests);

        Assert.Equal("id-98", (await finder.FindAsync("uk", "id-98", Newest.AddDays(-97), Cancellation))?.Id);
        requests.Clear();
        Assert.Equal("id-0", (await finder.FindAsync("uk", "id-0", null, Cancellation))?.Id);
        Assert.InRange(requests.Count, 1, 34);
        Assert.Null(await finder.FindAsync("ca", "id-98", null, Cancellation));
        Assert.Null(await finder.FindAsync("mars", "id-98", null, Cancellation));
    }

    [Fact]
    public void Search_takes_a_cursor_with_its_own_filter_only()
    {
        var filter = new SearchFilter { Region = "uk", Text = "jane", From = Newest.AddDays(-3) };
        foreach (var position in (SearchPosition[])[new(Newest), new(Newest.AddTicks(7), "uk|20261120", "id%20")])
        {
            var cursor = SearchCursor.Write(filter, position);

            Assert.Matches("^[A-Za-z0-9_-]+$", cursor);
            Assert.True(SearchCursor.TryRead(filter, cursor, out var read));
            Assert.Equal(position, read);
            foreach (var other in (SearchFilter[])[new(), filter with { Region = "us" }, filter with { Text = null }, filter with { From =
                null }, filter with { To = Newest }, filter with { State = LedgerState.Failed }, filter with { Call = "c" }, filter with { Type = "t" }])
            {
                Assert.False(SearchCursor.TryRead(other, cursor, out _));
            }

            for (var place = 0; place < cursor.Length; place++)
            {
                var forged = cursor[..place] + (cursor[place] == 'A' ? 'B' : 'A') + cursor[(place + 1)..];
                Assert.False(SearchCursor.TryRead(filter, forged, out _), forged);
                Assert.False(SearchCursor.TryRead(filter, cursor[..place], out _));
            }
        }

        foreach (var nonsense in (string[])["", "AQ", "AQ==", "%", "\0", new string('A', 5000), "ÄÖ"])
        {
            Assert.False(SearchCursor.TryRead(filter, nonsense, out _));
        }
    }

    private static async Task<List<string>> FindAllAsync(Pipeline pipeline, SearchFilter filter, int limit)
    {
        var found = new List<string>();
        SearchPosition? position = null;
        do
        {
            var page = await pipeline.Get<ObjectSearch>().FindAsync(filter, position, limit, Cancellation);
            Assert.InRange(page.Entries.Count, 0, limit);
            found.AddRange(page.Entries.Select(row => row.Id));
            position = page.Next is { } next && SearchCursor.TryRead(filter, SearchCursor.Write(filter, next), out var read) ? read : null;
        }
        while (position is not null);
        return found;
    }

    private static bool Matches(SearchFilter filter, LedgerEntry row) =>
        !(row.CreatedTime < filter.From)
        && !(row.CreatedTime >= filter.To)
        && (filter.Region is null || row.Region == filter.Region)
        && (filter.Type is null || row.Type == filter.Type)
        && (filter.State is null || row.State == filter.State.ToString())
        && (filter.Text is null || SearchTerm.Of(filter.Text).IsIn(row))
        && (filter.Call is null || row.CallId == filter.Call);

    private static LedgerEntry Row(int number, string region, DateTimeOffset created, string type, LedgerState state, string name, string call)
    {
        var row = LedgerEntry.Describe(region, StorageObject.Parse(BinaryData.FromObjectAsJson(new
        {
            id = $"id-{number}",
            type,
            objectName = name,
            createdTime = created.UtcDateTime,
            tags = new[] { new { key = "callId", value = call } },
        })));
        row.State = state.ToString();
        return row;
    }

    private Task<Pipeline> StartAsync(ConcurrentBag<string> requests) =>
        Pipeline.StartAsync(azurite, new MovableTime(), storagePolicy: new CountingPolicy(requests));

    /// <summary>Counts all days long after they changed.</summary>
    private static async Task CountAsync(Pipeline pipeline)
    {
        ((MovableTime)pipeline.Get<TimeProvider>()).Advance(TimeSpan.FromMinutes(10));
        await pipeline.Get<DaySummaries>().ReadAsync(region: null, from: null, to: null, Cancellation);
    }

    private static async Task AddAsync(Pipeline pipeline, IReadOnlyCollection<LedgerEntry> rows) =>
        Assert.Empty(await pipeline.Get<ObjectLedger>().AddAsync(rows, Cancellation));
}
