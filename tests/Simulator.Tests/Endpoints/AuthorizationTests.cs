using System.Net;

namespace Simulator.Tests;

public sealed class AuthorizationTests : SimulatorTest
{
    [Fact]
    public async Task Authorization_answers_every_number_as_a_string_and_expires_in_twice()
    {
        var json = await RequestTokenAsync("demo-key:demo-secret");

        Assert.Equal("1799", json.GetProperty("expires_in").GetString());
        Assert.Equal(2, json.EnumerateObject().Count(property => property.NameEquals("expires_in")));
        Assert.Equal("BearerToken", json.GetProperty("token_type").GetString());
        Assert.Equal(Now.ToUnixTimeMilliseconds().ToString(System.Globalization.CultureInfo.InvariantCulture), json.GetProperty("issued_at").GetString());
    }

    [Theory]
    [InlineData("\"3599.0\"")]
    [InlineData("1799.6")]
    [InlineData("\"1.799e3\"")]
    public async Task Authorization_gives_a_lifetime_of_any_form(string expiresIn)
    {
        await StatusAsync(HttpMethod.Put, "/__admin/account", $$"""{"expiresIn":{{expiresIn}}}""");

        Assert.Equal(expiresIn, (await RequestTokenAsync("demo-key:demo-secret")).GetProperty("expires_in").GetRawText());
    }

    [Fact]
    public async Task Authorization_refuses_a_wrong_secret()
    {
        await Assert.ThrowsAsync<HttpRequestException>(() => RequestTokenAsync("demo-key:wrong"));
    }

    [Fact]
    public async Task Authorization_refuses_a_request_without_token_with_an_unknown_one_and_with_an_expired_one()
    {
        Assert.Equal(HttpStatusCode.OK, await SearchStatusAsync("limit=1"));
        Time.Advance(TimeSpan.FromSeconds(1799));
        Assert.Equal(HttpStatusCode.Unauthorized, await SearchStatusAsync("limit=1"));
        Client.DefaultRequestHeaders.Authorization = new("Bearer", "sim-made-up");
        Assert.Equal(HttpStatusCode.Unauthorized, await SearchStatusAsync("limit=1"));
        Client.DefaultRequestHeaders.Authorization = null;
        Assert.Equal(HttpStatusCode.Unauthorized, await SearchStatusAsync("limit=1"));
    }

    [Theory]
    [InlineData(Rights.Read, HttpStatusCode.OK, HttpStatusCode.Forbidden, HttpStatusCode.Forbidden)]
    [InlineData(Rights.Read | Rights.Download, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.Forbidden)]
    [InlineData(Rights.Read | Rights.Download | Rights.Edit, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK)]
    public async Task Simulator_keeps_to_the_rights_of_the_key(Rights rights, HttpStatusCode search, HttpStatusCode download, HttpStatusCode restore)
    {
        Server.Account.Rights = rights;
        var available = Add();
        var archived = Add(state: "ARCHIVED");

        Assert.Equal(search, await SearchStatusAsync("limit=1"));
        Assert.Equal(download, await StatusAsync(HttpMethod.Get, $"/storage/us-east/v3/objects/{available.Id}/content"));
        Assert.Equal(restore, await StatusAsync(HttpMethod.Post, $"/storage/us-east/v3/objects/{archived.Id}/restore"));
    }

    [Theory]
    [InlineData(Rights.Read, "GET", "objects/nothing", null)]
    [InlineData(Rights.Download, "GET", "objects/nothing/content", null)]
    [InlineData(Rights.Restore, "POST", "objects/nothing/restore", """{"expirationDays":1}""")]
    [InlineData(Rights.Delete, "DELETE", "bulk", """["nothing"]""")]
    public async Task Simulator_reports_a_missing_right_before_a_missing_object(Rights right, string method, string path, string? body)
    {
        var all = Server.Account.Rights;
        var unknown = right == Rights.Delete ? HttpStatusCode.NoContent : HttpStatusCode.NotFound;
        Assert.Equal(unknown, await StatusAsync(new HttpMethod(method), $"/storage/us-east/v3/{path}", body));

        Server.Account.Rights = all & ~right;

        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(new HttpMethod(method), $"/storage/us-east/v3/{path}", body));
    }

    [Fact]
    public async Task Simulator_dates_its_answers_by_its_own_clock()
    {
        Time.Advance(TimeSpan.FromMinutes(7));

        using var response = await Client.GetAsync(new Uri("/storage/us-east/v3/regions", UriKind.Relative), Cancellation);

        Assert.Equal(Now.AddMinutes(7), response.Headers.Date);
    }
}
