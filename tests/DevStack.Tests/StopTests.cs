using System.Globalization;
using Azure.Data.Tables;
using Simulator;
using Simulator.Faults;
using Simulator.Objects;
using Testing;
using static DevStack.Tests.SampleObjects;

namespace DevStack.Tests;

/// <summary>What stops, crashes and timeouts do to objects that are being archived.</summary>
public sealed class StopTests(AzuriteFixture azurite)
{
    private readonly StorageAccount _account = azurite.NewAccount();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stop_with_60_objects_in_flight_puts_them_back_without_an_error_or_an_attempt()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        for (var number = 0; number < 60; number++)
        {
            AddObject(simulator);
        }

        simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Latency, Milliseconds = 120_000 });
        await using (var app = await AppProcess.StartAsync(
            simulator.BaseUrl,
            _account,
            ("LocalHost__DrainTimeout", "00:00:01"),
            ("AzureFunctionsJobHost__extensions__queues__batchSize", "16"),
            ("AzureFunctionsJobHost__extensions__queues__newBatchThreshold", "60")))
        {
            await Eventually.HoldsAsync(() => simulator.Counters["content"] == 60, "60 downloads");

            AppProcess.Signal("TERM", app.ProcessId);

            Assert.Equal(0, await app.WaitForEndAsync());
            var errors = app.Lines.Where(line => line.Contains(" fail: ", StringComparison.Ordinal) || line.Contains(" crit: ", StringComparison.Ordinal))
                .ToList();
            Assert.True(errors.Count == 0, string.Join('\n', errors.Concat(app.Lines.TakeLast(20))));
            Assert.Equal(60, app.Lines.Count(line => line.Contains(" back into archive-objects because the app is stopping", StringComparison.Ordinal)));
        }

        var rows = await ReadRowsAsync();
        Assert.Equal(60, rows.Count);
        Assert.All(rows, row => Assert.Equal(("Queued", 0, null), (row.GetString("State"), row.GetInt32("Attempts") ?? 0, row.GetString("LastError"))));

        // All are there at once: none is hidden until the host's ten minutes are over.
        simulator.Faults.Set();
        await using var next = await AppProcess.StartAsync(simulator.BaseUrl, _account);
        await Eventually.HoldsAsync(
            async () => (await ReadRowsAsync()).TrueForAll(row => row.GetString("State") == "Archived"),
            "all are archived");
    }

    [Fact]
    public async Task Function_timeout_is_recorded_as_such_and_ends_in_failure()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        AddObject(simulator);
        simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Latency, Milliseconds = 120_000 });
        await using var app = await AppProcess.StartAsync(
            simulator.BaseUrl,
            _account,

            // Long enough for a listing on a busy machine: one that is listed again queues its object again.
            ("AzureFunctionsJobHost__functionTimeout", "00:00:10"),
            ("AzureFunctionsJobHost__extensions__queues__maxDequeueCount", "2"),
            ("AzureFunctionsJobHost__extensions__queues__visibilityTimeout", "00:00:01"));

        await Eventually.HoldsAsync(
            async () => (await ReadRowsAsync()) is [var row] && row.GetString("State") == "Failed",
            "a failure");

        var row = Assert.Single(await ReadRowsAsync());
        Assert.StartsWith("Archiving did not finish within 00:00:0", row.GetString("LastError"), StringComparison.Ordinal);
        Assert.Equal(2, row.GetInt32("Attempts"));
    }

    [Fact]
    public async Task App_archives_every_object_once_though_its_worker_is_killed_again_and_again()
    {
        const int PerRound = 40;
        var rounds = int.Parse(Environment.GetEnvironmentVariable("KILL_ROUNDS") ?? "3", CultureInfo.InvariantCulture);
        var seed = int.Parse(Environment.GetEnvironmentVariable("KILL_SEED") ?? "4711", CultureInfo.InvariantCulture);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"KILL_ROUNDS={rounds} KILL_SEED={seed}"));
        var random = new Random(seed);
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Latency, Milliseconds = 100 });
        Fill(simulator, PerRound * rounds);
        await using var app = await AppProcess.StartAsync(
            simulator.BaseUrl,
            _account,
            ("AzureFunctionsJobHost__extensions__queues__visibilityTimeout", "00:00:01"));
        for (var round = 0; round < rounds; round++)
        {
            var goal = Math.Min(await CountReceiptsAsync(_account) + random.Next(1, PerRound / 3), PerRound * rounds);
            await Eventually.HoldsAsync(async () => await CountReceiptsAsync(_account) >= goal, "some more receipts");
            await Task.Delay(random.Next(300), Cancellation);
            app.KillWorker();
            await Eventually.HoldsAsync(() => app.Lines.Count(
                line => line.Contains("Worker process", StringComparison.Ordinal) && line.Contains("started", StringComparison.Ordinal)) >= round + 2,
                "another worker");
        }

        // What was in flight in every crash waits between attempts, eight minutes at most.
        simulator.Faults.Set();
        await AssertAllArchivedAsync(simulator, _account, TimeSpan.FromMinutes(rounds > 20 ? 12 : 3));
    }

#if NIGHTLY
    // Takes more than ten minutes: a host that is gone leaves its messages hidden for that long, as in Azure.
    [Fact]
    public async Task Objects_are_archived_once_though_their_host_is_killed()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        for (var number = 0; number < 200; number++)
        {
            AddObject(simulator);
        }

        simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Latency, Milliseconds = 500 });
        await using (var app = await AppProcess.StartAsync(simulator.BaseUrl, _account))
        {
            await Eventually.HoldsAsync(() => simulator.Counters["content"] >= 100, "downloads");
            AppProcess.Signal("KILL", app.ProcessId);
        }

        await using var next = await AppProcess.StartAsync(simulator.BaseUrl, _account);
        await Eventually.HoldsAsync(
            async () => (await ReadRowsAsync()).TrueForAll(row => row.GetString("State") == "Archived"),
            "all are archived",
            TimeSpan.FromMinutes(15));

        var names = await _account.Blobs.GetBlobContainerClient("recordings")
            .GetBlobsAsync(cancellationToken: Cancellation)
            .Select(blob => blob.Name)
            .ToListAsync(Cancellation);
        Assert.Equal(200, names.Count(name => name.EndsWith(".meta.json", StringComparison.Ordinal)));
        Assert.Equal(400, names.Count);
        Assert.All(await ReadRowsAsync(), row => Assert.InRange(row.GetInt32("Attempts") ?? 0, 0, 2));
    }

#endif

    private static void AddObject(SimulatorServer simulator) =>
        simulator.Objects.Add(new ObjectSpecification
        {
            Bytes = 1000,
            CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1),
            UpdatedTime = TimeProvider.System.GetUtcNow().AddMinutes(-5),
        });

    private async Task<List<TableEntity>> ReadRowsAsync() =>
        await _account.Tables.GetTableClient("objects").QueryAsync<TableEntity>("State ne ''", cancellationToken: Cancellation).ToListAsync(Cancellation);
}
