using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Azure.Storage.Blobs.Models;
using Simulator;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]

namespace DevStack.Tests;

/// <summary>The function app on the local host, as a process, from the outside.</summary>
public sealed partial class FunctionAppTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Archives_everything_with_the_fewest_settings()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        Fill(simulator, 40);
        var account = azurite.NewAccount();
        await using var app = await StartAsync(simulator, account);

        await AssertAllArchivedAsync(simulator, account);

        Assert.Equal("Healthy", (await app.GetAsync("/api/health")).Body.GetProperty("status").GetString());
        var status = (await app.GetAsync("/api/status")).Body;
        Assert.Equal(40, status.GetProperty("objects").GetProperty("Archived").GetInt32());
        Assert.Contains(app.Lines, line => line.Contains("ArchiveObject: queueTrigger", StringComparison.Ordinal));
        Assert.Contains(app.Lines, line => line.Contains("GetHealth: [GET] http://127.0.0.1", StringComparison.Ordinal));
        Assert.Contains(app.Lines, line => line.Contains("token stays in memory", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Archives_every_object_once_though_its_worker_is_killed_again_and_again()
    {
        const int PerRound = 40;
        var rounds = int.Parse(Environment.GetEnvironmentVariable("KILL_ROUNDS") ?? "5", CultureInfo.InvariantCulture);
        var seed = int.Parse(Environment.GetEnvironmentVariable("KILL_SEED") ?? "4711", CultureInfo.InvariantCulture);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"KILL_ROUNDS={rounds} KILL_SEED={seed}"));
        var random = new Random(seed);
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Latency, Milliseconds = 100 });
        var account = azurite.NewAccount();
        Fill(simulator, PerRound * rounds);
        await using var app = await StartAsync(simulator, account, ("AzureFunctionsJobHost__extensions__queues__visibilityTimeout", "00:00:01"));
        for (var round = 0; round < rounds; round++)
        {
            var goal = Math.Min(await CountReceiptsAsync(account) + random.Next(1, PerRound / 3), PerRound * rounds);
            await Eventually.HoldsAsync(async () => await CountReceiptsAsync(account) >= goal, "some more receipts", TimeSpan.FromMinutes(2));
            await Task.Delay(random.Next(300), Cancellation);
            app.KillWorker();
            await Eventually.HoldsAsync(() => app.Lines.Count(line => line.Contains("Worker process", StringComparison.Ordinal) && line.Contains("started", StringComparison.Ordinal)) == round + 2, "another worker");
        }

        // What was in flight in every crash waits between attempts, eight minutes at most.
        simulator.Faults.Set();
        await AssertAllArchivedAsync(simulator, account, TimeSpan.FromMinutes(rounds > 20 ? 12 : 3));
    }

    [Fact]
    public async Task Backfills_reconciles_and_rebuilds_over_http()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        Fill(simulator, 12);
        var account = azurite.NewAccount();
        await using var app = await StartAsync(simulator, account, ("ListingSchedule", "0 0 0 1 1 *"), ("Listing__SettleSeconds", "0"));

        var (status, backfill) = await app.PostAsync("/api/backfill", """{"from":"2026-01-01T00:00:00Z","to":"2099-01-01","regions":["uk"]}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("days after", backfill.GetProperty("detail").GetString(), StringComparison.Ordinal);
        var to = TimeProvider.System.GetUtcNow().ToString("O", CultureInfo.InvariantCulture);
        (status, backfill) = await app.PostAsync("/api/backfill", $$"""{"from":"{{AppProcess.WeekAgo}}","to":"{{to}}"}""");
        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.True(backfill.GetProperty("windows").GetInt32() > 2);
        var run = await WaitForRunAsync(app, backfill);
        Assert.Equal((12, 12, 12, 0), (run.GetProperty("listed").GetInt32(), run.GetProperty("enqueued").GetInt32(), run.GetProperty("archived").GetInt32(), run.GetProperty("failed").GetInt32()));
        await AssertAllArchivedAsync(simulator, account);

        Assert.Equal(HttpStatusCode.NotFound, (await app.GetAsync("/api/reconcile/latest")).Status);
        (status, var reconcile) = await app.PostAsync("/api/reconcile", "");
        Assert.Equal(HttpStatusCode.Accepted, status);
        await WaitForRunAsync(app, reconcile);
        (status, var report) = await app.GetAsync("/api/reconcile/latest");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((12, 12, 0), (report.GetProperty("total").GetProperty("source").GetInt32(), report.GetProperty("total").GetProperty("archived").GetInt32(), report.GetProperty("total").GetProperty("missing").GetInt32()));

        await account.Tables.GetTableClient("objects").DeleteAsync(Cancellation);
        (status, var rebuild) = await app.PostAsync("/api/ledger/rebuild", "{}");
        Assert.Equal(HttpStatusCode.Accepted, status);
        await WaitForRunAsync(app, rebuild);
        Assert.Equal(12, (await app.GetAsync("/api/status")).Body.GetProperty("objects").GetProperty("Archived").GetInt32());
    }

    [Fact]
    public async Task Names_what_is_wrong_with_a_request_and_changes_nothing()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        var account = azurite.NewAccount();
        await using var app = await StartAsync(simulator, account, ("ListingSchedule", "0 0 0 1 1 *"));
        foreach (var (body, expected, field) in ((string, string, string?)[])[
            ("", "ISO 8601", "from"),
            ("[]", "JSON object", null),
            ("{}", "ISO 8601", "from"),
            ("""{"from":"yesterday","to":"2026-01-01"}""", "ISO 8601", "from"),
            ("""{"from":"2026-01-02","to":5}""", "ISO 8601", "to"),
            ("""{"from":"2026-01-02","to":"2026-01-01"}""", "after", "to"),
            ("""{"from":"2026-01-01","to":"2026-01-02","regions":"uk"}""", "array", "regions"),
            ("""{"from":"2026-01-01","to":"2026-01-02","regions":[]}""", "leave the field out", "regions"),
            ("""{"from":"2026-01-01","to":"2026-01-02","types":["a;b"]}""", "letters", "types"),
            ("""{"from":"2026-01-01","to":"2026-01-02","type":["a"]}""", "no such field", "type")])
        {
            var (status, problem) = await app.PostAsync("/api/backfill", body);

            Assert.Equal((HttpStatusCode.BadRequest, 400), (status, problem.GetProperty("status").GetInt32()));
            Assert.Contains(expected, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
            Assert.Equal(field, problem.TryGetProperty("errors", out var errors) ? errors.EnumerateObject().Single().Name : null);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await app.GetAsync("/api/runs/backfill-x")).Status);
        Assert.Equal(0, await CountReceiptsAsync(account));
    }

    private static async Task<JsonElement> WaitForRunAsync(AppProcess app, JsonElement started)
    {
        JsonElement run = default;
        await Eventually.HoldsAsync(
            async () =>
            {
                run = (await app.GetAsync($"/api/runs/{started.GetProperty("runId").GetString()}")).Body;
                return (run.TryGetProperty("state", out var state) ? state.GetString() : throw new InvalidOperationException(run.ToString())) == "Done";
            },
            "the run is done",
            TimeSpan.FromMinutes(2));
        return run;
    }

    [Fact]
    public async Task Ends_on_its_own_accord_when_it_is_asked_to()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        await using var app = await StartAsync(simulator, azurite.NewAccount());

        AppProcess.Signal("TERM", app.ProcessId);
        Assert.Equal(0, await app.WaitForEndAsync());
    }

    [Fact]
    public async Task Tells_a_wrong_secret_in_log_and_health_and_goes_on_trying()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        Fill(simulator, 3);
        simulator.Account.Secret = "changed";
        var account = azurite.NewAccount();
        await using var app = await StartAsync(simulator, account);

        await AssertTroubleAsync(app, "Credentials", "8x8 refuses the API key (401)");
        simulator.Account.Secret = "demo-secret";

        await AssertAllArchivedAsync(simulator, account);
    }

    [Fact]
    public async Task Tells_that_8x8_is_unreachable_in_log_and_health_and_goes_on_trying()
    {
        // Bound and not listening: connections are refused, and nobody else gets the port meanwhile.
        using var placeholder = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        placeholder.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)placeholder.LocalEndPoint!).Port;
        var account = azurite.NewAccount();
        await using var app = await AppProcess.StartAsync(new Uri($"http://127.0.0.1:{port}"), account);

        await AssertTroubleAsync(app, "Credentials", "does not answer");
        placeholder.Close();
        await using var simulator = await SimulatorServer.StartAsync(new SimulatorOptions { Port = port }, Cancellation);
        Fill(simulator, 3);

        await AssertAllArchivedAsync(simulator, account);
    }

    [Fact]
    public async Task Tells_a_vault_that_refuses_in_log_and_health_and_goes_on_trying()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        Fill(simulator, 3);
        simulator.SetSecret("eightbyeight-key", "demo-key");
        simulator.SetSecret("eightbyeight-secret", "demo-secret");
        simulator.Faults.Set(new FaultRule { Call = "vault", Kind = FaultKind.Status, Status = 403 });
        var account = azurite.NewAccount();
        await using var app = await StartAsync(simulator, account, ("KeyVault__Uri", simulator.VaultUrl.AbsoluteUri), ("KeyVault__CertificateSha256", simulator.VaultCertificateSha256), ("EightByEight__Key", ""), ("EightByEight__Secret", ""));

        await AssertTroubleAsync(app, "Vault", "The vault refuses");
        simulator.Faults.Set();

        await AssertAllArchivedAsync(simulator, account);
        Assert.NotEmpty(simulator.GetSecretVersions("eightbyeight-access-token"));
    }

    [Fact]
    public async Task Tells_a_missing_setting_and_ends()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        await using var app = new AppProcess(Settings(simulator, azurite.NewAccount(), [("EightByEight__Key", ""), ("Listing__StartFrom", "soon")]));

        Assert.Equal(1, await app.WaitForEndAsync());
        var output = string.Join('\n', app.Lines);
        Assert.Contains("EightByEight__Key is not set", output, StringComparison.Ordinal);
        Assert.Contains("Listing__StartFrom is \"soon\"", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tells_that_storage_is_not_there_and_ends()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        await using var app = new AppProcess(Settings(simulator, azurite.NewAccount(), [("AzureWebJobsStorage", "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;BlobEndpoint=http://127.0.0.1:1/a;QueueEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a;")]));

        Assert.Equal(1, await app.WaitForEndAsync());
        Assert.Contains("AzureWebJobsStorage (http://127.0.0.1:1/a) does not work", string.Join('\n', app.Lines), StringComparison.Ordinal);
    }

    private static void Fill(SimulatorServer simulator, int count)
    {
        for (var number = 0; number < count; number++)
        {
            simulator.Objects.Add(new ObjectSpecification
            {
                Region = number % 3 == 0 ? "uk" : "us-east",
                Type = number % 5 == 0 ? "voicemail" : "callrecording",
                Bytes = number == 7 ? 0 : number % 50 == 8 ? 9_000_000 : 1000 * (number % 120),
                CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-(number % 120) - 1),

                // Long enough ago for the first listing to find them: it leaves out what has changed in the last minute.
                UpdatedTime = TimeProvider.System.GetUtcNow().AddMinutes(-5),
            });
        }
    }

    private static async Task<int> CountReceiptsAsync(StorageAccount account)
    {
        var container = account.Blobs.GetBlobContainerClient("recordings");
        var count = 0;
        if (await container.ExistsAsync(Cancellation))
        {
            await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix: null, Cancellation))
            {
                count += blob.Name.EndsWith(".meta.json", StringComparison.Ordinal) ? 1 : 0;
            }
        }

        return count;
    }

    private static async Task AssertAllArchivedAsync(SimulatorServer simulator, StorageAccount account, TimeSpan? limit = null)
    {
        var expected = simulator.Objects.GetAll();
        try
        {
            await Eventually.HoldsAsync(async () => await CountReceiptsAsync(account) >= expected.Count, $"{expected.Count} receipts", limit ?? TimeSpan.FromMinutes(3));
        }
        catch (TimeoutException exception)
        {
            var rows = account.Tables.GetTableClient("objects").QueryAsync<Azure.Data.Tables.TableEntity>("State ne 'Archived'", cancellationToken: Cancellation);
            var left = await rows.Select(row => $"{row["Id"]}: {row["State"]}, {row.GetInt32("Attempts")} attempts, {row.GetString("LastError")}").ToListAsync(Cancellation);
            Assert.Fail($"{exception.Message} Left:{Environment.NewLine}{string.Join(Environment.NewLine, left)}");
        }

        var container = account.Blobs.GetBlobContainerClient("recordings");
        var names = new List<string>();
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix: null, Cancellation))
        {
            names.Add(blob.Name);
        }

        Assert.Equal(2 * expected.Count, names.Count);
        foreach (var item in expected)
        {
            var name = Assert.Single(names, name => name.StartsWith($"{item.Region}/{item.Type}/{item.CreatedTime.UtcDateTime:yyyy'/'MM'/'dd}/{item.Id}.", StringComparison.Ordinal) && !name.EndsWith(".meta.json", StringComparison.Ordinal));
            var bytes = (await container.GetBlobClient(name).DownloadContentAsync(Cancellation)).Value.Content.ToArray();
            var whole = new byte[item.Content.Length];
            item.Content.Fill(whole, 0);
            Assert.True(whole.AsSpan().SequenceEqual(bytes), name);
            using var receipt = JsonDocument.Parse((await container.GetBlobClient(name + ".meta.json").DownloadContentAsync(Cancellation)).Value.Content);
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(whole)), receipt.RootElement.GetProperty("content").GetProperty("sha256").GetString());
            Assert.Equal(1, receipt.RootElement.GetProperty("schema").GetInt32());
        }
    }

    private static async Task AssertTroubleAsync(AppProcess app, string check, string message)
    {
        JsonElement health = default;
        await Eventually.HoldsAsync(
            async () =>
            {
                var (status, body) = await app.GetAsync("/api/health");
                health = body;
                return status == HttpStatusCode.ServiceUnavailable;
            },
            "trouble in /api/health");
        Assert.Equal("Unhealthy", health.GetProperty("status").GetString());
        var found = Assert.Single(health.GetProperty("checks").EnumerateArray(), item => item.GetProperty("name").GetString() == check);
        Assert.Contains(message, found.GetProperty("message").GetString(), StringComparison.Ordinal);

        // Twelve seconds are several listings: still one line in the log.
        await Task.Delay(TimeSpan.FromSeconds(12), Cancellation);
        Assert.Single(app.Lines, line => line.Contains(message, StringComparison.Ordinal));
    }

    private static Task<AppProcess> StartAsync(SimulatorServer simulator, StorageAccount account, params (string Name, string Value)[] more) =>
        AppProcess.StartAsync(simulator.BaseUrl, account, more);

    private static IReadOnlyDictionary<string, string> Settings(SimulatorServer simulator, StorageAccount account, (string Name, string Value)[] more) =>
        AppProcess.Settings(simulator.BaseUrl, account, more);
}
