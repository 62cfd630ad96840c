using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Archiving.Indexing;
using Archiving.Ledger;
using Archiving.Model;
using Azure.Data.Tables;
using EightByEight;
using Operations.Search;
using Testing;

namespace Operations.Tests;

/// <summary>Searches that the index leads, on a real table.</summary>
public sealed class IndexedSearchTests(AzuriteFixture azurite)
{
    private static readonly DateTimeOffset Newest = new(2026, 11, 20, 18, 0, 0, TimeSpan.Zero);
    private static readonly string[] Names = ["Jane Doe", "Sam Miller", "Jörg Überprüfung", "+1 (555) 010-0100", "Sinéad O'Neill"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("jane", "Jane Doe")]
    [InlineData("JANE doe", "Jane Doe")]
    [InlineData("mill", "Sam Miller")]
    [InlineData("jorg", "Jörg Überprüfung")]
    [InlineData("Überprüf", "Jörg Überprüfung")]
    [InlineData("15550100100", "+1 (555) 010-0100")]
    [InlineData("0100100", "+1 (555) 010-0100")]
    [InlineData("010-0100", "+1 (555) 010-0100")]
    [InlineData("oneill", "Sinéad O'Neill")]
    [InlineData("SINÈAD O’Neill", "Sinéad O'Neill")]
    [InlineData("+1 (555) 010–0100", "+1 (555) 010-0100")]
    [InlineData("tel:+15550100100", "+1 (555) 010-0100")]
    [InlineData("o'neill", "Sinéad O'Neill")]
    [InlineData("sinead", "Sinéad O'Neill")]
    [InlineData("unheard", null)]
    public async Task Index_leads_to_every_object_that_a_text_is_in_newest_first(string text, string? name)
    {
        await using var pipeline = await StartAsync([]);
        var rows = Enumerable.Range(0, 300)
            .Select(number => Row(
                number,
                number % 3 == 0 ? "uk" : "ca",
                Newest.AddHours(-(number * 7)),
                "callrecording",
                Names[number % 5],
                $"call-{number / 3}"))
            .ToList();
        await AddAsync(pipeline, rows);
        await IndexAsync(pipeline);

        foreach (var region in (string?[])[null, "uk"])
        {
            var expected = rows.Where(row => row.ObjectName == name && (region is null || row.Region == region)).Select(row => row.Id);

            Assert.Equal(expected, await FindAllAsync(pipeline, new SearchFilter { Text = text, Region = region }, 20));
        }
    }

    [Fact]
    public async Task Index_leads_to_a_rare_person_in_few_requests()
    {
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await StartAsync(requests);
        var rows = Enumerable.Range(0, 1000)
            .Select(number => Row(
                number,
                number % 2 == 0 ? "uk" : "ca",
                Newest.AddDays(-number),
                "callrecording",
                number is 400 or 900 ? "Zacharias Quist" : "Jane Doe",
                $"c-{number}"))
            .ToList();
        await AddAsync(pipeline, rows);
        await IndexAsync(pipeline);
        await pipeline.SettleIndexAsync();
        requests.Clear();

        Assert.Equal(["id-400", "id-900"], await FindAllAsync(pipeline, new SearchFilter { Text = "quist" }, 50));
        Assert.InRange(requests.Count, 3, 5);

        requests.Clear();
        var page = await pipeline.Get<ObjectSearch>().FindAsync(new SearchFilter { Text = "jane" }, null, 50, Cancellation);
        Assert.Equal(rows.Where(row => row.ObjectName == "Jane Doe").Take(page.Entries.Count).Select(row => row.Id), page.Entries.Select(row => row.Id));
        Assert.InRange(page.Entries.Count, 16, 50);
        Assert.NotNull(page.Next);
        Assert.InRange(requests.Count, 10, 25);

        requests.Clear();
        Assert.Equal("id-900", (await pipeline.Get<ObjectFinder>().FindAsync("uk", "id-900", null, Cancellation))?.Id);
        Assert.InRange(requests.Count, 1, 4);
        requests.Clear();
        Assert.Null(await pipeline.Get<ObjectFinder>().FindAsync("uk", "id-unheard", null, Cancellation));
        Assert.InRange(requests.Count, 1, 4);
    }

