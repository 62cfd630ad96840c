using System.Globalization;
using System.Net;
using Simulator.Faults;
using Testing;

namespace LocalHost.Tests;

/// <summary>HTTP functions, as the Functions host answers.</summary>
public sealed class HttpTests(HostFixture host) : IClassFixture<HostFixture>
{
    [Theory]
    [InlineData("GET", "/", HttpStatusCode.OK)]
    [InlineData("GET", "/api/health", HttpStatusCode.OK)]
    [InlineData("GET", "/api/dashboard", HttpStatusCode.OK)]
    [InlineData("GET", "/api/dashboard/app.js", HttpStatusCode.OK)]
    [InlineData("GET", "/health", HttpStatusCode.NotFound)]
    [InlineData("GET", "/api/nothing", HttpStatusCode.NotFound)]
    [InlineData("POST", "/api/health", HttpStatusCode.NotFound)]
    [InlineData("HEAD", "/api/health", HttpStatusCode.NotFound)]
    [InlineData("OPTIONS", "/api/health", HttpStatusCode.NotFound)]
    [InlineData("DELETE", "/api/dashboard/app.js", HttpStatusCode.NotFound)]
    public async Task Route_and_method_decide_the_answer(string method, string path, HttpStatusCode expected)
    {
        Assert.Equal(expected, await SendAsync(method, path));
    }

    [Theory]
    [InlineData("GET", "/api/status", null, HttpStatusCode.Unauthorized)]
    [InlineData("GET", "/api/status", "wrong", HttpStatusCode.Unauthorized)]
    [InlineData("GET", "/api/status", HostFixture.Key, HttpStatusCode.OK)]
    [InlineData("GET", "/api/status?code=" + HostFixture.Key, null, HttpStatusCode.OK)]
    [InlineData("GET", "/api/status?code=wrong", null, HttpStatusCode.Unauthorized)]
    [InlineData("POST", "/admin/functions/SampleStatus", null, HttpStatusCode.Unauthorized)]
    [InlineData("POST", "/admin/functions/SampleStatus", HostFixture.Key, HttpStatusCode.Accepted)]
    [InlineData("POST", "/admin/functions/GetHealth", HostFixture.Key, HttpStatusCode.NotFound)]
    [InlineData("POST", "/admin/functions/Nothing", HostFixture.Key, HttpStatusCode.NotFound)]
    public async Task Key_is_asked_for_where_the_function_wants_one(string method, string path, string? key, HttpStatusCode expected)
    {
        Assert.Equal(expected, await SendAsync(method, path, "{}", key is null ? [] : [("x-functions-key", key)]));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"input":5}""")]
    public async Task Admin_refuses_a_body_that_is_no_input(string body)
    {
        Assert.Equal(HttpStatusCode.BadRequest, await SendAsync("POST", "/admin/functions/SampleStatus", body, ("x-functions-key", HostFixture.Key)));
    }

    [Theory]
    [InlineData("Host", "localhost:{port}", HttpStatusCode.OK)]
    [InlineData("Host", "127.0.0.1:{port}", HttpStatusCode.OK)]
    [InlineData("Host", "[::1]:{port}", HttpStatusCode.OK)]
    [InlineData("Host", "recordings.example", HttpStatusCode.Forbidden)]
    [InlineData("Host", "127.0.0.1.recordings.example:{port}", HttpStatusCode.Forbidden)]
    [InlineData("Host", "localhost.recordings.example", HttpStatusCode.Forbidden)]
    [InlineData("Host", "10.0.0.1:{port}", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "http://127.0.0.1:{port}", HttpStatusCode.OK)]
    [InlineData("Origin", "http://127.0.0.1:1", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "https://recordings.example", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "null", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "none", HttpStatusCode.OK)]
    [InlineData("Sec-Fetch-Site", "same-origin", HttpStatusCode.OK)]
    [InlineData("Sec-Fetch-Site", "same-site", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "cross-site", HttpStatusCode.Forbidden)]
    public async Task Requests_of_other_sites_are_refused(string header, string value, HttpStatusCode expected)
    {
        var given = (header, value.Replace("{port}", host.App.Url.Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));

        Assert.Equal(expected, await SendAsync("GET", "/api/health", body: null, given));
        Assert.Equal(
            expected == HttpStatusCode.OK ? HttpStatusCode.Accepted : expected,
            await SendAsync("POST", "/admin/functions/SampleStatus", "{}", given, ("x-functions-key", HostFixture.Key)));
    }

    [Fact]
    public async Task Problem_of_a_function_arrives_as_it_is()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/objects?from=soon");
        request.Headers.Add("x-functions-key", HostFixture.Key);

        // The host's own name for an invocation, which a caller must not be able to choose.
        request.Headers.Add("x-ms-invocation-id", "forged");
        using var response = await host.App.SendAsync(request);

        Assert.Equal((HttpStatusCode.BadRequest, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task Request_that_the_worker_refuses_is_answered_at_once()
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();

        var status = await SendAsync("GET", "/api/health", body: null, ("X-Long", new string('x', 32_600)));

        Assert.NotEqual(HttpStatusCode.InternalServerError, status);
        Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), $"{status} after {clock.Elapsed}");
    }

    [Fact]
    public async Task Client_that_disconnects_cancels_the_invocation()
    {
        host.Simulator.Faults.Set(new FaultRule { Call = "search", Kind = FaultKind.Latency, Milliseconds = 60_000 });
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Add("x-functions-key", HostFixture.Key);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

        var plan = client.GetAsync(new Uri(host.App.Url, "/api/plan?from=2026-01-01"), gone.Token);
        await Eventually.HoldsAsync(() => host.Simulator.Counters["search"] > 0, "a search");
        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => plan);
        await Eventually.HoldsAsync(
            () => host.App.Lines.Any(line => line.Contains("Executed 'Functions.GetPlan'", StringComparison.Ordinal)),
            "the end of the invocation");
        host.Simulator.Faults.Set();
    }

    private async Task<HttpStatusCode> SendAsync(string method, string path, string? body = null, params IEnumerable<(string Name, string Value)> headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
        {
            request.Content = new StringContent(body);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await host.App.SendAsync(request);
        return response.StatusCode;
    }
}
