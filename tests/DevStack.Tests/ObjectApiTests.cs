using System.Globalization;
using System.Net;
using System.Text.Json;
using Testing;

namespace DevStack.Tests;

/// <summary>Search and objects, over HTTP.</summary>
public sealed class ObjectApiTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", "recording transcript summary page empty broken")]
    [InlineData("?region=uk", "recording transcript broken")]
    [InlineData("?type=hologram%2Bbeta", "empty")]
    [InlineData("?state=failed", "broken")]
    [InlineData("?q=jane%20doe", "recording transcript")]
    [InlineData("?q=O%27Neill", "summary")]
    [InlineData("?q=15550100100", "recording")]
    [InlineData("?q=%2B1+(555)+010-0100", "recording")]
    [InlineData("?q=ane%20doe&exhaustive=true", "recording transcript")]
    [InlineData("?call=call-1&exhaustive=true", "recording transcript")]
    [InlineData("?q=166733", "")]
    [InlineData("?call=call-1", "recording transcript")]
    [InlineData("?call=summary", "summary")]
    [InlineData("?region=mars", "")]
    [InlineData("?q=&region=&limit=", "recording transcript summary page empty broken")]
    [InlineData("?REGION=uk&code=whatever", "recording transcript broken")]
    public async Task Object_api_finds_objects_newest_first(string query, string expected)
    {
        var answer = await api.GetAsync("/api/objects" + query);

        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), Ids(answer).Where(IsOurs));
        Assert.False(answer.TryGetProperty("cursor", out _));
    }

    [Fact]
    public async Task Object_api_finds_objects_of_a_range_of_time()
    {
        var from = api.Newest.AddHours(-40).ToString("O", CultureInfo.InvariantCulture).Replace("+", "%2B", StringComparison.Ordinal);
        var to = api.Newest.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture);

        Assert.Equal(["transcript", "summary"], Ids(await api.GetAsync($"/api/objects?from={from}&to={to}")).Where(IsOurs));
    }

    [Fact]
    public async Task Object_api_gives_page_after_page_with_a_cursor_of_the_very_search()
    {
        var ids = new List<string>();
        var cursor = "";
        do
        {
            var page = await api.GetAsync($"/api/objects?limit=1&state=Archived{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}");
            ids.AddRange(Ids(page));
            Assert.InRange(page.GetProperty("items").GetArrayLength(), 0, 1);
            cursor = page.TryGetProperty("cursor", out var next) ? next.GetString()! : "";
            if (cursor.Length > 0)
            {
                await AssertProblemAsync($"?limit=1&cursor={cursor}", "cursor");
                await AssertProblemAsync($"?limit=1&state=Archived&cursor={cursor}A", "cursor");
            }
        }
        while (cursor.Length > 0);

        Assert.Equal(["recording", "transcript", "summary", "page", "empty"], ids.Where(IsOurs));
    }

    [Theory]
    [InlineData("?from=yesterday", "from")]
    [InlineData("?from=2026-13-01", "from")]
    [InlineData("?to=0001-01-01", "to")]
    [InlineData("?from=2026-01-02&to=2026-01-01", "to")]
    [InlineData("?from=2026-01-01&to=2026-01-01", "to")]
    [InlineData("?state=Lost", "state")]
    [InlineData("?state=0", "state")]
    [InlineData("?q=jane&exhaustive=yes", "exhaustive")]
    [InlineData("?limit=0", "limit")]
    [InlineData("?limit=201", "limit")]
    [InlineData("?limit=-1", "limit")]
    [InlineData("?limit=1e2", "limit")]
    [InlineData("?limit=9999999999", "limit")]
    [InlineData("?limit=5&limit=6", "limit")]
    [InlineData("?cursor=nonsense", "cursor")]
    [InlineData("?cursor=%00%ff", "cursor")]
    [InlineData("?page=2", "page")]
    [InlineData("?query=x&state=Lost", "query")]
    public Task Object_api_names_the_parameter_that_is_wrong(string query, string field) => AssertProblemAsync(query, field);

    [Fact]
    public async Task Object_api_takes_a_text_that_is_only_white_space_for_none()
    {
        var all = Ids(await api.GetAsync("/api/objects?from=2026-01-01&region=uk&limit=200"));

        Assert.NotEmpty(all);
        Assert.Equal(all, Ids(await api.GetAsync("/api/objects?from=2026-01-01&region=uk&limit=200&q=%20%E2%80%8B")));
    }

    [Fact]
    public async Task Redrive_refuses_more_IDs_than_its_message_can_hold()
    {
        var ids = string.Join(',', Enumerable.Range(0, 12_000).Select(_ => "\"x\""));

        using var answer = await api.SendAsync(HttpMethod.Post, "/api/failures/redrive", $$"""{"ids":[{{ids}}]}""");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("Send several requests", await answer.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Object_api_refuses_texts_that_are_too_long()
    {
        await AssertProblemAsync($"?q={new string('a', 201)}", "q");
        await AssertProblemAsync($"?region={new string('a', 101)}", "region");
        await AssertProblemAsync($"?call={new string('a', 1025)}", "call");
        Assert.Empty(Ids(await api.GetAsync($"/api/objects?q={new string('z', 200)}")));
        Assert.Empty(Ids(await api.GetAsync($"/api/objects?call={new string('z', 1024)}")));
        Assert.Empty((await api.GetAsync($"/api/calls?call={new string('z', 1024)}")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Object_api_shows_one_object()
    {
        var archived = await api.GetAsync("/api/objects/uk/recording");
        Assert.Equal(
            [
                "region", "id", "type", "state", "createdTime", "updatedTime", "bytes", "objectName", "mimeType", "blob", "archivedAt", "deletedBy8x8On",
                "callId", "bucketId", "verification", "md5", "sha256",
            ],
            archived.EnumerateObject().Select(property => property.Name));
        Assert.Equal(("uk", "recording", "callrecording", "Archived", "call-1", 3000), (Text(archived, "region"), Text(archived, "id"), Text(
            archived,
            "type"), Text(archived, "state"), Text(archived, "callId"), archived.GetProperty("bytes").GetInt32()));
        Assert.Equal(api.Newest, archived.GetProperty("createdTime").GetDateTimeOffset());
        Assert.Equal(archived.ToString(), (await api.GetAsync("/api/objects?q=recording&type=callrecording")).GetProperty("items")[0].ToString());

        var failed = await api.GetAsync($"/api/objects/uk/broken?created={api.Newest.AddDays(-8):yyyy-MM-dd}");
        Assert.Equal("Failed", Text(failed, "state"));
        Assert.Contains("contradicts", Text(failed, "lastError"), StringComparison.Ordinal);
        Assert.Equal("broken", Text(await api.GetAsync("/api/objects/uk/broken?created=2026-01-01"), "id"));
    }

    [Theory]
    [InlineData("/api/objects/uk/unknown")]
    [InlineData("/api/objects/mars/recording")]
    [InlineData("/api/objects/us-east/recording")]
    [InlineData("/api/objects/uk/RECORDING")]
    [InlineData("/api/objects/uk/recording%20")]
    [InlineData("/api/objects/uk/%E2%98%8E%0A%09%7F")]
    [InlineData("/api/objects/uk%27%20or%20%271%27%20eq%20%271/recording")]
    public async Task Object_api_says_404_of_what_is_not_known(string path)
    {
        await api.GetProblemAsync(HttpMethod.Get, path, 404);
        await api.GetProblemAsync(HttpMethod.Get, path + "/content", 404);
        await api.GetProblemAsync(HttpMethod.Get, path + "/text", 404);
        await api.GetProblemAsync(HttpMethod.Post, path + "/archive", 404);
    }

    [Theory]
    [InlineData("a/b", "a%2Fb", "a%2Fb")]
    [InlineData("..", "%2E%2E", "%252E%252E")]
    [InlineData("100% sure? #1", "100%25%20sure%3F%20%231", "100%25%20sure%3F%20%231")]
    [InlineData("plus+plus", "plus%2Bplus", "plus+plus")]
    [InlineData("encoded%2Fslash", "encoded%252Fslash", "encoded%25252Fslash")]
    [InlineData("half%E0percent", "half%25E0percent", "half%2525E0percent")]
    [InlineData("tab\tand 漢字", "tab%09and%20%E6%BC%A2%E5%AD%97", "tab%09and%20%E6%BC%A2%E5%AD%97")]
    public async Task Object_api_knows_odd_ids(string id, string rowKey, string path)
    {
        var blob = $"odd/{Guid.NewGuid()}";
        await api.AddRowAsync(id, rowKey, blob, content: $"content of {id}");

        Assert.Equal(id, Text(await api.GetAsync($"/api/objects/uk/{path}"), "id"));
        using var text = await api.SendAsync(HttpMethod.Get, $"/api/objects/uk/{path}/text");
        Assert.Equal($"content of {id}", await text.Content.ReadAsStringAsync(Cancellation));
    }

    [Theory]
    [InlineData("g%2Fslash", "g/slash")]
    [InlineData("g%252Fslash", "g/slash")]
    [InlineData("g%25252Fslash", "g%2Fslash")]
    public async Task Object_api_leads_from_an_address_to_one_object_beside_an_id_that_looks_encoded(string path, string id)
    {
        await api.AddRowAsync("g/slash", "g%2Fslash", "odd/slash", content: "content of g/slash");
        await api.AddRowAsync("g%2Fslash", "g%252Fslash", "odd/percent", content: "content of g%2Fslash");

        Assert.Equal(id, Text(await api.GetAsync($"/api/objects/uk/{path}"), "id"));
        using var text = await api.SendAsync(HttpMethod.Get, $"/api/objects/uk/{path}/text");
        Assert.Equal($"content of {id}", await text.Content.ReadAsStringAsync(Cancellation));
    }

    [Fact]
    public async Task Object_api_leads_to_content_that_can_be_read_with_the_link_alone()
    {
        using var answer = await api.SendAsync(HttpMethod.Get, "/api/objects/uk/recording/content");

        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        Assert.True(answer.Headers.CacheControl!.NoStore);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync(Cancellation));
        using var client = new HttpClient();
        Assert.Equal(3000, (await client.GetByteArrayAsync(answer.Headers.Location!, Cancellation)).Length);

        using var json = await api.SendAsync(HttpMethod.Get, "/api/objects/uk/recording/content", body: null, ("Accept", "text/html;q=0.1, Application/JSON"));
        Assert.Equal(HttpStatusCode.OK, json.StatusCode);
        Assert.True(json.Headers.CacheControl!.NoStore);
        var link = JsonDocument.Parse(await json.Content.ReadAsStringAsync(Cancellation)).RootElement;
        Assert.Equal(["url", "expiresOn"], link.EnumerateObject().Select(property => property.Name));
        Assert.Equal(3000, (await client.GetByteArrayAsync(new Uri(Text(link, "url")), Cancellation)).Length);
        Assert.InRange(link.GetProperty("expiresOn").GetDateTimeOffset() - TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5));

        using var anything = await api.SendAsync(HttpMethod.Get, "/api/objects/uk/recording/content", body: null, ("Accept", "*/*"));
        Assert.Equal(HttpStatusCode.Found, anything.StatusCode);
    }

    [Fact]
    public async Task Object_api_shows_text()
    {
        using var answer = await api.SendAsync(HttpMethod.Get, "/api/objects/us-east/page/text");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/plain; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("false", answer.Headers.GetValues("X-Truncated").Single());
        using var empty = await api.SendAsync(HttpMethod.Get, "/api/objects/us-east/empty/text");
        Assert.Equal((HttpStatusCode.OK, ""), (empty.StatusCode, await empty.Content.ReadAsStringAsync(Cancellation)));

        await api.AddRowAsync("long", "long", "odd/long", content: new string('x', 300_000));
        using var cut = await api.SendAsync(HttpMethod.Get, "/api/objects/uk/long/text");
        Assert.Equal(256 * 1024, (await cut.Content.ReadAsByteArrayAsync(Cancellation)).Length);
        Assert.Equal("true", cut.Headers.GetValues("X-Truncated").Single());
    }

    [Fact]
    public async Task Object_api_says_409_of_content_that_is_not_there()
    {
        await api.GetProblemAsync(HttpMethod.Get, "/api/objects/uk/broken/content", 409);
        await api.GetProblemAsync(HttpMethod.Get, "/api/objects/uk/broken/text", 409);
        Assert.Contains("no text", Text(await api.GetProblemAsync(HttpMethod.Get, "/api/objects/uk/recording/text", 409), "detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Object_api_archives_one_object_again()
    {
        foreach (var (path, body) in ((string, string?)[])[("/api/objects/uk/broken/archive", null), ("/api/objects/us-east/summary/archive", "{}")])
        {
            using var answer = await api.SendAsync(HttpMethod.Post, path, body);

            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            Assert.Equal("""{"queue":"archive-objects"}""", await answer.Content.ReadAsStringAsync(Cancellation));
        }

        Assert.Contains(
            "none is expected",
            Text(await api.GetProblemAsync(HttpMethod.Post, "/api/objects/uk/broken/archive", 400, """{"force":true}"""), "detail"),
            StringComparison.Ordinal);
        await Eventually.HoldsAsync(async () => Text(await api.GetAsync("/api/objects/uk/broken"), "state") == "Failed", "it failed again");
        Assert.Equal("Archived", Text(await api.GetAsync("/api/objects/us-east/summary"), "state"));
    }

    [Fact]
    public async Task Object_api_refuses_a_body_that_is_larger_than_any_that_makes_sense()
    {
        var body = $$"""{"from":"2026-01-01","to":"2026-01-02","regions":["{{new string('a', 70_000)}}"]}""";

        await api.GetProblemAsync(HttpMethod.Post, "/api/backfill", 413, body);
    }

    private async Task AssertProblemAsync(string query, string field)
    {
        var problem = await api.GetProblemAsync(HttpMethod.Get, "/api/objects" + query, 400);
        Assert.Equal(field, problem.GetProperty("errors").EnumerateObject().Single().Name);
    }

    private static bool IsOurs(string id) => id is "recording" or "transcript" or "summary" or "page" or "empty" or "broken";

    private static IEnumerable<string> Ids(JsonElement answer) => answer.GetProperty("items").EnumerateArray().Select(item => Text(item, "id"));

    private static string Text(JsonElement element, string property) => element.GetProperty(property).GetString()!;
}
