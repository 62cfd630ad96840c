using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Simulator.Objects;

namespace Simulator.Tests;

/// <summary>Faults of one region, one object or some time, switched on as a script does it.</summary>
public sealed class FaultTests : SimulatorTest
{
    [Theory]
    [InlineData(403)]
    [InlineData(500)]
    public async Task Simulator_fails_the_listing_of_one_region_for_ever(int status)
    {
        await SetAsync($$"""[{"kind":"Status","call":"search","region":"uk","status":{{status}}}]""");

        for (var day = 0; day < 3; day++)
        {
            Assert.Equal(status, (int)await ReadAsync("uk", "objects"));
            Assert.Equal(HttpStatusCode.OK, await ReadAsync("us-east", "objects"));
            Assert.Equal(HttpStatusCode.OK, await ReadAsync("uk", "regions"));
            Time.Advance(TimeSpan.FromMinutes(5));
        }
    }

    [Fact]
    public async Task Simulator_fails_the_listing_of_one_region_for_a_time()
    {
        await SetAsync("""[{"kind":"Status","call":"search","region":"uk","status":403,"seconds":60}]""");

        Assert.Equal(HttpStatusCode.Forbidden, await ReadAsync("uk", "objects"));
        Time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(HttpStatusCode.Forbidden, await ReadAsync("uk", "objects"));
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, await ReadAsync("uk", "objects"));
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, await ReadAsync("uk", "objects"));
    }

    [Fact]
    public async Task Simulator_has_no_content_for_a_while_though_the_record_says_available()
    {
        var items = new[] { Add(), Add() };
        await SetAsync("""[{"kind":"Status","call":"content","status":404,"seconds":30,"perObject":true}]""");

        Assert.Equal(HttpStatusCode.NotFound, await ContentStatusAsync(items[0]));
        Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(HttpStatusCode.NotFound, await ContentStatusAsync(items[1]));
        Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (await ContentStatusAsync(items[0]), await ContentStatusAsync(items[1])));
        var record = await Client.GetStringAsync(new Uri($"/storage/us-east/v3/objects/{items[1].Id}", UriKind.Relative), Cancellation);
        Assert.Contains("AVAILABLE", record, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(401)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task Simulator_refuses_one_object_some_times(int status)
    {
        var items = new[] { Add(), Add() };
        await SetAsync($$"""[{"kind":"Status","call":"content","id":"{{items[0].Id}}","status":{{status}},"first":2}]""");

        foreach (var expected in (int[])[status, status, 200])
        {
            Assert.Equal((expected, 200), ((int)await ContentStatusAsync(items[0]), (int)await ContentStatusAsync(items[1])));
        }
    }

    [Theory]
    [InlineData("ErrorHtml", "text/html", "<form>Sign in</form>")]
    [InlineData("ErrorJson", "application/json", """{"error":"denied"}""")]
    [InlineData("Blank", null, "")]
    public async Task Simulator_gives_something_else_for_an_object_without_claims(string kind, string? contentType, string body)
    {
        var specification = new { region = "us-east", id = "bare", omittedFields = (string[])["storedBytes", "checksum", "checksumType"] };
        using var added = await Client.PostAsJsonAsync("/__admin/objects", new { objects = new[] { specification } }, Cancellation);
        await SetAsync($$"""[{"kind":"{{kind}}","call":"content","id":"bare","body":{{JsonSerializer.Serialize(body)}}}]""");

        using var response = await Client.GetAsync(new Uri("/storage/us-east/v3/objects/bare/content", UriKind.Relative), Cancellation);

        Assert.Equal((HttpStatusCode.OK, body), (response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation)));
        if (contentType is not null)
        {
            Assert.Equal(contentType, response.Content.Headers.ContentType!.MediaType);
        }
    }

    [Fact]
    public async Task Simulator_claims_a_wrong_size_beside_a_right_checksum()
    {
        var specification = new { id = "a", bytes = 1000, claimedBytes = 999 };
        using var added = await Client.PostAsJsonAsync("/__admin/objects", new { objects = new[] { specification } }, Cancellation);

        var record = await Client.GetFromJsonAsync<JsonElement>(new Uri("/storage/us-east/v3/objects/a", UriKind.Relative), Cancellation);
        var bytes = await Client.GetByteArrayAsync(new Uri("/storage/us-east/v3/objects/a/content", UriKind.Relative), Cancellation);

        Assert.Equal(("999", 1000), (record.GetProperty("storedBytes").ToString(), bytes.Length));
        Assert.Equal(Convert.ToHexStringLower(MD5.HashData(bytes)), record.GetProperty("checksum").GetString());
    }

    [Fact]
    public async Task Simulator_takes_every_kind_and_field_from_a_script()
    {
        foreach (var kind in Enum.GetNames<Faults.FaultKind>())
        {
            await SetAsync(string.Create(
                CultureInfo.InvariantCulture,
                $$"""
                [{"kind":"{{kind}}","call":"none","region":"uk","id":"x","first":1,"seconds":1.5,"perObject":true,"every":2,"status":302,
                "retryAfter":"12.5","location":"{presigned}","headers":{"x-a":"b"},"limit":3,"reset":"epoch","body":"b",
                "contentType":"text/plain","contentEncoding":"br","charset":"utf-16","milliseconds":5}]
                """));
        }

        var rule = Assert.Single(Server.Faults.Rules);
        Assert.Equal((1.5, "{presigned}", "b", "br"), (rule.Seconds, rule.Location, rule.Headers["x-a"], rule.ContentEncoding));
    }

    [Fact]
    public async Task Simulator_is_documented()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "docs", "simulator.md")))
        {
            folder = folder.Parent!;
        }

        var text = await File.ReadAllTextAsync(Path.Combine(folder.FullName, "docs", "simulator.md"), Cancellation);

        string[] names = [.. Enum.GetNames<Faults.FaultKind>(), .. Names<Faults.FaultRule>(), .. Names<ObjectSpecification>(), .. Names<SearchBehaviour>()];
        Assert.All(names, name => Assert.Matches($"[`\"{{]{name}[`\"}}]", text));
    }

    private static IEnumerable<string> Names<T>() => typeof(T).GetProperties().Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name));

    private async Task SetAsync(string rules) => Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(HttpMethod.Put, "/__admin/faults", rules));

    private Task<HttpStatusCode> ReadAsync(string region, string path) => StatusAsync(HttpMethod.Get, $"/storage/{region}/v3/{path}");

    private Task<HttpStatusCode> ContentStatusAsync(SimulatedObject item) => ReadAsync(item.Region, $"objects/{item.Id}/content");
}
