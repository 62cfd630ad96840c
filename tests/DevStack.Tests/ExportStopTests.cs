using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Simulator;
using Simulator.Objects;
using Testing;

namespace DevStack.Tests;

/// <summary>What crashes of the worker do to an export, and to the audit log beside it.</summary>
public sealed class ExportStopTests(AzuriteFixture azurite)
{
    private const int ObjectMegabytes = 10;
    private const int ObjectBytes = ObjectMegabytes * 1_000_000;

    private readonly StorageAccount _account = azurite.NewAccount();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Export_unpacks_and_equals_the_archive_though_its_worker_is_killed_again_and_again()
    {
        var objects = Number("EXPORT_MEGABYTES", 60) / ObjectMegabytes;
        var kills = Number("EXPORT_KILLS", 3);
        var random = new Random(Number("KILL_SEED", 4711));
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        for (var number = 0; number < objects; number++)
        {
            simulator.Objects.Add(new ObjectSpecification
            {
                Bytes = ObjectBytes,
                ObjectName = "Jane Doe.mp3",
                CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1),
                UpdatedTime = TimeProvider.System.GetUtcNow().AddMinutes(-5),
            });
        }

        var settings = AppProcess.Settings(
            simulator.BaseUrl,
            _account,
            ("AzureFunctionsJobHost__extensions__queues__visibilityTimeout", "00:00:05"));
        await using var app = new AppProcess(settings);
        await app.WaitAsync();
        await WaitAsync(app, "/api/status", status => status.GetProperty("objects").GetProperty("Archived").GetInt32() == objects, "all is archived");
        var caseId = (await app.PostAsync("/api/cases", """{"name":"Doe","reason":"A letter"}""")).Body.GetProperty("caseId").GetString();
        await app.PostAsync($"/api/cases/{caseId}/objects", """{"search":{"q":"jane doe"}}""");
        await WaitAsync(app, $"/api/cases/{caseId}", item => item.GetProperty("objects").GetInt32() == objects, "all is in the case");
        var exportId = (await app.PostAsync($"/api/cases/{caseId}/export", "")).Body.GetProperty("exportId").GetString();

        await using var accesses = AuditedAccesses.Begin(app);
        var clock = Stopwatch.StartNew();
        var killed = 0;
        for (; killed < kills; killed++)
        {
            // The host gives up on a worker that ends before it has started.
            await WaitAsync(app, $"/api/cases/{caseId}", item => item.GetProperty("objects").GetInt32() == objects, "the worker answers");
            await Task.Delay(random.Next(100, 3000), Cancellation);
            app.KillWorker();
            await Eventually.HoldsAsync(() => app.Lines.Count(
                line => line.Contains("Worker process", StringComparison.Ordinal) && line.Contains("started", StringComparison.Ordinal)) == killed + 2,
                "another worker");
        }

        var log = await accesses.AssertLoggedAsync(20 * kills, _account, settings);
        var path = $"/api/cases/{caseId}/exports/{exportId}";
        await WaitAsync(app, path, item => item.GetProperty("state").GetString() is not "Running", "the export has ended");

        var export = (await app.GetAsync(path)).Body;
        Assert.True(export.GetProperty("state").GetString() == "Done", export.ToString());
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{killed} kills, {objects} objects, {accesses.Given} accesses given, exported after {clock.Elapsed.TotalSeconds:0} s: {log}"));
        var folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            using var client = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
            foreach (var part in export.GetProperty("parts").EnumerateArray())
            {
                var file = Path.Combine(folder, part.GetProperty("name").GetString()!);
                await SaveAsync(client, part.GetProperty("url").GetString()!, file);
                Assert.Equal(part.GetProperty("sha256").GetString(), await HashAsync(file));
                await RunAsync(folder, "unzip", "-q", file);
                File.Delete(file);
            }

            await SaveAsync(client, export.GetProperty("checksumsUrl").GetString()!, Path.Combine(folder, "SHA256SUMS"));
            var report = await RunAsync(folder, "sha256sum", "-c", "SHA256SUMS");
            Assert.Equal(objects * 2, report.Split('\n').Count(line => line.EndsWith(": OK", StringComparison.Ordinal)));
            using var manifest = JsonDocument.Parse(await client.GetByteArrayAsync(export.GetProperty("manifestJsonUrl").GetString(), Cancellation));
            var hashes = manifest.RootElement.GetProperty("items").EnumerateArray()
                .ToDictionary(item => item.GetProperty("id").GetString()!, item => item.GetProperty("sha256").GetString(), StringComparer.Ordinal);
            Assert.Equal(objects, hashes.Count);
            var bytes = new byte[ObjectBytes];
            foreach (var item in simulator.Objects.GetAll())
            {
                item.Content.Fill(bytes, 0);
                Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), hashes[item.Id]);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static int Number(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private static Task WaitAsync(AppProcess app, string path, Func<JsonElement, bool> isReached, string what) => Eventually.HoldsAsync(
        async () =>
        {
            try
            {
                return isReached((await app.GetAsync(path)).Body);
            }
            catch (Exception exception) when (exception is HttpRequestException or JsonException or KeyNotFoundException)
            {
                // The worker was killed.
                return false;
            }
        },
        what,
        TimeSpan.FromMinutes(20));

    private static async Task SaveAsync(HttpClient client, string url, string file)
    {
        await using var source = await client.GetStreamAsync(url, Cancellation);
        await using var target = File.Create(file);
        await source.CopyToAsync(target, Cancellation);
    }

    private static async Task<string> HashAsync(string file)
    {
        await using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, Cancellation));
    }

    private static async Task<string> RunAsync(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, UseShellExecute = false, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {output}");
        return output;
    }
}
