using System.Net;
using Simulator.Faults;
using Simulator.Objects;

namespace Simulator.Tests;

/// <summary>Redirects and pre-signed addresses.</summary>
public sealed class RedirectTests : SimulatorTest
{
    private static readonly UriCreationOptions AsGiven = new() { DangerousDisablePathAndQueryCanonicalization = true };

    [Fact]
    public async Task Simulator_serves_presigned_addresses_from_another_origin_which_takes_no_token()
    {
        var item = Add(bytes: 10);
        Server.Faults.Set(new FaultRule { Kind = FaultKind.Redirect, Call = "content" });

        var address = new Uri(await RedirectAsync(item));

        Assert.Equal(Server.ContentUrl.Authority, address.Authority);
        Assert.NotEqual(Server.BaseUrl.Port, address.Port);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Get, address.AbsoluteUri));
        Assert.Equal(HttpStatusCode.OK, await AnonymousStatusAsync(address.AbsoluteUri));
    }

    [Theory]
    [InlineData("/elsewhere", 308, "/elsewhere", HttpStatusCode.PermanentRedirect)]
    [InlineData("content?hop={n}", 200, "content?hop=1", HttpStatusCode.Found)]
    [InlineData("ftp://nonsense", 500, "ftp://nonsense", HttpStatusCode.Found)]
    public async Task Simulator_redirects_to_wherever_it_is_told(string location, int status, string expected, HttpStatusCode expectedStatus)
    {
        var item = Add();
        Server.Faults.Set(new FaultRule { Kind = FaultKind.Redirect, Location = location, Status = status });

        Assert.Equal(expected, await RedirectAsync(item, status: expectedStatus));
    }

    [Fact]
    public async Task Simulator_redirects_in_circles_and_every_call()
    {
        var item = Add();
        Server.Faults.Set(new FaultRule { Kind = FaultKind.Redirect, Location = "{path}" });

        Assert.Equal(Content(item), await RedirectAsync(item));
        using var search = await Client.GetAsync(new Uri("/storage/us-east/v3/objects?limit=1", UriKind.Relative), Cancellation);
        Assert.Equal((HttpStatusCode.Found, "/storage/us-east/v3/objects?limit=1"), (search.StatusCode, search.Headers.NonValidated["Location"].ToString()));
    }

    [Theory]
    [InlineData("presign", FaultKind.Address)]
    [InlineData("content", FaultKind.Redirect)]
    public async Task Simulator_wants_an_odd_address_as_it_was_given(string call, FaultKind kind)
    {
        var item = Add(bytes: 10);
        Server.Faults.Set(new FaultRule { Kind = kind, Call = call, Location = "{odd}" });

        var address = call == "content" ? await RedirectAsync(item) : await PresignAsync(item);

        Assert.Contains("/./a/%2E%2E/b%2Fc/../", address, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await AnonymousStatusAsync(address, AsGiven));
        Assert.NotEqual(HttpStatusCode.OK, await AnonymousStatusAsync(address));
    }

    [Theory]
    [InlineData("presign", FaultKind.Address)]
    [InlineData("content", FaultKind.Redirect)]
    public async Task Simulator_gives_an_address_that_has_expired(string call, FaultKind kind)
    {
        var item = Add(bytes: 10);
        Server.Faults.Set(new FaultRule { Kind = kind, Call = call, Location = "{expired}" });

        var address = call == "content" ? await RedirectAsync(item) : await PresignAsync(item);

        Assert.Equal(HttpStatusCode.Forbidden, await AnonymousStatusAsync(address));
    }

    [Fact]
    public async Task Simulator_refuses_an_address_of_one_object_some_times()
    {
        var items = new[] { Add(bytes: 10), Add(bytes: 10) };
        Server.Faults.Set(
            new FaultRule { Kind = FaultKind.Status, Call = "presigned", Id = items[0].Id, Status = 403, First = 2 },
            new FaultRule { Kind = FaultKind.Redirect, Call = "content" });

        foreach (var expected in (HttpStatusCode[])[HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.OK])
        {
            Assert.Equal(HttpStatusCode.OK, await AnonymousStatusAsync(await RedirectAsync(items[1])));
            Assert.Equal(expected, await AnonymousStatusAsync(await RedirectAsync(items[0])));
        }
    }

    private async Task<string> RedirectAsync(SimulatedObject item, HttpStatusCode status = HttpStatusCode.Found)
    {
        using var response = await Client.GetAsync(new Uri(Content(item), UriKind.Relative), Cancellation);
        Assert.Equal(status, response.StatusCode);
        return response.Headers.NonValidated["Location"].ToString();
    }

    private Task<string> PresignAsync(SimulatedObject item) =>
        Client.GetStringAsync(new Uri(Content(item) + "?presignUrl=true", UriKind.Relative), Cancellation);

    private static async Task<HttpStatusCode> AnonymousStatusAsync(string address, UriCreationOptions options = default)
    {
        using var anonymous = new HttpClient();
        Assert.True(Uri.TryCreate(address, options, out var uri));
        using var response = await anonymous.GetAsync(uri, Cancellation);
        return response.StatusCode;
    }

    private static string Content(SimulatedObject item) => $"/storage/{item.Region}/v3/objects/{item.Id}/content";
}
