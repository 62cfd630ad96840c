using System.Globalization;
using System.Net;
using System.Text.Json;
using Simulator;
using Testing;
using static DevStack.Tests.SampleObjects;

namespace DevStack.Tests;

/// <summary>The function app on the local host, as a process, from the outside.</summary>
public sealed class FunctionAppTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task App_archives_everything_with_the_fewest_settings()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        Fill(simulator, 40);
        var account = azurite.NewAccount();
        await using var app = await AppProcess.StartAsync(simulator.BaseUrl, account);

        await AssertAllArchivedAsync(simulator, account);

        Assert.Equal("Healthy", (await app.GetAsync("/api/health")).Body.GetProperty("status").GetString());
        var status = (await app.GetAsync("/api/status")).Body;
        Assert.Equal(40, status.GetProperty("objects").GetProperty("Archived").GetInt32());
        Assert.Contains(app.Lines, line => line.Contains("ArchiveObject: queueTrigger", StringComparison.Ordinal));
        Assert.Contains(app.Lines, line => line.Contains("GetHealth: [GET] http://127.0.0.1", StringComparison.Ordinal));
        Assert.Contains(app.Lines, line => line.Contains("token stays in memory", StringComparison.Ordinal));
    }

    [Fact]
    public async Task App_backfills_reconciles_and_rebuilds_over_http()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        Fill(simulator, 12);
        var account = azurite.NewAccount();
        await using var app = await AppProcess.StartAsync(simulator.BaseUrl, account, ("ListingSchedule", "0 0 0 1 1 *"), ("Listing__SettleSeconds", "0"));

        var (status, backfill) = await app.PostAsync("/api/backfill", """{"from":"1700-01-01T00:00:00Z","to":"2099-01-01","regions":["uk"]}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("from 1970 to 2199", backfill.GetProperty("detail").GetString(), StringComparison.Ordinal);
        var to = TimeProvider.System.GetUtcNow().ToString("O", CultureInfo.InvariantCulture);
        (status, backfill) = await app.PostAsync("/api/backfill", $$"""{"from":"{{AppProcess.WeekAgo}}","to":"{{to}}"}""");
        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.True(backfill.GetProperty("windows").GetInt32() > 2);
        var run = await WaitForRunAsync(app, backfill);
        Assert.Equal((12, 12, 12, 0), (run.GetProperty("listed").GetInt32(), run.GetProperty("enqueued").GetInt32(), run.GetProperty("archived").GetInt32(), run
            .GetProperty("failed")
            .GetInt32()));
        await AssertAllArchivedAsync(simulator, account);

        Assert.Equal(HttpStatusCode.NotFound, (await app.GetAsync("/api/reconcile/latest")).Status);
        (status, var reconcile) = await app.PostAsync("/api/reconcile", "");
        Assert.Equal(HttpStatusCode.Accepted, status);
        await WaitForRunAsync(app, reconcile);
        (status, var report) = await app.GetAsync("/api/reconcile/latest");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((12, 12, 0), (report.GetProperty("total").GetProperty("source").GetInt32(), report.GetProperty("total").GetProperty("archived")
            .GetInt32(), report.GetProperty("total").GetProperty("missing").GetInt32()));

        await account.Tables.GetTableClient("objects").DeleteAsync(Cancellation);
        (status, var rebuild) = await app.PostAsync("/api/ledger/rebuild", "{}");
        Assert.Equal(HttpStatusCode.Accepted, status);
        await WaitForRunAsync(app, rebuild);
        Assert.Equal(12, (await app.GetAsync("/api/status")).Body.GetProperty("objects").GetProperty("Archived").GetInt32());
    }

    [Fact]
    public async Task App_names_what_is_wrong_with_a_request_and_changes_nothing()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        var account = azurite.NewAccount();
        await using var app = await AppProcess.StartAsync(simulator.BaseUrl, account, ("ListingSchedule", "0 0 0 1 1 *"));
        foreach (var (body, expected, field) in ((string, string, string?)[])[
            ("", "ISO 8601", "from"),
            ("[]", "JSON object", null),
            ("{}", "ISO 8601", "from"),
            ("""{"from":"yesterday","to":"2026-01-01"}""", "ISO 8601", "from"),
            ("""{"from":"2026-01-02","to":5}""", "ISO 8601", "to"),
            ("""{"from":"2026-01-02","to":"2026-01-01"}""", "after", "to"),
            ("""{"from":"2026-01-01","to":"2026-01-02","regions":"uk"}""", "array", "regions"),
            ("""{"from":"2026-01-01","to":"2026-01-02","regions":[]}""", "leave the field out", "regions"),
            ("""{"from":"2026-01-01","to":"2026-01-02","regions":["uk","mars"]}""", "The account has no region mars. It has us-east, uk.", "regions"),
            ("""{"from":"2026-01-01","to":"2026-01-02","types":["a;b"]}""", "letters", "types"),
            ("""{"from":"2026-01-01","to":"2026-01-02","type":["a"]}""", "no such field", "type")])
        {
            var (status, problem) = await app.PostAsync("/api/backfill", body);

            Assert.Equal((HttpStatusCode.BadRequest, 400), (status, problem.GetProperty("status").GetInt32()));
            Assert.Contains(expected, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
            Assert.Equal(field, problem.TryGetProperty("errors", out var errors) ? errors.EnumerateObject().Single().Name : null);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await app.GetAsync("/api/runs/backfill-x")).Status);
        Assert.Equal(0, (await app.GetAsync("/api/status")).Body.GetProperty("queues").GetProperty("list-windows").GetInt32());
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
            "the run is done");
        return run;
    }

    [Fact]
    public async Task App_ends_on_its_own_accord_when_it_is_asked_to()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        await using var app = await AppProcess.StartAsync(simulator.BaseUrl, azurite.NewAccount());

        AppProcess.Signal("TERM", app.ProcessId);
        Assert.Equal(0, await app.WaitForEndAsync());
    }

    [Fact]
    public async Task App_reports_a_missing_setting_and_ends()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        await using var app = new AppProcess(
            AppProcess.Settings(simulator.BaseUrl, azurite.NewAccount(), [("EightByEight__Key", ""), ("Listing__StartFrom", "soon")]));

        Assert.Equal(1, await app.WaitForEndAsync());
        var output = string.Join('\n', app.Lines);
        Assert.Contains("EightByEight__Key is not set", output, StringComparison.Ordinal);
        Assert.Contains("Listing__StartFrom is \"soon\"", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task App_reports_that_storage_is_not_there_and_ends()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        const string Nowhere = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;"
            + "BlobEndpoint=http://127.0.0.1:1/a;QueueEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a;";
        await using var app = new AppProcess(AppProcess.Settings(simulator.BaseUrl, azurite.NewAccount(), [("AzureWebJobsStorage", Nowhere)]));

        Assert.Equal(1, await app.WaitForEndAsync());
        Assert.Contains("AzureWebJobsStorage (http://127.0.0.1:1/a) does not work", string.Join('\n', app.Lines), StringComparison.Ordinal);
    }
}
