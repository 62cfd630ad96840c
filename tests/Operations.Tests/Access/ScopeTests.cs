using System.Collections.Concurrent;
using System.Globalization;
using Archiving.Indexing;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Settings;
using EightByEight;
using Operations.Access;
using Operations.Search;
using Testing;

namespace Operations.Tests;

/// <summary>What a scope lets a search and a look at one object find, and what they cost.</summary>
public sealed class ScopeTests(AzuriteFixture azurite)
{
    private static readonly DateTimeOffset Newest = new(2026, 11, 20, 18, 0, 0, TimeSpan.Zero);
    private static readonly string[] Queues = ["Sales", "sales", "O'Brien & Söhne", "Support"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Scoped_search_gives_the_very_pages_of_an_archive_that_holds_nothing_else()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("SEARCH_SEED") ?? "1", CultureInfo.InvariantCulture);
#pragma warning disable CA5394 // It is to be the same each time.
        var random = new Random(seed);
        var rows = Enumerable.Range(0, 400).Select(number => Row(
            number,
            random.Next(2) == 0 ? "uk" : "ca",
            random.Next(2) == 0 ? "voicemail" : "meeting",
            Queues[random.Next(Queues.Length)],
            $"u-{random.Next(40)}",
            Newest.AddDays(-random.Next(6)).AddSeconds(-random.Next(50)))).ToList();
        await using var pipeline = await Pipeline.StartAsync(azurite, new StoppedTime());
        await AddAsync(pipeline, rows);
        foreach (var scope in (ObjectScope[])
        [
            Scope((ScopeField.QueueName, "Sales")),
            Scope((ScopeField.QueueName, "O'Brien & Söhne"), (ScopeField.Region, "uk")),
            // More alternatives than one query of Table Storage may have.
            ObjectScope.Of([.. Enumerable.Range(0, 30).Select(number => Values((ScopeField.UserId, $"u-{number}"))), Values((ScopeField.QueueName, "Sales"))]),
            ObjectScope.Of([Values((ScopeField.Type, "voicemail"), (ScopeField.UserId, "u-1")), Values((ScopeField.Type, "voicemail"))]),
            ObjectScope.Nothing,
        ])
        {
            var visible = rows.Where(scope.Includes).ToList();
            await using var alone = await Pipeline.StartAsync(azurite, new StoppedTime());
            await AddAsync(alone, visible);
            foreach (var filter in (SearchFilter[])[new(), new() { Region = "uk", Type = "meeting", State = LedgerState.Queued }, new() { Text = "name-1" }])
            {
                var all = await FindPagesAsync(alone, filter, 25);
                var expected = await FindPagesAsync(alone, filter with { Scope = scope }, 25);
                var found = await FindPagesAsync(pipeline, filter with { Scope = scope }, 25);

                Assert.True(expected.SequenceEqual(found), $"SEARCH_SEED={seed} {scope} {filter}");
                Assert.Equal(IdsOf(all), IdsOf(found));
            }
        }
#pragma warning restore CA5394
    }

    [Fact]
    public async Task Scoped_search_for_a_word_that_occurs_outside_the_scope_is_answered_as_one_for_a_word_that_occurs_nowhere()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, new StoppedTime());
        await AddAsync(
            pipeline,
            [
                .. Enumerable.Range(0, 30).SelectMany(day => (LedgerEntry[])
                [
                    Row(day * 2, "uk", "voicemail", "Support", "u", Newest.AddDays(-day), "Zacharias Quist"),
                    Row((day * 2) + 1, "uk", "voicemail", "Sales", "u", Newest.AddDays(-day), "Jane Doe"),
                ]),
            ]);
        await pipeline.Get<ObjectIndexer>().IndexAsync(Cancellation);
        var filter = new SearchFilter { Scope = Scope((ScopeField.QueueName, "Sales")) };

        var outside = await FindPlacesAsync(pipeline, filter with { Text = "Quist" });
        var nowhere = await FindPlacesAsync(pipeline, filter with { Text = "Zzyzx" });
        var inside = await FindPagesAsync(pipeline, filter with { Text = "jane" }, 50);

        Assert.Equal(nowhere, outside);
        Assert.All(outside, page => Assert.Equal(0, page.Found));
        Assert.Equal(30, inside.Sum(page => page.Split(' ').Length - 1));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("jane")]
    [InlineData("Zzyzx")]
    public async Task Scoped_search_comes_as_far_whatever_is_outside_and_however_slow_that_makes_it(string? text)
    {
        var inside = Enumerable.Range(0, 40).Select(day => Row(day, "uk", "voicemail", "Sales", "u", Newest.AddDays(-day), "Jane Doe")).ToList();
        var outside = Enumerable.Range(0, 3000).Select(number =>
            Row(100 + number, "uk", number % 2 == 0 ? "voicemail" : "meeting", "Support", "u", Newest.AddDays(-(number % 3)).AddSeconds(-number), "Jane Roe"));
        var filter = new SearchFilter { Text = text, Type = "voicemail", Scope = Scope((ScopeField.QueueName, "Sales")) };
        await using var alone = await Pipeline.StartAsync(azurite, new StoppedTime());
        await using var full = await Pipeline.StartAsync(azurite, new HastyTime());
        await AddAsync(alone, inside);
        await AddAsync(full, [.. inside, .. outside]);
        await alone.Get<ObjectIndexer>().IndexAsync(Cancellation);
        await full.Get<ObjectIndexer>().IndexAsync(Cancellation);

        var expected = await FindPlacesAsync(alone, filter, limit: 6);
        var found = await FindPlacesAsync(full, filter, limit: 6);

        Assert.Equal(expected, found);
        Assert.Equal(text == "Zzyzx" ? 0 : 40, found.Sum(page => page.Found));
        Assert.True(found.Count > 1);
    }

    [Fact]
    public async Task Scoped_search_for_a_call_outside_the_scope_is_answered_as_one_for_a_call_that_does_not_exist()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, new StoppedTime());
        await AddAsync(
            pipeline,
            [
                .. Enumerable.Range(0, 400).Select(number => Row(number, "uk", "voicemail", "Support", "quist", Newest.AddHours(-number))),
                .. Enumerable.Range(0, 3).Select(number => Row(1000 + number, "uk", "voicemail", "Sales", "doe", Newest.AddHours(-number))),
            ]);
        await pipeline.Get<ObjectIndexer>().IndexAsync(Cancellation);
        var filter = new SearchFilter { Scope = Scope((ScopeField.QueueName, "Sales")) };

        var outside = await FindPlacesAsync(pipeline, filter with { Call = "quist" });
        var nowhere = await FindPlacesAsync(pipeline, filter with { Call = "nowhere" });
        var inside = await FindPlacesAsync(pipeline, filter with { Call = "id-1001" });

        Assert.Equal(nowhere, outside);
        Assert.Equal((0, 1), (outside.Sum(page => page.Found), inside.Sum(page => page.Found)));
    }

    [Fact]
    public async Task Scoped_search_takes_no_more_requests_for_a_word_that_was_said_often_outside_the_scope()
    {
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await Pipeline.StartAsync(azurite, new StoppedTime(), storagePolicy: new CountingPolicy(requests));
        await AddAsync(pipeline, [.. Enumerable.Range(0, 30).Select(number => Row(number, "uk", "voicemail", "Sales", "u", Newest.AddDays(-number)))]);
        await pipeline.Get<ObjectIndexer>().IndexAsync(Cancellation);
        var index = pipeline.Get<SearchIndex>();
        var key = (await index.ReadStateAsync(Cancellation)).Key!;
        var minutes = Enumerable.Range(0, 3000).Select(number => new IndexSlot(
            Newest.AddMinutes(-2 * number),
            "uk",
            "transcript",
            new IndexedText($"other-{number}", "version")));
        foreach (var chunk in minutes.Select(slot => SearchIndex.Row(key, SearchTerms.OfText("invoice").Single(), slot)).Chunk(100))
        {
            await index.WriteAsync(chunk, Cancellation);
        }

        var counts = new List<int>();
        foreach (var text in (string[])["zzyzx", "invoice"])
        {
            requests.Clear();
            await pipeline.Get<ObjectSearch>()
                .FindAsync(new SearchFilter { Scope = Scope((ScopeField.QueueName, "Sales")), Text = text }, after: null, limit: 50, Cancellation);
            counts.Add(requests.Count);
        }

        Assert.Equal(counts[0], counts[1]);
    }

    [Fact]
    public async Task Page_of_a_large_scope_takes_a_bounded_number_of_requests()
    {
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await Pipeline.StartAsync(azurite, new StoppedTime(), storagePolicy: new CountingPolicy(requests));
        await AddAsync(pipeline, [.. Enumerable.Range(0, 60).Select(number => Row(number, "uk", "voicemail", "Support", "u", Newest.AddDays(-number)))]);
        await AddAsync(pipeline, [Row(100, "uk", "voicemail", "Sales", "u-7", Newest.AddDays(-59))]);
        var filter = new SearchFilter { Scope = ObjectScope.Of(Enumerable.Range(0, 200).Select(number => Values((ScopeField.UserId, $"u-{number % 100}")))) };
        var found = 0;
        SearchPosition? position = null;
        do
        {
            requests.Clear();
            var page = await pipeline.Get<ObjectSearch>().FindAsync(filter, position, 50, Cancellation);
            found += page.Entries.Count;
            position = page.Next;
            Assert.InRange(requests.Count, 1, 600);
        }
        while (position is not null);
        Assert.Equal(1, found);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Object_outside_the_scope_costs_what_an_unknown_one_costs(bool isIndexed, bool isSettled)
    {
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await Pipeline.StartAsync(azurite, new MovableTime(), storagePolicy: new CountingPolicy(requests));
        var days = Enumerable.Range(0, 40);
        await AddAsync(pipeline, [.. days.Select(day => Row(day, "uk", "voicemail", "Support", "agent-4711", Newest.AddDays(-day)))]);
        var scope = Scope((ScopeField.QueueName, "Sales"));

        if (isIndexed)
        {
            await pipeline.Get<ObjectIndexer>().IndexAsync(Cancellation);
        }

        if (isSettled)
        {
            // What ten minutes without a write do, by the storage's clock.
            foreach (var day in (await pipeline.Get<SearchIndex>().ReadStateAsync(Cancellation)).OpenDays)
            {
                await pipeline.Account.Tables.GetTableClient(SearchIndex.TableName)
                    .DeleteEntityAsync(day.PartitionKey, day.RowKey, cancellationToken: Cancellation);
            }
        }

        // The first one counts the days, too.
        await pipeline.Get<ObjectFinder>().FindAsync("uk", "unknown", null, scope.Includes, Cancellation);
        foreach (var created in (DateTimeOffset?[])[null, Newest])
        {
            var counts = new List<int>();
            foreach (var id in (string[])["id-0", "id-39", "agent-4711", "unknown"])
            {
                requests.Clear();
                Assert.Null(await pipeline.Get<ObjectFinder>().FindAsync("uk", id, created, scope.Includes, Cancellation));
                counts.Add(requests.Count);
            }

            Assert.All(counts, count => Assert.Equal(counts[^1], count));
        }
    }

    [Fact]
    public void Cursor_of_another_scope_is_refused()
    {
        var filter = new SearchFilter { Scope = Scope((ScopeField.QueueName, "Sales")) };
        var cursor = SearchCursor.Write(filter, new SearchPosition(Newest));

        Assert.True(SearchCursor.TryRead(filter with { Scope = Scope((ScopeField.QueueName, "Sales")) }, cursor, out _));
        foreach (var other in (ObjectScope[])[
            ObjectScope.Everything, ObjectScope.Nothing, Scope((ScopeField.QueueName, "Support")), Scope((ScopeField.AgentName, "Sales"))])
        {
            Assert.False(SearchCursor.TryRead(filter with { Scope = other }, cursor, out _));
        }
    }

    [Fact]
    public void Conditions_stay_within_what_Table_Storage_compares()
    {
        var scope = ObjectScope.Of(Enumerable.Range(0, 20).Select(number => Values((ScopeField.UserId, $"u'{number}"), (ScopeField.Region, "uk"))));

        var conditions = scope.ToConditions(7);

        Assert.Equal(7, conditions.Count);
        Assert.All(conditions, condition => Assert.InRange(condition.Split(" eq ").Length - 1, 1, 7));
        Assert.Contains("UserId eq 'u''0'", conditions[0], StringComparison.Ordinal);
        Assert.Equal([""], ObjectScope.Everything.ToConditions(7));
        Assert.Empty(ObjectScope.Nothing.ToConditions(7));
    }

    private static ObjectScope Scope(params (ScopeField Field, string Value)[] values) => ObjectScope.Of([Values(values)]);

    private static Dictionary<ScopeField, string> Values(params (ScopeField Field, string Value)[] values) =>
        values.ToDictionary(value => value.Field, value => value.Value);

    private static async Task<List<string>> FindPagesAsync(Pipeline pipeline, SearchFilter filter, int limit)
    {
        var pages = new List<string>();
        SearchPosition? position = null;
        do
        {
            var page = await pipeline.Get<ObjectSearch>().FindAsync(filter, position, limit, Cancellation);
            position = page.Next;
            pages.Add($"{string.Join(' ', page.Entries.Select(row => row.Id))} {(position is null ? "end" : "more")}");
        }
        while (position is not null);
        return pages;
    }

    private static IEnumerable<string> IdsOf(IEnumerable<string> pages) => pages.SelectMany(page => page.Split(' ')[..^1]).Where(id => id.Length > 0);

    /// <summary>How many objects each page of a search has, and how far it comes.</summary>
    private static async Task<List<(int Found, DateTimeOffset? Until)>> FindPlacesAsync(Pipeline pipeline, SearchFilter filter, int limit = 50)
    {
        var places = new List<(int Found, DateTimeOffset? Until)>();
        SearchPosition? position = null;
        do
        {
            var page = await pipeline.Get<ObjectSearch>().FindAsync(filter, position, limit, Cancellation);
            position = page.Next;
            places.Add((page.Entries.Count, position?.Time));
        }
        while (position is not null);
        return places;
    }

    private static LedgerEntry Row(int number, string region, string type, string queue, string user, DateTimeOffset created, string? name = null)
    {
        var row = LedgerEntry.Describe(region, StorageObject.Parse(BinaryData.FromObjectAsJson(new
        {
            id = $"id-{number}",
            type,
            objectName = name ?? $"name-{number % 7}",
            userId = user,
            createdTime = created.UtcDateTime,
            tags = new[] { new { key = "queueName", value = queue } },
        })));
        row.Become(number % 2 == 0 ? LedgerState.Queued : LedgerState.Archived);
        return row;
    }

    private static async Task AddAsync(Pipeline pipeline, IReadOnlyCollection<LedgerEntry> rows) =>
        Assert.Empty(await pipeline.Get<ObjectLedger>().AddAsync(rows, Cancellation));

    /// <summary>A clock by which everything takes long.</summary>
    private sealed class HastyTime : TimeProvider
    {
        private long _ticks;

        public override long GetTimestamp() => Interlocked.Add(ref _ticks, TimestampFrequency);
    }

    /// <summary>A clock by which nothing takes long.</summary>
    private sealed class StoppedTime : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}