    [Fact]
    public async Task Search_reads_the_minutes_of_a_name_and_little_of_what_was_made_between_them()
    {
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await StartAsync(requests);
        var rows = Enumerable.Range(0, 600)
            .Select(number =>
                Row(number, "uk", Newest.AddSeconds(-20 * number), "callrecording", number % 60 == 5 ? "Jane Doe" : "Sam Miller", $"c-{number}"))
            .ToList();
        await AddAsync(pipeline, rows);
        await IndexAsync(pipeline);
        await pipeline.SettleIndexAsync();
        requests.Clear();

        var page = await pipeline.Get<ObjectSearch>().FindAsync(new SearchFilter { Text = "jane" }, null, 6, Cancellation);

        Assert.Equal(rows.Where(row => row.ObjectName == "Jane Doe").Take(6).Select(row => row.Id), page.Entries.Select(row => row.Id));
        Assert.Equal(18, page.Read.Count);
        Assert.InRange(requests.Count, 3, 4);
        Assert.Equal(10, (await FindAllAsync(pipeline, new SearchFilter { Text = "jane" }, 6)).Count);
    }

    [Fact]
    public async Task Open_day_is_read_in_the_same_query_as_its_minutes_and_only_what_is_looked_for_in_time_is_found()
    {
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await StartAsync(requests);
        await AddAsync(
            pipeline,
            [Row(1, "uk", Newest, "callrecording", "Jane Doe", "c-1"), Row(2, "uk", Newest.AddHours(-2), "callrecording", "Jane Doe", "c-2")]);
        await IndexAsync(pipeline);
        await AddAsync(pipeline, [Row(3, "uk", Newest.AddHours(-1), "callrecording", "Jane Doe", "c-3")]);
        requests.Clear();

        Assert.Equal(["id-1", "id-3", "id-2"], await FindAllAsync(pipeline, new SearchFilter { Text = "jane" }, 50));
        Assert.InRange(requests.Count, 3, 4);
        Assert.Equal(["id-2"], await FindAllAsync(pipeline, new SearchFilter { Text = "jane", To = Newest.AddMinutes(-90) }, 50));
        Assert.Equal(["id-1"], await FindAllAsync(pipeline, new SearchFilter { Text = "jane", From = Newest.AddMinutes(-30) }, 50));
    }

    [Fact]
    public async Task Search_finds_what_is_not_in_the_index_yet_and_what_the_index_does_not_lead_to()
    {
        await using var pipeline = await StartAsync([]);
        await AddAsync(pipeline, [Row(1, "uk", Newest, "callrecording", "Jane Doe", "c-1")]);
        await IndexAsync(pipeline);
        await AddAsync(
            pipeline,
            [Row(2, "uk", Newest.AddMinutes(1), "callrecording", "Jane Doe", "c-1"), Row(3, "ca", Newest.AddDays(-3), "meeting", "Jane", "c-3")]);

        Assert.Equal(["id-2", "id-1", "id-3"], await FindAllAsync(pipeline, new SearchFilter { Text = "jane" }, 50));
        Assert.Equal(["id-2", "id-1"], await FindAllAsync(pipeline, new SearchFilter { Call = "c-1" }, 50));
        Assert.Equal(["id-3"], await FindAllAsync(pipeline, new SearchFilter { Text = "jane", Type = "meeting" }, 50));

        // From within a word: every row is read.
        Assert.Equal(["id-2", "id-1"], await FindAllAsync(pipeline, new SearchFilter { Text = "ane do" }, 1));
        var page = await pipeline.Get<ObjectSearch>().FindAsync(new SearchFilter { Text = "jane" }, null, 50, Cancellation);
        Assert.Equal(2, page.UnindexedDays);
    }

