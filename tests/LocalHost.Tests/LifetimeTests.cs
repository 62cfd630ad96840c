using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Simulator;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace LocalHost.Tests;

/// <summary>Starts, stops and crashes of host and worker.</summary>
public sealed class LifetimeTests(AzuriteFixture azurite)
{
    private readonly StorageAccount _account = azurite.NewAccount();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Worker_that_is_killed_is_replaced_and_requests_wait_for_it()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        await using var app = await AppProcess.StartAsync(simulator.BaseUrl, _account, HostFixture.NoSchedules);
        var first = app.WorkerProcessId;

        app.KillWorker();
        await Eventually.HoldsAsync(() => app.Lines.Any(line => line.Contains($"Worker process {first} ended", StringComparison.Ordinal)), "the end");

        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/api/health")).Status);
        Assert.NotEqual(first, app.WorkerProcessId);
    }

    [Fact]
    public async Task Message_of_a_killed_worker_comes_back_after_the_visibility_timeout()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        var item = AddObject(simulator);
        simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Latency, Milliseconds = 60_000 });
        await using var app = await AppProcess.StartAsync(
            simulator.BaseUrl,
            _account,
            ("AzureFunctionsJobHost__extensions__queues__visibilityTimeout", "00:00:02"));
        await Eventually.HoldsAsync(() => simulator.Counters["content"] == 1, "a download");

        simulator.Faults.Set();
        app.KillWorker();

        await WaitForReceiptsAsync([item]);
    }

    [Fact]
    public async Task Worker_that_no_longer_starts_ends_the_host()
    {
        var folder = Directory.CreateTempSubdirectory("app-").FullName;
        foreach (var file in Directory.GetFiles(LocalFunctionsHost.DefaultAppFolder, "*.*"))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        await using var app = new AppProcess(AppProcess.Settings(simulator.BaseUrl, _account, HostFixture.NoSchedules), "--app", folder);
        await app.WaitAsync();

        File.Delete(Path.Combine(folder, "Functions.dll"));
        app.KillWorker();

        Assert.Equal(1, await app.WaitForEndAsync());
        Assert.Single(app.Lines, line => line.Contains("Stopped the host: The function app does not start", StringComparison.Ordinal));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Worker_that_crashes_while_it_starts_is_replaced()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        await using var app = new AppProcess(AppProcess.Settings(simulator.BaseUrl, _account, HostFixture.NoSchedules));
        await Eventually.HoldsAsync(() => app.Lines.Any(line => line.Contains("Worker process", StringComparison.Ordinal)), "a worker");
        var first = app.WorkerProcessId;

        AppProcess.Signal("KILL", first);
        await app.WaitAsync();

        Assert.NotEqual(first, app.WorkerProcessId);
        Assert.Single(app.Lines, line => line.Contains($"starting another: the worker (process {first}) ended with code 137", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/api/health")).Status);
    }

    [Fact]
    public async Task Worker_ends_when_its_host_is_killed()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        await using var app = await AppProcess.StartAsync(simulator.BaseUrl, _account, HostFixture.NoSchedules);
        using var worker = Process.GetProcessById(app.WorkerProcessId);

        AppProcess.Signal("KILL", app.ProcessId);

        await worker.WaitForExitAsync(Cancellation).WaitAsync(Eventually.Limit, Cancellation);
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task Signal_lets_running_functions_end_and_takes_nothing_new(string signal)
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Latency, Milliseconds = 3000 });
        var item = AddObject(simulator);
        await using var app = await AppProcess.StartAsync(simulator.BaseUrl, _account);
        await Eventually.HoldsAsync(() => simulator.Counters["content"] == 1, "a download");

        // A terminal sends Ctrl+C to all of its processes, other programs send what they send to the host alone.
        AppProcess.Signal(signal, signal == "INT" ? [app.ProcessId, app.WorkerProcessId] : [app.ProcessId]);

        Assert.Equal(0, await app.WaitForEndAsync());
        await WaitForReceiptsAsync([item]);
        Assert.Equal(1, simulator.Counters["content"]);
        Assert.DoesNotContain(app.Lines, line => line.Contains(" fail: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Tick_that_was_missed_is_made_up_for_at_the_start()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        await using (await AppProcess.StartAsync(simulator.BaseUrl, _account, HostFixture.NoSchedules))
        {
        }

        var item = AddObject(simulator);
        await foreach (var blob in Container.GetBlobsAsync(BlobTraits.None, BlobStates.None, "timers/", Cancellation))
        {
            if (blob.Name.Contains("ListObjects", StringComparison.Ordinal))
            {
                var status = Container.GetBlobClient(blob.Name);
                await status.UploadAsync(
                    BinaryData.FromString("""{"Last":"0001-01-01T00:00:00","Next":"2025-01-01T00:00:00","LastUpdated":"2024-06-01T00:00:00"}"""),
                    overwrite: true,
                    Cancellation);
            }
        }

        await using var app = await AppProcess.StartAsync(simulator.BaseUrl, _account, HostFixture.NoSchedules);

        await WaitForReceiptsAsync([item]);
    }

    [Fact]
    public async Task Host_waits_for_a_worker_that_a_debugger_starts()
    {
        const int Port = 17071;
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        var settings = AppProcess.Settings(simulator.BaseUrl, _account, HostFixture.NoSchedules);
        await using var app = new AppProcess(settings, "--attach", Port.ToString(CultureInfo.InvariantCulture));
        var profile = JsonNode.Parse(
            await File.ReadAllTextAsync(
                Path.Combine(LocalFunctionsHost.DefaultAppFolder, "..", "..", "..", "Properties", "launchSettings.json"),
                Cancellation))!["profiles"]!["LocalHost"]!;
        var start = new ProcessStartInfo("dotnet", Path.Combine(LocalFunctionsHost.DefaultAppFolder, "Functions.dll"));
        foreach (var (name, value) in settings.Concat(
            profile["environmentVariables"]!.AsObject().Select(variable => KeyValuePair.Create(variable.Key, variable.Value!.ToString()))))
        {
            start.Environment[name] = value.Replace("7070", Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("$(OutDir)", LocalFunctionsHost.DefaultAppFolder, StringComparison.Ordinal);
        }

        await Eventually.HoldsAsync(() => app.Lines.Any(line => line.StartsWith("Waiting for a worker", StringComparison.Ordinal)), "the host waits");
        using var worker = Process.Start(start)!;

        await app.WaitAsync();
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/api/health")).Status);
        AppProcess.Signal("TERM", app.ProcessId);
        Assert.Equal(0, await app.WaitForEndAsync());
        await worker.WaitForExitAsync(Cancellation).WaitAsync(Eventually.Limit, Cancellation);
    }

    private BlobContainerClient Container => _account.Blobs.GetBlobContainerClient("azure-webjobs-hosts");

    private static SimulatedObject AddObject(SimulatorServer simulator) =>
        simulator.Objects.Add(new ObjectSpecification
        {
            Bytes = 1000,
            CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1),
            UpdatedTime = TimeProvider.System.GetUtcNow().AddMinutes(-5),
        });

    private async Task WaitForReceiptsAsync(IReadOnlyCollection<SimulatedObject> items)
    {
        var archive = _account.Blobs.GetBlobContainerClient("recordings");
        await Eventually.HoldsAsync(
            async () =>
            {
                var names = new List<string>();
                if (await archive.ExistsAsync(Cancellation))
                {
                    await foreach (var blob in archive.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix: null, Cancellation))
                    {
                        names.Add(blob.Name);
                    }
                }

                return items.All(
                    item => names.Exists(name => name.Contains(item.Id, StringComparison.Ordinal) && name.EndsWith(".meta.json", StringComparison.Ordinal)));
            },
            "all receipts");
    }
}
