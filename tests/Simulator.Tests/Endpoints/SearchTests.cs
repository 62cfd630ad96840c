using System.Net;
using Simulator.Objects;

namespace Simulator.Tests;

public sealed class SearchTests : SimulatorTest
{
    [Theory]
    [InlineData("limit=101")]
    [InlineData("limit=0")]
    [InlineData("limit=many")]
    [InlineData("pageKey=-1")]
    [InlineData("pageKey=next")]
    [InlineData("sortDirection=UP")]
    [InlineData("filter=type")]
    [InlineData("filter=type%3D%3D")]
    [InlineData("filter=type%3Da")]
    [InlineData("filter=%28type%3D%3Da")]
    [InlineData("filter=type%3D%3Da%3B")]
    [InlineData("filter=type%3D%3Da%29")]
    [InlineData("filter=createdTime%3Dge%3D2026-01-01")]
    [InlineData("filter=createdTime%3Dabout%3D1")]
    public async Task Simulated_search_refuses_what_8x8_refuses(string query)
    {
        Assert.Equal(HttpStatusCode.BadRequest, await SearchStatusAsync(query));
    }

    [Fact]
    public async Task Simulated_search_knows_no_region_that_8x8_does_not()
    {
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(HttpMethod.Get, "/storage/mars/v3/objects"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Get, "/storage/ca/v3/objects"));
    }

    [Fact]
    public async Task Simulated_search_finds_available_objects_only_unless_the_filter_names_states()
    {
        var available = Add();
        var archived = Add(state: "ARCHIVED", minutesAgo: 30);

        Assert.Equal([available.Id], (await SearchAsync()).Ids);
        Assert.Equal([archived.Id], (await SearchAsync("objectState==ARCHIVED")).Ids);
        Assert.Equal([available.Id, archived.Id], (await SearchAsync("(objectState==AVAILABLE,objectState==ARCHIVED)")).Ids);
    }

    [Fact]
    public async Task Simulated_search_never_finds_objects_of_another_region()
    {
        Add(region: "uk");

        Assert.Empty((await SearchAsync()).Ids);
        Assert.Single((await SearchAsync(region: "uk")).Ids);
    }

    [Fact]
    public async Task Simulated_search_understands_every_comparison()
    {
        var old = Add(minutesAgo: 10);
        var recent = Add(minutesAgo: 5, type: "voicemail");
        var boundary = recent.CreatedTime.ToUnixTimeMilliseconds();

        Assert.Equal([recent.Id], (await SearchAsync($"createdTime=ge={boundary}")).Ids);
        Assert.Empty((await SearchAsync($"createdTime=gt={boundary}")).Ids);
        Assert.Equal([old.Id], (await SearchAsync($"createdTime=lt={boundary}")).Ids);
        Assert.Equal([old.Id, recent.Id], (await SearchAsync($"createdTime=le={boundary}")).Ids);
        Assert.Equal([recent.Id], (await SearchAsync($"createdTime=={boundary}")).Ids);
        Assert.Equal([old.Id], (await SearchAsync("type!=voicemail")).Ids);
        Assert.Equal([recent.Id], (await SearchAsync("(type==voicemail,type==fax);createdTime=ge=0")).Ids);
        Assert.Equal([recent.Id, old.Id], (await SearchAsync(direction: "DESC")).Ids);
    }

    [Fact]
    public async Task Simulated_search_counts_offsets_on_the_last_page_too()
    {
        for (var minute = 0; minute < 5; minute++)
        {
            Add(minutesAgo: 60 - minute);
        }

        var first = await SearchAsync(limit: 3);
        var last = await SearchAsync(pageKey: first.PageKey, limit: 3);

        Assert.Equal((3, false, "3"), (first.Ids.Count, first.IsLast, first.PageKey));
        Assert.Equal((2, true, "5"), (last.Ids.Count, last.IsLast, last.PageKey));
    }

    [Fact]
    public async Task Simulated_search_counts_pages_when_told_so()
    {
        Server.Objects.Search = new SearchBehaviour { PageNumbers = true };
        for (var minute = 0; minute < 5; minute++)
        {
            Add(minutesAgo: 60 - minute);
        }

        var first = await SearchAsync(limit: 3);
        var last = await SearchAsync(pageKey: first.PageKey, limit: 3);

        Assert.Equal("1", first.PageKey);
        Assert.Equal(2, last.Ids.Count);
    }

    [Fact]
    public async Task Simulated_search_skips_records_of_an_offset_scan_when_the_set_changes()
    {
        var items = Enumerable.Range(0, 6).Select(minute => Add(minutesAgo: 60 - minute)).ToList();

        var first = await SearchAsync(limit: 3);
        Server.Objects.SetState("us-east", items[0].Id, "ARCHIVED");
        var second = await SearchAsync(pageKey: first.PageKey, limit: 3);

        // The very trap of offsets: the fourth is on neither page.
        Assert.DoesNotContain(items[3].Id, first.Ids.Concat(second.Ids));
    }

    [Fact]
    public async Task Simulated_search_gives_short_and_empty_pages_that_are_not_the_last()
    {
        foreach (var hidden in (bool[])[true, true, false, true])
        {
            Server.Objects.Add(new ObjectSpecification { Hidden = hidden, CreatedTime = Now });
        }

        var first = await SearchAsync(limit: 2);
        var second = await SearchAsync(limit: 2, pageKey: first.PageKey);

        Assert.Equal((0, false), (first.Ids.Count, first.IsLast));
        Assert.Equal((1, true), (second.Ids.Count, second.IsLast));
    }

    [Fact]
    public async Task Simulated_search_wants_the_content_type_of_the_reference_when_told_so()
    {
        Server.Objects.Search = new SearchBehaviour { RequiresContentType = true };

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, await SearchStatusAsync("limit=1"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/storage/us-east/v3/objects");
        request.Content = new StringContent("", System.Text.Encoding.UTF8, "application/json");
        using var response = await Client.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Simulated_search_rejects_filters_on_times_when_told_so()
    {
        Server.Objects.Search = new SearchBehaviour { RejectTimeFilters = 500 };

        Assert.Equal(HttpStatusCode.InternalServerError, await SearchStatusAsync("filter=createdTime%3Dge%3D0"));
        Assert.Equal(HttpStatusCode.OK, await SearchStatusAsync("filter=type%3D%3Da"));
    }

    [Fact]
    public async Task Simulated_search_shows_times_in_whole_seconds_without_zone_and_compares_milliseconds()
    {
        var item = Server.Objects.Add(new ObjectSpecification { CreatedTime = Now.AddMilliseconds(700) });

        var record = await Client.GetStringAsync(new Uri($"/storage/us-east/v3/objects/{item.Id}", UriKind.Relative), Cancellation);

        Assert.Contains("\"createdTime\":\"2026-11-24T12:00:00\"", record, StringComparison.Ordinal);
        Assert.Single((await SearchAsync($"createdTime=gt={Now.ToUnixTimeMilliseconds()}")).Ids);
    }

    [Fact]
    public void Simulated_search_holds_a_million_objects_without_their_bytes()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var number = 0; number < 100_000; number++)
        {
            Server.Objects.Add(new ObjectSpecification { Bytes = 1L << 30, CreatedTime = Now.AddSeconds(-number) });
        }

        // A tenth of a million, to be quick: below 1.5 KB each.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, 0, 150_000_000);
    }
}