    [Fact]
    public async Task Search_from_within_a_word_compares_every_row_however_many_days_the_index_may_lack()
    {
        await using var pipeline = await StartAsync([]);
        var rows = Enumerable.Range(0, 30).Select(number => Row(number, "uk", Newest.AddDays(-number), "callrecording", "Jane Doe", $"c-{number}")).ToList();
        await AddAsync(pipeline, rows);
        await IndexAsync(pipeline);
        var added = Row(30, "uk", Newest.AddDays(-12).AddHours(-1), "callrecording", "Jane Doe", "c-30");
        await AddAsync(pipeline, [added]);
        var expected = rows.Append(added).OrderByDescending(row => row.CreatedTime).ToList();

        Assert.Equal(expected.Select(row => row.Id), await FindAllAsync(pipeline, new SearchFilter { Text = "ane do" }, 7));
        var calls = await FindCallsAsync(pipeline, new SearchFilter { Text = "ane do" }, position: null);
        Assert.Equal(expected.Select(row => row.CallId), calls.Select(call => call.CallId));
    }

    [Fact]
    public async Task Search_compares_every_row_when_all_that_the_index_leads_to_is_something_else()
    {
        await using var pipeline = await StartAsync([]);
        var rows = Enumerable.Range(0, 60)
            .Select(number => Row(number, "uk", Newest.AddDays(-number / 2), "callrecording", number % 2 == 0 ? "Jane" : "Sam", $"c-{number}"))
            .Append(Row(60, "uk", Newest.AddDays(-3).AddHours(-1), "callrecording", "Xjane Samx", "c-60"));
        await AddAsync(pipeline, [.. rows]);
        await IndexAsync(pipeline);
        await pipeline.SettleIndexAsync();
        var filter = new SearchFilter { Text = "jane sam" };

        Assert.NotNull((await pipeline.Get<ObjectSearch>().FindAsync(filter, after: null, 7, Cancellation)).Next);
        Assert.Equal(["id-60"], await FindAllAsync(pipeline, filter, 7));
        Assert.Equal(["c-60"], (await FindCallsAsync(pipeline, filter, position: null)).Select(call => call.CallId));
    }

    [Theory]
    [InlineData("jane", "Jane", "Maryjane")]
    [InlineData("5501", "5501 Main Street", "+1 (555) 010-0100")]
    public async Task Exhaustive_search_finds_parts_that_the_index_leaves_out_because_it_leads_to_others(string text, string known, string other)
    {
        await using var pipeline = await StartAsync([]);
        var rows = Enumerable.Range(0, 40)
            .Select(number => Row(
                number,
                number % 2 == 0 ? "uk" : "ca",
                Newest.AddDays(-number),
                "callrecording",
                number % 10 == 3 ? known : number % 10 == 6 ? other : "Sam Miller",
                $"c-{number}"))
            .ToList();
        await AddAsync(pipeline, rows);
        await IndexAsync(pipeline);
        await pipeline.SettleIndexAsync();
        var (indexed, exhaustive) = (new SearchFilter { Text = text }, new SearchFilter { Text = text, IsExhaustive = true });

        Assert.Equal(["id-3", "id-13", "id-23", "id-33"], await FindAllAsync(pipeline, indexed, 3));
        Assert.False((await FindFirstAsync(pipeline, indexed)).IsAnywhere);

        Assert.Equal(["id-3", "id-6", "id-13", "id-16", "id-23", "id-26", "id-33", "id-36"], await FindAllAsync(pipeline, exhaustive, 3));
        Assert.True((await FindFirstAsync(pipeline, exhaustive)).IsAnywhere);
        Assert.Equal(
            ["c-3", "c-6", "c-13", "c-16", "c-23", "c-26", "c-33", "c-36"],
            (await FindCallsAsync(pipeline, exhaustive, position: null)).Select(call => call.CallId));

        var next = (await pipeline.Get<ObjectSearch>().FindAsync(exhaustive, after: null, 1, Cancellation)).Next!.Value;
        Assert.False(SearchCursor.TryRead(indexed, SearchCursor.Write(exhaustive, next), out _));
    }

