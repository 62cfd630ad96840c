using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Azure.Data.Tables;
using Functions;
using Microsoft.Azure.Functions.Worker;

namespace DevStack.Tests;

/// <summary>Requests of people who mean harm, or whose tools are broken.</summary>
public sealed class HostileRequestTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Method and route of every function, and whether it wants a key.</summary>
    private static IReadOnlyList<(string Method, string Route, bool IsOpen)> Routes { get; } =
    [
        .. typeof(HealthFunctions).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods())
            .SelectMany(method => method.GetParameters())
            .Select(parameter => parameter.GetCustomAttribute<HttpTriggerAttribute>())
            .OfType<HttpTriggerAttribute>()
            .Select(trigger => (trigger.Methods![0].ToUpperInvariant(), $"/api/{trigger.Route}", trigger.AuthLevel == AuthorizationLevel.Anonymous))
            .Order(),
    ];

    [Fact]
    public async Task App_answers_whatever_is_asked_with_a_problem_and_changes_nothing()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("FUZZ_SEED") ?? "1", CultureInfo.InvariantCulture);
        var count = int.Parse(Environment.GetEnvironmentVariable("FUZZ_REQUESTS") ?? "1000", CultureInfo.InvariantCulture);
        var requests = new HostileRequests(seed, Routes).Take(count).Index();
        var before = await ReadTablesAsync();

        await Parallel.ForEachAsync(requests, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancellation }, async (request, _) =>
            await SendAsync(request.Item, $"FUZZ_SEED={seed}, request {request.Index}"));

        // Runs, queues and purges begin only with a request that is right, and none of these is.
        Assert.Equal(before, await ReadTablesAsync());
    }

    [Fact]
    public async Task App_wants_a_key_for_everything_but_health_and_the_dashboard()
    {
        Assert.All(
            Routes.Where(route => route.IsOpen),
            route => Assert.True(route.Route is "/api/health" || route.Route.StartsWith("/api/dashboard", StringComparison.Ordinal), route.Route));
        foreach (var (method, route, _) in Routes.Where(route => !route.IsOpen))
        {
            foreach (var key in (string?[])[null, "", "wrong", ApiFixture.Key + "x", ApiFixture.Key.ToUpperInvariant()])
            {
                using var request = new HttpRequestMessage(
                    new HttpMethod(method),
                    Fill(route, "uk") + (key is null ? "" : $"?code={Uri.EscapeDataString(key)}"));
                if (key is not null)
                {
                    request.Headers.TryAddWithoutValidation("x-functions-key", key);
                }

                using var answer = await api.App.SendAsync(request);
                Assert.True(answer.StatusCode == HttpStatusCode.Unauthorized, $"{method} {route} answers {answer.StatusCode} to the key \"{key}\"");
                Assert.Empty(await answer.Content.ReadAsByteArrayAsync(Cancellation));
            }
        }

        using var right = new HttpRequestMessage(HttpMethod.Get, $"/api/objects?code={Uri.EscapeDataString(ApiFixture.Key)}");
        using var allowed = await api.App.SendAsync(right);
        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
    }

    [Fact]
    public async Task App_reports_nothing_of_the_tenant_without_a_key()
    {
        foreach (var (method, route, _) in Routes.Where(route => route.IsOpen))
        {
            using var answer = await api.App.SendAsync(new HttpRequestMessage(new HttpMethod(method), Fill(route, "x")));
            var body = await answer.Content.ReadAsStringAsync(Cancellation);

            // The id of one of the objects is a word that the dashboard's own text has.
            string[] secrets =
            [
                "Jane", "call-1", "uk/", "us-east", "demo-key", "demo-secret", api.Account.Blobs.AccountName, "hologram",
                .. route == "/api/health" ? (string[])["recording"] : [],
            ];
            foreach (var secret in secrets)
            {
                Assert.False(body.Contains(secret, StringComparison.OrdinalIgnoreCase), $"{route} tells {secret}");
            }
        }

        using var health = await api.App.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/api/health"));
        Assert.Equal("""{"status":"Healthy"}""", await health.Content.ReadAsStringAsync(Cancellation));
    }

    [Theory]
    [InlineData("DELETE")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("TRACE")]
    [InlineData("BREW")]
    public async Task App_knows_no_other_methods(string method)
    {
        foreach (var (_, route, _) in Routes)
        {
            using var answer = await api.SendAsync(new HttpMethod(method), Fill(route, "uk"));
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    private static string Fill(string route, string value) =>
        route.Replace("{region}", value, StringComparison.Ordinal).Replace("{id}", value, StringComparison.Ordinal)
            .Replace("{runId}", value, StringComparison.Ordinal)
            .Replace("{asset}", value, StringComparison.Ordinal);

    private async Task SendAsync(HostileRequest asked, string name)
    {
        using var request = new HttpRequestMessage(new HttpMethod(asked.Method), asked.Path);
        request.Headers.Add("x-functions-key", ApiFixture.Key);
        request.Content = asked.Body is null ? null : new ByteArrayContent(asked.Body);
        using var answer = await api.App.SendAsync(request);
        var status = (int)answer.StatusCode;
        var body = await answer.Content.ReadAsStringAsync(Cancellation);
        var what = $"{name}: {asked.Method} {asked.Path} {(asked.Body is null ? "" : Encoding.UTF8.GetString(asked.Body))} gave {status} {body}";
        Assert.True(status is (>= 200 and < 500) or 503, what);
        Assert.False(asked.Method == "POST" && status is < 400 or > 499, what);
        Assert.False(answer.Headers.Contains("X-Injected"), what);
        foreach (var trace in (string[])["   at ", "Exception", "RequestId:"])
        {
            Assert.False(body.Contains(trace, StringComparison.Ordinal), what);
        }

        // Without a body it is the web server's own answer: no such route, or no request at all.
        if (status >= 400 && body.Length > 0 && answer.Content.Headers.ContentType?.MediaType != "application/json")
        {
            Assert.True(answer.Content.Headers.ContentType?.MediaType == "application/problem+json", what);
            var problem = JsonDocument.Parse(body).RootElement;
            Assert.True(status == problem.GetProperty("status").GetInt32(), what);
            Assert.True(status != 400 || asked.Method == "POST" || problem.TryGetProperty("errors", out _), what);
        }
    }

    private async Task<string> ReadTablesAsync()
    {
        var rows = new List<string>();
        foreach (var name in (string[])["objects", "listings"])
        {
            await foreach (var row in api.Account.Tables.GetTableClient(name).QueryAsync<TableEntity>(cancellationToken: Cancellation))
            {
                rows.Add($"{name} {row.PartitionKey} {row.RowKey} {row.ETag}");
            }
        }

        return string.Join('\n', rows);
    }
}
