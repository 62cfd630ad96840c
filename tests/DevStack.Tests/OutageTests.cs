using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Simulator;
using Simulator.Faults;
using Testing;
using static DevStack.Tests.SampleObjects;

namespace DevStack.Tests;

/// <summary>What the running app makes of an outage: one line in the log, a problem in health, and work that goes on afterwards.</summary>
public sealed class OutageTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task App_reports_a_wrong_secret_in_log_and_health_and_goes_on_trying()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        Fill(simulator, 3);
        simulator.Account.Secret = "changed";
        var account = azurite.NewAccount();
        await using var app = await AppProcess.StartAsync(simulator.BaseUrl, account);

        await AssertOutageAsync(app, "Credentials", "8x8 refuses the API key (401)");
        simulator.Account.Secret = "demo-secret";

        await AssertAllArchivedAsync(simulator, account);
    }

    [Fact]
    public async Task App_reports_that_8x8_is_unreachable_in_log_and_health_and_goes_on_trying()
    {
        // Bound and not listening: connections are refused, and no other program gets the port meanwhile.
        using var placeholder = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        placeholder.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)placeholder.LocalEndPoint!).Port;
        var account = azurite.NewAccount();
        await using var app = await AppProcess.StartAsync(new Uri($"http://127.0.0.1:{port}"), account);

        await AssertOutageAsync(app, "Credentials", "does not answer");
        placeholder.Close();
        await using var simulator = await SimulatorServer.StartAsync(new SimulatorOptions { Port = port }, Cancellation);
        Fill(simulator, 3);

        await AssertAllArchivedAsync(simulator, account);
    }

    [Fact]
    public async Task App_reports_a_vault_that_refuses_in_log_and_health_and_goes_on_trying()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        Fill(simulator, 3);
        simulator.SetSecret("eightbyeight-key", "demo-key");
        simulator.SetSecret("eightbyeight-secret", "demo-secret");
        simulator.Faults.Set(new FaultRule { Call = "vault", Kind = FaultKind.Status, Status = 403 });
        var account = azurite.NewAccount();
        await using var app = await AppProcess.StartAsync(
            simulator.BaseUrl,
            account,
            ("KeyVault__Uri", simulator.VaultUrl.AbsoluteUri),
            ("KeyVault__CertificateSha256", simulator.VaultCertificateSha256),
            ("EightByEight__Key", ""),
            ("EightByEight__Secret", ""));

        await AssertOutageAsync(app, "Vault", "The vault refuses");
        simulator.Faults.Set();

        await AssertAllArchivedAsync(simulator, account);
        Assert.NotEmpty(simulator.GetSecretVersions("eightbyeight-access-token"));
    }

    [Fact]
    public async Task App_answers_at_once_until_when_8x8_asked_it_to_wait()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        simulator.Faults.Set(new FaultRule { Call = "regions", Kind = FaultKind.Status, Status = 429, RetryAfter = "300", First = 1 });
        const string Never = "0 0 0 1 1 *";
        await using var app = await AppProcess.StartAsync(simulator.BaseUrl, azurite.NewAccount(), ("ListingSchedule", Never));
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/api/plan")).Status);
        simulator.Counters.Reset();

        foreach (var (method, path, body) in ((HttpMethod, string, string)[])[
            (HttpMethod.Get, "/api/plan", ""),
            (HttpMethod.Post, "/api/reconcile", ""),
            (HttpMethod.Post, "/api/backfill", """{"from":"2026-01-01","to":"2026-01-02"}"""),
            (HttpMethod.Post, "/api/backfill", """{"from":"2026-01-01","to":"2026-01-02","regions":["uk"]}""")])
        {
            using var request = new HttpRequestMessage(method, path);
            request.Content = method == HttpMethod.Post ? new StringContent(body) : null;
            using var answer = await app.SendAsync(request);
            var problem = JsonElement.Parse(await answer.Content.ReadAsStringAsync(Cancellation));

            Assert.Equal((HttpStatusCode.ServiceUnavailable, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
            Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(300));
            Assert.Matches(Waits, problem.GetProperty("detail").GetString());
        }

        var (status, health) = await app.GetAsync("/api/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        var check = Assert.Single(health.GetProperty("checks").EnumerateArray());
        Assert.Equal("Source", check.GetProperty("name").GetString());
        Assert.Matches(Waits, check.GetProperty("message").GetString());
        Assert.Equal(0, simulator.Counters["regions"]);
    }

    private const string Waits =
        @"^8x8 asked the app to wait \(429\)\. Nothing to do unless it lasts; .*\. The app waits until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\.$";

    private static async Task AssertOutageAsync(AppProcess app, string check, string message)
    {
        JsonElement health = default;
        await Eventually.HoldsAsync(
            async () =>
            {
                var (status, body) = await app.GetAsync("/api/health");
                health = body;
                return status == HttpStatusCode.ServiceUnavailable
                    && health.GetProperty("checks").EnumerateArray().Any(item => item.GetProperty("name").GetString() == check
                        && item.GetProperty("message").GetString()!.Contains(message, StringComparison.Ordinal));
            },
            "the outage in /api/health");
        Assert.Equal("Unhealthy", health.GetProperty("status").GetString());

        // Still one line in the log after more listings.
        var listings = CountListings();
        await Eventually.HoldsAsync(() => CountListings() >= listings + 3, "three more listings");
        Assert.Single(app.Lines, line => line.Contains(message, StringComparison.Ordinal));

        int CountListings() => app.Lines.Count(line => line.Contains("Executed 'Functions.ListObjects'", StringComparison.Ordinal));
    }
}