    [Fact]
    public async Task Exhaustive_search_finds_what_was_said_too()
    {
        await using var pipeline = await StartAsync([]);
        var spoken = Enumerable.Range(0, 30)
            .Select(number => Row(number, number % 2 == 0 ? "uk" : "ca", Newest.AddHours(-number), "transcription", "text", $"c-{number}"))
            .ToList();
        await AddSpokenAsync(pipeline, "zeppelin", spoken);
        await AddAsync(pipeline, [Row(100, "uk", Newest.AddHours(-3).AddMinutes(-1), "callrecording", "Megazeppelin", "c-100")]);
        var filter = new SearchFilter { Text = "zeppelin", IsExhaustive = true };
        string[] expected = [.. spoken.Take(4).Select(row => row.Id), "id-100", .. spoken.Skip(4).Select(row => row.Id)];

        Assert.Equal(expected, await FindAllAsync(pipeline, filter, 7));
        Assert.Equal(31, (await FindCallsAsync(pipeline, filter, position: null)).Count);
    }

    [Fact]
    public async Task Text_that_is_the_id_of_a_call_is_found_in_names_too()
    {
        await using var pipeline = await StartAsync([]);
        var rows = Enumerable.Range(0, 9)
            .Select(number => Row(number, "uk", Newest.AddHours(-number), "callrecording", $"agent007 call {number}", number == 4 ? "agent007" : $"c-{number}"))
            .Append(Row(9, "uk", Newest.AddHours(-9), "callrecording", "Jane", "agent007"))
            .ToList();
        await AddAsync(pipeline, rows);
        await IndexAsync(pipeline);
        await pipeline.SettleIndexAsync();

        Assert.Equal(rows.Select(row => row.Id), await FindAllAsync(pipeline, new SearchFilter { Text = "agent007" }, 4));
    }

    [Fact]
    public async Task Index_is_built_again_when_its_table_was_deleted_or_a_rebuild_is_asked_for()
    {
        await using var pipeline = await StartAsync([]);
        await AddAsync(pipeline, [Row(1, "uk", Newest, "callrecording", "Jane Doe", "c-1")]);
        await IndexAsync(pipeline);

        await pipeline.Account.Tables.GetTableClient(SearchIndex.TableName).DeleteAsync(Cancellation);
        Assert.Equal(["id-1"], await FindAllAsync(pipeline, new SearchFilter { Text = "jane" }, 50));
        await IndexAsync(pipeline);
        Assert.Equal(["id-1"], await FindAllAsync(pipeline, new SearchFilter { Text = "jane" }, 50));

        await pipeline.Get<SearchIndex>().RebuildAsync(Cancellation);
        Assert.False((await pipeline.Get<SearchIndex>().ReadStateAsync(Cancellation)).IsBegun);
        await IndexAsync(pipeline);
        Assert.True((await pipeline.Get<SearchIndex>().ReadStateAsync(Cancellation)).IsBegun);
        Assert.Equal(["id-1"], await FindAllAsync(pipeline, new SearchFilter { Text = "jane" }, 50));
    }

    [Fact]
    public async Task Rebuild_brings_back_rows_that_the_index_lost_and_searches_find_everything_meanwhile_and_say_so()
    {
        await using var pipeline = await StartAsync([]);
        var rows = Enumerable.Range(0, 12)
            .Select(number => Row(number, "uk", Newest.AddDays(-number), "callrecording", "Jane Doe", $"c-{number}"))
            .ToList();
        await AddAsync(pipeline, rows);
        await IndexAsync(pipeline);
        await pipeline.SettleIndexAsync();
        var table = pipeline.Account.Tables.GetTableClient(SearchIndex.TableName);
        var terms = $"PartitionKey ge '{SearchIndex.TermPartition}'";
        var before = await table.QueryAsync<TableEntity>(terms, cancellationToken: Cancellation).ToListAsync(Cancellation);
        foreach (var row in before.Where((_, number) => number % 3 != 0))
        {
            await table.DeleteEntityAsync(row.PartitionKey, row.RowKey, cancellationToken: Cancellation);
        }

        var filter = new SearchFilter { Text = "jane" };
        Assert.NotEqual(rows.Select(row => row.Id), await FindAllAsync(pipeline, filter, 50));

        await pipeline.Get<SearchIndex>().RebuildAsync(Cancellation);
        var meanwhile = await pipeline.Get<ObjectSearch>().FindAsync(filter, null, 50, Cancellation);
        Assert.Equal((rows.Count, rows.Count), (meanwhile.Entries.Count, meanwhile.UnindexedDays));
        await IndexAsync(pipeline);
        await pipeline.SettleIndexAsync();

        Assert.Equal(rows.Select(row => row.Id), await FindAllAsync(pipeline, filter, 50));
        Assert.Equal(0, (await pipeline.Get<ObjectSearch>().FindAsync(filter, null, 50, Cancellation)).UnindexedDays);
        var after = await table.QueryAsync<TableEntity>(terms, cancellationToken: Cancellation).ToListAsync(Cancellation);
        Assert.Equal(before.Select(row => row.RowKey), after.Select(row => row.RowKey));
    }

