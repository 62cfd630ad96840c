using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Simulator.Tests;

public sealed class AdminTests : SimulatorTest
{
    [Fact]
    public async Task Admin_api_adds_changes_and_removes_objects()
    {
        var specification = new { region = "uk", type = "voicemail", bytes = 10, tags = new[] { new { key = "callId", value = "7" } } };
        using var added = await Client.PostAsJsonAsync("/__admin/objects", new { count = 3, objects = new[] { specification } }, Cancellation);
        var id = (await added.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("ids")[0].GetString();

        Assert.Equal(3, (await SearchAsync("callId==7", region: "uk")).Ids.Count);
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(HttpMethod.Post, $"/__admin/objects/uk/{id}", """{"state":"REVOKED"}"""));
        Assert.Equal(2, (await SearchAsync(region: "uk")).Ids.Count);
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(HttpMethod.Delete, $"/__admin/objects/uk/{id}"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(HttpMethod.Post, $"/__admin/objects/uk/{id}", "{}"));
    }

    [Fact]
    public async Task Admin_api_switches_faults_on_and_off_and_counts()
    {
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(HttpMethod.Put, "/__admin/faults", """[{"kind":"Status","call":"search","status":503}]"""));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await SearchStatusAsync("limit=1"));
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(HttpMethod.Put, "/__admin/faults", "[]"));
        Assert.Equal(HttpStatusCode.OK, await SearchStatusAsync("limit=1"));

        var counters = await Client.GetFromJsonAsync<JsonElement>(new Uri("/__admin/counters", UriKind.Relative), Cancellation);
        Assert.Equal(2, counters.GetProperty("search").GetInt32());
        Assert.Equal(1, counters.GetProperty("fault:Status").GetInt32());
    }

    [Fact]
    public async Task Admin_api_moves_the_clock_and_changes_the_account()
    {
        await StatusAsync(HttpMethod.Put, "/__admin/account", """{"rights":["Read"],"tokenSeconds":60}""");
        Assert.Equal(Rights.Read, Server.Account.Rights);
        await StatusAsync(HttpMethod.Post, "/__admin/clock", """{"seconds":4000}""");
        Assert.Equal(HttpStatusCode.Unauthorized, await SearchStatusAsync("limit=1"));
        await AuthorizeAsync();
        Assert.Equal(HttpStatusCode.OK, await SearchStatusAsync("limit=1"));
        await StatusAsync(HttpMethod.Post, "/__admin/reset", "{}");
        Assert.Equal(HttpStatusCode.Unauthorized, await SearchStatusAsync("limit=1"));
    }
}
