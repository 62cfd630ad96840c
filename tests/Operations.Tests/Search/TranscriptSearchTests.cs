using System.Collections.Concurrent;
using System.Globalization;
using Archiving.Archive;
using Archiving.Indexing;
using Archiving.Ledger;
using Archiving.Settings;
using Operations.Access;
using Operations.Search;
using Simulator.Objects;
using Testing;

namespace Operations.Tests;

/// <summary>Searches for what was said: from 8x8 through the running pipeline to the index and back.</summary>
public sealed class TranscriptSearchTests(AzuriteFixture azurite)
{
    private const int Calls = 24;
    private static readonly string[] Words = ["zeppelin", "invoice", "Überweisung", "refund", "471108", "O'Hara", "会議室予約"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_archived_transcript_is_found_by_each_of_its_terms_and_nothing_else_is()
    {
        await using var pipeline = await StartAsync();
        var texts = Enumerable.Range(0, Calls).ToDictionary(number => $"t-{number}", TextOf);
        foreach (var (id, text) in texts)
        {
            var number = int.Parse(id[2..], CultureInfo.InvariantCulture);
            Add(pipeline, id, number % 3 == 0 ? "summary" : "transcription", number, text);
            Add(pipeline, $"r-{number}", "callrecording", number, "zeppelin invoice refund warehouse");
        }

        Add(pipeline, "cold", "transcription", 1, "zeppelin", "ARCHIVED");
        await pipeline.RunAsync();
        await IndexAsync(pipeline);

        var byTerm = texts
            .SelectMany(text => SearchTerms.OfSpoken(string.Join('\n', ArchivedText.Lines(text.Value))).Select(term => (Term: term[2..], Id: text.Key)))
            .ToLookup(pair => pair.Term, pair => pair.Id);
        Assert.Contains("zeppelin", byTerm.Select(term => term.Key));
        Assert.Contains("471108", byTerm.Select(term => term.Key));
        Assert.DoesNotContain("hello", byTerm.Select(term => term.Key));
        foreach (var term in byTerm)
        {
            var found = await FindAsync(pipeline, new SearchFilter { Text = term.Key }, 5);
            Assert.Equal(term.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        }

        // Every word counts, in any case and with or without diacritics; those that are too short or too frequent do not.
        var both = byTerm["uberweisung"].Intersect(byTerm["会議室予約"]).ToList();
        Assert.NotEmpty(both);
        var spoken = await FindAsync(pipeline, new SearchFilter { Text = "会議室予約 UBERWEISUNG" }, 50);
        Assert.Equal(both.Order(StringComparer.Ordinal), spoken.Order(StringComparer.Ordinal));
        Assert.Empty(await FindAsync(pipeline, new SearchFilter { Text = "hello" }, 50));
        Assert.Empty(await FindAsync(pipeline, new SearchFilter { Text = "zeppelins" }, 50));
        Assert.All(
            await FindAsync(pipeline, new SearchFilter { Text = "zeppelin", Type = "summary" }, 50),
            id => Assert.Equal(0, int.Parse(id[2..], CultureInfo.InvariantCulture) % 3));
    }

    [Fact]
    public async Task Transcript_is_found_only_when_it_has_every_word_however_many_there_are()
    {
        await using var pipeline = await StartAsync();
        Add(pipeline, "five", "transcription", 1, "zeppelin invoice warehouse overnight boot");
        Add(pipeline, "four", "transcription", 2, "zeppelin invoice warehouse overnight");
        await pipeline.RunAsync();
        await IndexAsync(pipeline);

        Assert.Equal(["five"], await FindAsync(pipeline, new SearchFilter { Text = "boot overnight warehouse invoice zeppelin" }, 5));
    }

    [Fact]
    public async Task Transcript_is_found_by_the_text_that_it_has_now()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        Add(pipeline, "t-1", "transcription", 1, "zeppelin");
        await pipeline.RunAsync();
        await IndexAsync(pipeline);
        Assert.Equal(["t-1"], await FindAsync(pipeline, new SearchFilter { Text = "zeppelin" }, 5));

        time.Advance(TimeSpan.FromMinutes(10));
        pipeline.Simulator.Objects.ReplaceContent("us-east", "t-1", 7, 3000);
        time.Advance(TimeSpan.FromMinutes(10));
        await pipeline.RunAsync();

        // Not even before the new text is indexed.
        Assert.Empty(await FindAsync(pipeline, new SearchFilter { Text = "zeppelin" }, 5));
        await IndexAsync(pipeline);
        Assert.Empty(await FindAsync(pipeline, new SearchFilter { Text = "zeppelin" }, 5));
    }

    [Fact]
    public async Task Search_finds_only_transcripts_in_scope()
    {
        await using var pipeline = await StartAsync();
        Add(pipeline, "t-1", "transcription", 1, "zeppelin", tags: [new("queueName", "Orders")]);
        Add(pipeline, "t-2", "transcription", 2, "zeppelin", tags: [new("queueName", "Billing")]);
        await pipeline.RunAsync();
        await IndexAsync(pipeline);
        var scope = ObjectScope.Of([new Dictionary<ScopeField, string> { [ScopeField.QueueName] = "Orders" }]);

        var filter = new SearchFilter { Text = "zeppelin", Scope = scope };

        Assert.Equal(["t-1"], await FindAsync(pipeline, filter, 5));
        var call = Assert.Single((await pipeline.Get<CallSearch>().FindAsync(filter, null, 10, Cancellation)).Calls);
        Assert.Equal("t-1", call.Spoken?.Id);
    }

    [Fact]
    public async Task Exhaustive_search_quotes_a_transcript_that_matches_by_its_name_too()
    {
        await using var pipeline = await StartAsync();
        Add(pipeline, "zeppelin-1", "transcription", 1, "the zeppelin", tags: [new("callId", "c-1")]);
        Add(pipeline, "zeppelin-2", "transcription", 2, "the balloon", tags: [new("callId", "c-2")]);
        await pipeline.RunAsync();
        await IndexAsync(pipeline);
        await pipeline.SettleIndexAsync();

        var calls = (await pipeline.Get<CallSearch>().FindAsync(new SearchFilter { Text = "zeppelin", IsExhaustive = true }, null, 10, Cancellation)).Calls;

        Assert.Equal([("c-1", "zeppelin-1"), ("c-2", null)], calls.Select(call => (call.CallId, call.Spoken?.Id)));
    }

    [Fact]
    public async Task Setting_keeps_transcripts_out_of_index_and_search()
    {
        await using var pipeline = await StartAsync(settings: ("Search__Transcripts", "false"));
        Add(pipeline, "t-1", "transcription", 1, "zeppelin");
        await pipeline.RunAsync();
        await IndexAsync(pipeline);

        Assert.Empty(await FindAsync(pipeline, new SearchFilter { Text = "zeppelin" }, 5));
        Assert.Equal(["t-1"], await FindAsync(pipeline, new SearchFilter { Text = "t-1.json" }, 5));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Call_with_two_transcripts_that_say_it_comes_up_once(bool isScoped)
    {
        await using var pipeline = await StartAsync();
        for (var number = 0; number < 12; number++)
        {
            List<KeyValuePair<string, string>> tags = [new("callId", $"call-{number}"), new("queueName", "Orders")];
            Add(pipeline, $"t-{number}", "transcription", number, "the zeppelin", tags: tags);
            Add(pipeline, $"u-{number}", "transcription", number + 30, "a zeppelin", tags: tags);
        }

        await pipeline.RunAsync();
        await IndexAsync(pipeline);

        var scope = ObjectScope.Of([new Dictionary<ScopeField, string> { [ScopeField.QueueName] = "Orders" }]);
        var filter = new SearchFilter { Text = "zeppelin", Scope = isScoped ? scope : ObjectScope.Everything };
        var calls = new List<FoundCall>();
        SearchPosition? position = null;
        do
        {
            var page = await pipeline.Get<CallSearch>().FindAsync(filter, position, 5, Cancellation);
            calls.AddRange(page.Calls);
            position = page.Next;
        }
        while (position is not null);

        Assert.Equal(Enumerable.Range(0, 12).Select(number => $"call-{number}"), calls.Select(call => call.CallId));
        Assert.All(calls, call => Assert.Equal(2, call.Objects.Count));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task First_page_of_calls_costs_few_requests(bool isSpoken)
    {
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await StartAsync(requests);
        for (var number = 0; number < 40; number++)
        {
            List<KeyValuePair<string, string>> tags = [new("callId", $"call-{number}"), new("userName", isSpoken ? "Jane Doe" : "Zeppelin Doe")];
            Add(pipeline, $"r-{number}", "callrecording", number * 5, "sound", tags: tags);
            Add(pipeline, $"t-{number}", "transcription", (number * 5) + 1, isSpoken ? "the zeppelin" : "nothing of it", tags: tags);
        }

        await pipeline.RunAsync();
        await IndexAsync(pipeline);
        await pipeline.SettleIndexAsync();
        requests.Clear();

        var page = await pipeline.Get<CallSearch>().FindAsync(new SearchFilter { Text = "zeppelin" }, null, 16, Cancellation);

        Assert.InRange(page.Calls.Count, 4, 16);
        Assert.All(page.Calls, call => Assert.Equal(isSpoken, call.Spoken is not null));

        // The place in the text of each is a request more.
        Assert.InRange(requests.Count + page.Calls.Count(call => call.Spoken is not null), 5, 25);
    }

    [Theory]
    [InlineData("""{"segments":[{"text":"Good morning."},{"text":"The zeppelin has come."}]}""", "zeppelin", "The zeppelin has come.")]
    [InlineData("One\nTwo refunds\nThe Überweisung is here", "uberweisung", "The Überweisung is here")]
    [InlineData("""{"zeppelin":"none","text":"cut off""", "none zeppelin", null)]
    [InlineData("""{"a":"the first","b":"a zepp""", "first", null)]
    [InlineData("""{"a":"the warehouse","b":"a zepp""", "warehouse", "the warehouse")]
    public void Place_is_the_line_that_has_the_word(string text, string wanted, string? expected) => Assert.Equal(expected, SpokenPlace.Find(text, wanted));

    [Fact]
    public void Place_in_a_long_line_is_cut_at_words()
    {
        var line = string.Join(' ', Enumerable.Repeat("lorem ipsum dolor", 20)) + " zeppelin " + string.Join(' ', Enumerable.Repeat("dolor sit amet", 20));

        var place = SpokenPlace.Find(line, "zeppelin");

        Assert.Matches("^… [a-z ]*dolor zeppelin dolor[a-z ]* …$", place);
        Assert.InRange(place!.Length, 80, 140);
    }

    private static string TextOf(int number)
    {
        var said = string.Join(' ', Words.Where((_, index) => ((number * 7) + index) % 4 == 0));
        return $$"""{"language":"en","segments":[{"start":0,"text":"Hello, thank you."},{"start":4.5,"text":"{{said}} only{{number}} the end"}]}""";
    }

    private static void Add(
        Pipeline pipeline,
        string id,
        string type,
        int minutes,
        string text,
        string state = "AVAILABLE",
        IReadOnlyList<KeyValuePair<string, string>>? tags = null) => pipeline.Simulator.Objects.Add(new ObjectSpecification
        {
            Id = id,
            Type = type,
            Text = text,
            State = state,
            ObjectName = $"{id}.json",
            CreatedTime = pipeline.Get<TimeProvider>().GetUtcNow().AddHours(-3).AddMinutes(-minutes),
            OmittedFields = ["bucketId"],
            Tags = tags ?? [],
        });

    private static async Task<List<string>> FindAsync(Pipeline pipeline, SearchFilter filter, int limit)
    {
        var found = new List<string>();
        SearchPosition? position = null;
        do
        {
            var page = await pipeline.Get<ObjectSearch>().FindAsync(filter, position, limit, Cancellation);
            found.AddRange(page.Entries.Select(row => row.Id));
            position = page.Next;
        }
        while (position is not null);
        return found;
    }

    private Task<Pipeline> StartAsync(ConcurrentBag<string>? requests = null, params (string Name, string Value)[] settings) =>
        Pipeline.StartAsync(azurite, storagePolicy: new CountingPolicy(requests ?? []), settings: settings);

    private static Task IndexAsync(Pipeline pipeline) => pipeline.Get<ObjectIndexer>().IndexAsync(Cancellation);
}
