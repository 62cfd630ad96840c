using System.Globalization;
using System.Net;
using Azure.Storage.Blobs.Specialized;
using Simulator;
using Testing;

namespace DevStack.Tests;

/// <summary>The audit log when the worker crashes or the log cannot be written, and the command that verifies it.</summary>
public sealed class AuditCrashTests(AzuriteFixture azurite)
{
    private readonly StorageAccount _account = azurite.NewAccount();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_access_that_was_given_has_its_line_though_its_worker_is_killed_again_and_again()
    {
        const int PerRound = 20;
        var rounds = int.Parse(Environment.GetEnvironmentVariable("KILL_ROUNDS") ?? "3", CultureInfo.InvariantCulture);
        var seed = int.Parse(Environment.GetEnvironmentVariable("KILL_SEED") ?? "4711", CultureInfo.InvariantCulture);
#pragma warning disable CA5394 // It is to be the same each time.
        var random = new Random(seed);
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        var settings = Settings(simulator);
        await using var app = new AppProcess(settings);
        await app.WaitAsync();
        await using var accesses = AuditedAccesses.Begin(app);
        for (var round = 0; round < rounds; round++)
        {
            var goal = accesses.Given + random.Next(1, 2 * PerRound);
            await Eventually.HoldsAsync(() => accesses.Given >= goal, "some more accesses");
            await Task.Delay(random.Next(100), Cancellation);
            app.KillWorker();
            await Eventually.HoldsAsync(
                () => app.Lines.Count(line => line.Contains("Worker process", StringComparison.Ordinal) && line.Contains("started", StringComparison.Ordinal))
                    >= round + 2,
                "another worker");
        }
#pragma warning restore CA5394

        var output = await accesses.AssertLoggedAsync(PerRound * rounds, _account, settings);
        TestContext.Current.TestOutputHelper?.WriteLine($"{accesses.Given} accesses given, {rounds} workers killed: {output}");
    }

    [Fact]
    public async Task Nothing_is_given_while_the_log_cannot_be_written_and_archiving_goes_on()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        SampleObjects.Fill(simulator, 3);
        await using var front = await AuditFront.StartAsync(_account);
        await using var app = new AppProcess(Settings(simulator, ("ArchiveStorage", front.ConnectionString), ("ListingSchedule", "*/2 * * * * *")));
        await app.WaitAsync();
        await SampleObjects.AssertAllArchivedAsync(simulator, _account);
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/api/objects")).Status);
        var item = simulator.Objects.GetAll()[0];
        var content = $"/api/objects/{item.Region}/{item.Id}/content";

        front.IsWritable = false;
        using var refused = await app.SendAsync(new HttpRequestMessage(HttpMethod.Get, content));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Null(refused.Headers.Location);
        Assert.Contains("audit log", await refused.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        using var search = await app.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/api/objects"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, search.StatusCode);
        Assert.DoesNotContain(item.Id, await search.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        var (status, problem) = await app.PostAsync("/api/ledger/rebuild", "");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("audit log", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        await Eventually.HoldsAsync(
            async () => (await app.GetAsync("/api/health")).Body.ToString().Contains("audit log", StringComparison.Ordinal),
            "health names it");
        SampleObjects.Fill(simulator, 3);
        await SampleObjects.AssertAllArchivedAsync(simulator, _account);

        front.IsWritable = true;
        using var given = await app.SendAsync(new HttpRequestMessage(HttpMethod.Get, content));
        Assert.Equal(HttpStatusCode.Found, given.StatusCode);
    }

    [Fact]
    public async Task Audit_command_names_the_first_break_and_what_is_wrong_with_its_own_line()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        var settings = Settings(simulator);
        await using (var app = new AppProcess(settings))
        {
            await app.WaitAsync();
            for (var number = 0; number < 3; number++)
            {
                await app.GetAsync($"/api/objects?q=access-{number}-");
            }
        }

        var (right, output) = await AuditedAccesses.VerifyLogAsync(settings, "--from", "2026-01-01", "--to", "2199-12-31");
        Assert.True(right == 0, output);
        Assert.Contains("The audit log is right: 3 lines in 1 blobs", output, StringComparison.Ordinal);
        var container = _account.Blobs.GetBlobContainerClient("recordings");
        var name = (await AuditedAccesses.FindLogAsync(_account)).Single();
        await container.GetAppendBlobClient(name).AppendBlockAsync(new MemoryStream("{}\n"u8.ToArray()), cancellationToken: Cancellation);

        var (wrong, problem) = await AuditedAccesses.VerifyLogAsync(settings);
        Assert.Equal(1, wrong);
        Assert.Contains($"error: The audit log is broken. {name}, line 4:", problem, StringComparison.Ordinal);
        var (refused, usage) = await AuditedAccesses.VerifyLogAsync(settings, "--from", "yesterday");
        Assert.Equal(1, refused);
        Assert.Contains("--from is \"yesterday\"", usage, StringComparison.Ordinal);
    }

    private IReadOnlyDictionary<string, string> Settings(SimulatorServer simulator, params (string Name, string Value)[] more) => AppProcess.Settings(
        simulator.BaseUrl,
        _account,
        [
            ("ListingSchedule", ApiFixture.Never), ("ReconcileSchedule", ApiFixture.Never), ("VerifySchedule", ApiFixture.Never),
            ("TokenRefreshSchedule", ApiFixture.Never), ("Listing__SettleSeconds", "0"), .. more,
        ]);
}
