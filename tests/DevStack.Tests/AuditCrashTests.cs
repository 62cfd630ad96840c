using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using Azure.Storage.Blobs.Models;
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
        var given = new ConcurrentBag<int>();
        var next = 0;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var clients = Enumerable.Range(0, 8).Select(_ => Task.Run(AccessAsync, Cancellation)).ToList();
        for (var round = 0; round < rounds; round++)
        {
            var goal = given.Count + random.Next(1, 2 * PerRound);
            await Eventually.HoldsAsync(() => given.Count >= goal, "some more accesses", TimeSpan.FromMinutes(2));
            await Task.Delay(random.Next(100), Cancellation);
            app.KillWorker();
            await Eventually.HoldsAsync(
                () => app.Lines.Count(line => line.Contains("Worker process", StringComparison.Ordinal) && line.Contains("started", StringComparison.Ordinal))
                    == round + 2,
                "another worker",
                TimeSpan.FromMinutes(1));
        }
#pragma warning restore CA5394

        await Eventually.HoldsAsync(() => given.Count >= PerRound * rounds, "all accesses", TimeSpan.FromMinutes(5));
        await stop.CancelAsync();
        await Task.WhenAll(clients);
        var text = await ReadAsync();
        Assert.Empty(given.Where(number => !text.Contains($"\"q\":\"access-{number}-\"", StringComparison.Ordinal)).Order());
        var (exitCode, output) = await VerifyAsync(settings);
        Assert.True(exitCode == 0, output);
        TestContext.Current.TestOutputHelper?.WriteLine($"{given.Count} accesses given, {rounds} workers killed: {output}");

        async Task AccessAsync()
        {
            while (!stop.IsCancellationRequested)
            {
                var number = Interlocked.Increment(ref next);
                try
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/objects?q=access-{number}-");
                    using var answer = await app.SendAsync(request);
                    if (answer.StatusCode == HttpStatusCode.OK)
                    {
                        given.Add(number);
                    }
                }
                catch (HttpRequestException)
                {
                    // The worker is being killed.
                }
            }
        }
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
            "health names it",
            TimeSpan.FromSeconds(30));
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

        var (right, output) = await VerifyAsync(settings, "--from", "2026-01-01", "--to", "2199-12-31");
        Assert.True(right == 0, output);
        Assert.Contains("The audit log is right: 3 lines in 1 blobs", output, StringComparison.Ordinal);
        var container = _account.Blobs.GetBlobContainerClient("recordings");
        var name = (await NamesAsync()).Single();
        await container.GetAppendBlobClient(name).AppendBlockAsync(new MemoryStream("{}\n"u8.ToArray()), cancellationToken: Cancellation);

        var (wrong, problem) = await VerifyAsync(settings);
        Assert.Equal(1, wrong);
        Assert.Contains($"error: The audit log is broken. {name}, line 4:", problem, StringComparison.Ordinal);
        var (refused, usage) = await VerifyAsync(settings, "--from", "yesterday");
        Assert.Equal(1, refused);
        Assert.Contains("--from is \"yesterday\"", usage, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output)> VerifyAsync(IReadOnlyDictionary<string, string> settings, params string[] options)
    {
        await using var process = new AppProcess(settings, ["audit", "verify", .. options]);
        var exitCode = await process.WaitForEndAsync();
        return (exitCode, string.Join('\n', process.Lines));
    }

    private IReadOnlyDictionary<string, string> Settings(SimulatorServer simulator, params (string Name, string Value)[] more) => AppProcess.Settings(
        simulator.BaseUrl,
        _account,
        [
            ("ListingSchedule", ApiFixture.Never), ("ReconcileSchedule", ApiFixture.Never), ("VerifySchedule", ApiFixture.Never),
            ("TokenRefreshSchedule", ApiFixture.Never), ("Listing__SettleSeconds", "0"), .. more,
        ]);

    private async Task<List<string>> NamesAsync()
    {
        var names = new List<string>();
        await foreach (var blob in _account.Blobs.GetBlobContainerClient("recordings").GetBlobsAsync(BlobTraits.None, BlobStates.None, "_audit/", Cancellation))
        {
            names.Add(blob.Name);
        }

        return names;
    }

    private async Task<string> ReadAsync()
    {
        var text = new StringBuilder();
        foreach (var name in await NamesAsync())
        {
            var blob = _account.Blobs.GetBlobContainerClient("recordings").GetBlobClient(name);
            text.Append((await blob.DownloadContentAsync(Cancellation)).Value.Content);
        }

        return text.ToString();
    }
}