    [Fact]
    public async Task First_page_of_calls_takes_few_requests_however_many_are_asked_for_and_the_next_pages_have_the_others()
    {
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await StartAsync(requests);
        var rows = Enumerable.Range(0, 60)
            .Select(number => Row(number, "uk", Newest.AddMinutes(-number), "callrecording", "Jane Doe", $"c-{number / 2}"))
            .ToList();
        await AddAsync(pipeline, rows);
        await IndexAsync(pipeline);
        await pipeline.SettleIndexAsync();
        requests.Clear();
        var filter = new SearchFilter { Text = "jane" };
        var page = await pipeline.Get<CallSearch>().FindAsync(filter, null, 50, Cancellation);
        Assert.InRange(requests.Count, 8, 25);

        var calls = page.Calls.ToList();
        while (page.Next is { } next)
        {
            page = await pipeline.Get<CallSearch>().FindAsync(filter, next, 50, Cancellation);
            calls.AddRange(page.Calls);
        }

        Assert.Equal(Enumerable.Range(0, 30).Select(number => $"c-{number}"), calls.Select(call => call.CallId));
        Assert.All(calls, call => Assert.Equal(2, call.Objects.Count));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Calls_group_their_objects_and_come_up_once(bool isIndexed)
    {
        await using var pipeline = await StartAsync([]);
        var rows = Enumerable.Range(0, 60)
            .Select(number => Row(number, "uk", Newest.AddMinutes(-number), number % 3 == 0 ? "transcription" : "callrecording", "Jane Doe", $"c-{number / 3}"))
            .Append(Row(99, "uk", Newest.AddHours(-7), "voicemail", "Jane Doe", call: null))
            .ToList();
        await AddAsync(pipeline, rows);
        if (isIndexed)
        {
            await IndexAsync(pipeline);
        }

        foreach (var text in (string?[])["jane", null])
        {
            var calls = new List<FoundCall>();
            SearchPosition? position = null;
            do
            {
                var page = await pipeline.Get<CallSearch>().FindAsync(new SearchFilter { Text = text }, position, 7, Cancellation);
                Assert.InRange(page.Calls.Count, 0, 7);
                calls.AddRange(page.Calls);
                position = page.Next;
            }
            while (position is not null);

            Assert.Equal([.. Enumerable.Range(0, 20).Select(number => $"c-{number}"), "id-99"], calls.Select(call => call.CallId));
            Assert.All(calls.Take(20), call => Assert.Equal(3, call.Objects.Count));
            Assert.Equal("id-99", Assert.Single(calls[^1].Objects).Id);
        }
    }

    [Fact]
    public async Task Call_has_an_object_that_is_not_looked_for_and_was_made_days_later()
    {
        await using var pipeline = await StartAsync([]);
        await AddAsync(pipeline, [
            Row(1, "uk", Newest, "callrecording", "Jane Doe", "c-1"),
            Row(2, "uk", Newest.AddDays(3), "summary", "a summary", "c-1"),
            Row(3, "uk", Newest.AddDays(3), "summary", "Jane", "c-3"),
        ]);
        await IndexAsync(pipeline);

        var page = await pipeline.Get<CallSearch>().FindAsync(new SearchFilter { Text = "jane doe" }, null, 10, Cancellation);

        Assert.Equal(["id-1", "id-2"], Assert.Single(page.Calls).Objects.Select(entry => entry.Id));
    }

    [Fact]
    public async Task Minute_with_more_hits_than_a_query_of_the_index_gives_is_paged_through_and_gives_each_hit_once()
    {
        await using var pipeline = await StartAsync([]);
        var rows = Enumerable.Range(0, SearchIndex.MaxSlots + 150)
            .Select(number => Row(number, "uk", Newest.AddMilliseconds(59_000 - (number * 40)), "transcription", "text", $"c-{number}"))
            .Prepend(Row(9998, "uk", Newest.AddMinutes(1), "transcription", "text", "c-9998"))
            .Append(Row(9999, "uk", Newest.AddMinutes(-1), "transcription", "text", "c-9999"))
            .ToList();
        await AddSpokenAsync(pipeline, "zeppelin", rows);

        var found = await FindAllAsync(pipeline, new SearchFilter { Text = "zeppelin" }, ObjectSearch.MaxRows);

        Assert.Equal(rows.Select(row => row.Id), found);
    }

    [Fact]
    public async Task Call_that_says_a_frequent_word_twice_comes_up_once_although_its_hour_has_more_hits_than_a_query_of_the_index_gives()
    {
        await using var pipeline = await StartAsync([]);
        var spoken = Enumerable.Range(0, SearchIndex.MaxSlots + 50)
            .Select(number => Row(number, "uk", Newest.AddSeconds(-10 - (number * 3)), "transcription", "text", $"c-{number}"))
            .ToList();
        var twice = Newest.AddMinutes(-58);
        spoken.Add(Row(2000, "uk", twice, "transcription", "text", "twice"));
        spoken.AddRange(Enumerable.Range(1, 8)
            .Select(number => Row(2000 + number, "uk", twice.AddMinutes(-number), "transcription", "text", $"once-{number}")));
        spoken.Add(Row(3000, "uk", twice.AddHours(-1), "transcription", "text", "twice"));
        await AddSpokenAsync(pipeline, "zeppelin", spoken);

        var calls = await FindCallsAsync(pipeline, new SearchFilter { Text = "zeppelin" }, new SearchPosition(twice.AddSeconds(1)));

        Assert.Equal(["twice", .. Enumerable.Range(1, 8).Select(number => $"once-{number}")], calls.Select(call => call.CallId));
        Assert.Equal(["id-3000", "id-2000"], calls[0].Objects.Select(entry => entry.Id));
    }

    [Fact]
    public async Task Calls_of_a_bucket_have_their_objects_of_other_buckets_too_and_come_up_whenever_these_were_made()
    {
        await using var pipeline = await StartAsync([]);
        var rows = Enumerable.Range(0, 10).SelectMany(number => (LedgerEntry[])
        [
            Row(number, "uk", Newest.AddMinutes(-number), "callrecording", "Jane Doe", $"c-{number}", "b-1"),
            Row(100 + number, "uk", Newest.AddMinutes(-number).AddSeconds(10), "transcription", "Jane Doe", $"c-{number}", "b-2"),
            Row(200 + number, "uk", Newest.AddMinutes(-number).AddHours(1), "summary", "Jane Doe", $"c-{number}", "b-3"),
        ]).ToList();
        await AddAsync(pipeline, rows);
        await IndexAsync(pipeline);
        foreach (var isSettled in (bool[])[false, true])
        {
            if (isSettled)
            {
                await pipeline.SettleIndexAsync();
            }

            var calls = await FindCallsAsync(pipeline, new SearchFilter { Call = "b-1" }, position: null);

            Assert.Equal(Enumerable.Range(0, 10).Select(number => $"c-{number}"), calls.Select(call => call.CallId));
            Assert.All(calls, call => Assert.Equal(
                [$"id-{call.CallId[2..]}", $"id-10{call.CallId[2..]}", $"id-20{call.CallId[2..]}"],
                call.Objects.Select(entry => entry.Id)));
        }
    }

    [Fact]
    public async Task Object_of_a_bucket_without_a_call_comes_up_although_a_page_before_has_a_call_of_the_bucket()
    {
        await using var pipeline = await StartAsync([]);
        await AddAsync(pipeline, [
            .. Enumerable.Range(0, 6).Select(number => Row(number, "uk", Newest.AddMinutes(-number), "callrecording", "Jane Doe", $"c-{number}", "b-1")),
            Row(6, "uk", Newest.AddMinutes(-6), "callrecording", "Jane Doe", call: null, "b-1"),
            Row(7, "uk", Newest.AddMinutes(-7), "callrecording", "Jane Doe", call: null, "b-1"),
        ]);
        await IndexAsync(pipeline);
        foreach (var filter in (SearchFilter[])[new(), new() { Text = "jane" }, new() { Call = "b-1" }])
        {
            var calls = await FindCallsAsync(pipeline, filter, position: null);

            Assert.Equal([.. Enumerable.Range(0, 6).Select(number => $"c-{number}"), "b-1"], calls.Select(call => call.CallId));
            Assert.Equal(8, calls[^1].Objects.Count);
        }
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, -1)]
    [InlineData(false, 1)]
    [InlineData(false, -1)]
    public async Task Recording_without_a_call_is_one_call_with_the_transcript_of_its_bucket_that_names_it(bool isIndexed, int minutesLater)
    {
        await using var pipeline = await StartAsync([]);
        await AddAsync(pipeline, [
            Row(1, "uk", Newest, "callrecording", "Jane Doe", call: null, "b-1"),
            Row(2, "uk", Newest.AddMinutes(minutesLater), "transcription", "Jane Doe", "id-1", "b-1"),
        ]);
        if (isIndexed)
        {
            await IndexAsync(pipeline);
            await pipeline.SettleIndexAsync();
        }

        foreach (var filter in (SearchFilter[])[new(), new() { Text = "jane" }, new() { Call = "b-1" }, new() { Call = "id-1" }])
        {
            var call = Assert.Single(await FindCallsAsync(pipeline, filter, position: null));

            Assert.Equal("id-1", call.CallId);
            Assert.Equal(["id-1", "id-2"], call.Objects.Select(entry => entry.Id).Order(StringComparer.Ordinal));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Recordings_without_a_call_come_up_once_whatever_page_has_the_transcripts_that_name_them(int daysLater)
    {
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await StartAsync(requests);
        var numbers = Enumerable.Range(0, 20).ToList();
        await AddAsync(pipeline, [
            .. numbers.Select(number => Row(number, "uk", Newest.AddMinutes(-number), "callrecording", "Jane Doe", call: null, $"b-{number}")),
            .. numbers.Select(number =>
                Row(100 + number, "uk", Newest.AddDays(daysLater).AddMinutes(-number), "transcription", "Jane Doe", $"id-{number}", $"b-{number}")),
            .. numbers.Select(number => Row(200 + number, "uk", Newest.AddHours(1).AddMinutes(-number), "summary", "Jane Doe", $"id-{number}")),
        ]);
        await IndexAsync(pipeline);
        await pipeline.SettleIndexAsync();

        foreach (var filter in (SearchFilter[])[new() { Text = "jane" }, new()])
        {
            requests.Clear();
            await pipeline.Get<CallSearch>().FindAsync(filter, null, CallSearch.MaxCalls, Cancellation);
            Assert.InRange(requests.Count, 5, 25);

            var calls = await FindCallsAsync(pipeline, filter, position: null);

            Assert.Equal(numbers.Select(number => $"id-{number}"), calls.Select(call => call.CallId));
            Assert.All(calls, call => Assert.Equal(3, call.Objects.Count));
        }
    }

    [Fact]
    public async Task Recording_that_no_object_names_comes_up_beside_another_of_its_bucket_that_its_transcript_names()
    {
        await using var pipeline = await StartAsync([]);
        await AddAsync(pipeline, [
            .. Enumerable.Range(0, 8).Select(number => Row(number, "uk", Newest.AddMinutes(-number), "callrecording", "Jane Doe", call: null, "b-1")),
            .. Enumerable.Range(0, 8).Select(number => Row(100 + number, "uk", Newest.AddHours(1), "transcription", "text", $"id-{number}", "b-1")),
            Row(9, "uk", Newest.AddMinutes(-9), "callrecording", "Jane Doe", call: null, "b-1"),
        ]);
        await IndexAsync(pipeline);

        foreach (var filter in (SearchFilter[])[new(), new() { Text = "jane" }, new() { Call = "b-1" }])
        {
            var calls = await FindCallsAsync(pipeline, filter, position: null);

            Assert.Equal([.. Enumerable.Range(0, 8).Select(number => $"id-{number}"), "b-1"], calls.Select(call => call.CallId));
        }
    }

    private static Task<SearchPage> FindFirstAsync(Pipeline pipeline, SearchFilter filter) =>
        pipeline.Get<ObjectSearch>().FindAsync(filter, after: null, ObjectSearch.MaxRows, Cancellation);

    private static async Task<List<FoundCall>> FindCallsAsync(Pipeline pipeline, SearchFilter filter, SearchPosition? position)
    {
        var calls = new List<FoundCall>();
        do
        {
            var page = await pipeline.Get<CallSearch>().FindAsync(filter, position, CallSearch.MaxCalls, Cancellation);
            Assert.True(page.Next is null || page.Next != position, "The search does not get on.");
            calls.AddRange(page.Calls);
            position = page.Next;
        }
        while (position is not null);
        return calls;
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
            Assert.True(page.Next is null || page.Next != position, "The search does not get on.");
            position = page.Next is { } next && SearchCursor.TryRead(filter, SearchCursor.Write(filter, next), out var read) ? read : null;
        }
        while (position is not null);
        return found;
    }

    private static LedgerEntry Row(int number, string region, DateTimeOffset created, string type, string name, string? call, string? bucket = null)
    {
        var row = LedgerEntry.Describe(region, StorageObject.Parse(BinaryData.FromObjectAsJson(new
        {
            id = $"id-{number}",
            type,
            objectName = name,
            createdTime = created.UtcDateTime,
            bucketId = bucket,
            tags = call is null ? [] : new[] { new { key = "callId", value = call } },
        })));
        row.Become(LedgerState.Archived);
        return row;
    }

    private Task<Pipeline> StartAsync(ConcurrentBag<string> requests) =>
        Pipeline.StartAsync(azurite, new MovableTime(), storagePolicy: new CountingPolicy(requests));

    private static Task IndexAsync(Pipeline pipeline) => pipeline.Get<ObjectIndexer>().IndexAsync(Cancellation);

    private static async Task AddAsync(Pipeline pipeline, IReadOnlyCollection<LedgerEntry> rows) =>
        Assert.Empty(await pipeline.Get<ObjectLedger>().AddAsync(rows, Cancellation));

    /// <summary>Rows of archived texts that say a word, as the index has them once it has read the texts.</summary>
    private static async Task AddSpokenAsync(Pipeline pipeline, string word, IReadOnlyList<LedgerEntry> rows)
    {
        foreach (var row in rows)
        {
            (row.Blob, row.Sha256) = (row.Id, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(row.Id))));
        }

        await AddAsync(pipeline, rows);
        await IndexAsync(pipeline);
        await pipeline.SettleIndexAsync();
        var key = (await pipeline.Get<SearchIndex>().ReadStateAsync(Cancellation)).Key!;
        var terms = rows.Select(row => SearchIndex.Row(
            key,
            SearchTerms.OfText(word).Single(),
            IndexSlot.OfText(row)));
        foreach (var chunk in terms.Chunk(100))
        {
            await pipeline.Get<SearchIndex>().WriteAsync(chunk, Cancellation);
        }
    }
}
