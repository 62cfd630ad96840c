using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Azure.Data.Tables;
using Azurite;
using DevStack;
using Simulator.Objects;

namespace Scale;

/// <summary>The function app as a process, listing a simulated account into Azurite. Archiving is off: what is measured is the listing side.</summary>
internal sealed class AppRun(int objects) : IDisposable
{
    private static readonly string[] Regions = ["us-east", "uk", "ap"];
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromMinutes(5) };

    public async Task<IReadOnlyList<Measurement>> RunAsync()
    {
        await using var storage = await AzuriteServer.StartAsync(Console.WriteLine);
        var connectionString = storage.NewAccountConnectionString();
        await using var simulator = ChildProcess.Start("Simulator", ["--exit-with-parent"], new Dictionary<string, string>(StringComparer.Ordinal));
        using var addresses = JsonDocument.Parse(await simulator.WaitForLineAsync(line => line.StartsWith('{'), TimeSpan.FromSeconds(60), CancellationToken.None));
        var baseUrl = new Uri(addresses.RootElement.GetProperty("baseUrl").GetString()!);
        await FillAsync(baseUrl);

        var measurements = new List<Measurement>();
        await using var app = ChildProcess.Start("Functions.Local", [], Settings(connectionString, baseUrl));
        var line = await app.WaitForLineAsync(text => text.StartsWith("Host started: ", StringComparison.Ordinal), TimeSpan.FromSeconds(60), CancellationToken.None);
        var url = new Uri(line["Host started: ".Length..]);
        var listings = new TableServiceClient(connectionString).GetTableClient("listings");
        await listings.CreateIfNotExistsAsync();
        var clock = Stopwatch.StartNew();
        await FireAsync(url, "ListObjects");
        await WaitForListingsAsync(listings, completed: 1);
        measurements.Add(await MeasureAsync("first listing", clock, baseUrl, app));

        await FireAsync(url, "ListObjects");
        await WaitForListingsAsync(listings, completed: 2);
        measurements.Add(await MeasureAsync("second listing, nothing new", clock, baseUrl, app));

        var reconcile = await PostAsync(new Uri(url, "/api/reconcile"));
        await WaitForRunAsync(listings, reconcile.GetProperty("runId").GetString()!);
        measurements.Add(await MeasureAsync("reconcile", clock, baseUrl, app));
        return measurements;
    }

    public void Dispose() => _client.Dispose();

    private async Task FillAsync(Uri baseUrl)
    {
        const int Chunk = 2000;
        using var account = await _client.PutAsJsonAsync(new Uri(baseUrl, "/__admin/account"), new { regions = Regions });
        account.EnsureSuccessStatusCode();

        // Six days, evenly, so that the overlap of a week covers them all and the second listing sees each of them again.
        var start = TimeProvider.System.GetUtcNow().AddDays(-6);
        var step = TimeSpan.FromDays(5.9) / objects;
        foreach (var numbers in Enumerable.Range(0, objects).Chunk(Chunk))
        {
            var specifications = numbers.Select(number => new ObjectSpecification
            {
                Region = Regions[number % Regions.Length],
                Bytes = 1,
                CreatedTime = start + (step * number),
            });
            using var response = await _client.PostAsJsonAsync(new Uri(baseUrl, "/__admin/objects"), new { objects = specifications });
            response.EnsureSuccessStatusCode();
        }
    }

    private async Task<Measurement> MeasureAsync(string phase, Stopwatch clock, Uri baseUrl, ChildProcess app)
    {
        var seconds = clock.Elapsed.TotalSeconds;
        var counters = await _client.GetFromJsonAsync<Dictionary<string, long>>(new Uri(baseUrl, "/__admin/counters"));
        using var reset = await _client.PostAsync(new Uri(baseUrl, "/__admin/counters/reset"), content: null);
        var measurement = new Measurement(phase, objects, seconds, counters!.GetValueOrDefault("search"), await ReadPeakMegabytesAsync(app));
        Console.WriteLine(measurement);
        clock.Restart();
        return measurement;
    }

    private static async Task WaitForListingsAsync(TableClient listings, int completed)
    {
        await WaitAsync(async () =>
        {
            var done = 0;
            await foreach (var row in listings.QueryAsync<TableEntity>("PartitionKey eq 'run' and Kind eq 'Listing'"))
            {
                done += row.ContainsKey("CompletedAt") ? 1 : 0;
            }

            return done >= completed * Regions.Length;
        });
    }

    private static Task WaitForRunAsync(TableClient listings, string runId) => WaitAsync(async () =>
    {
        var row = await listings.GetEntityIfExistsAsync<TableEntity>("run", runId);
        return row.HasValue && row.Value!.ContainsKey("CompletedAt");
    });

    private static async Task WaitAsync(Func<Task<bool>> isDone)
    {
        var clock = Stopwatch.StartNew();
        while (!await isDone())
        {
            if (clock.Elapsed > Limit)
            {
                throw new TimeoutException($"Not done after {Limit.TotalMinutes} minutes.");
            }

            await Task.Delay(200);
        }
    }

    private async Task FireAsync(Uri url, string function)
    {
        using var response = await _client.PostAsJsonAsync(new Uri(url, $"/admin/functions/{function}"), new { });
        response.EnsureSuccessStatusCode();
    }

    private async Task<JsonElement> PostAsync(Uri url)
    {
        using var response = await _client.PostAsJsonAsync(url, new { });
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    internal static async Task<double> ReadPeakMegabytesAsync(ChildProcess app)
    {
        var peak = (await File.ReadAllLinesAsync($"/proc/{app.ProcessId}/status")).First(row => row.StartsWith("VmHWM", StringComparison.Ordinal));
        return long.Parse(peak.Split(':')[1].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) / 1024.0;
    }

    internal static Dictionary<string, string> Settings(string connectionString, Uri baseUrl) => new(StringComparer.Ordinal)
    {
        ["LocalHost__SettingsFile"] = "local.settings.sample.json",
        ["LocalHost__ExitWithParent"] = "true",
        ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
        ["AzureWebJobsStorage"] = connectionString,
        ["EightByEight__BaseUrl"] = baseUrl.AbsoluteUri,
        ["EightByEight__Key"] = "demo-key",
        ["EightByEight__Secret"] = "demo-secret",
        ["Archive__Enabled"] = "false",
        ["Listing__StartFrom"] = TimeProvider.System.GetUtcNow().AddDays(-7).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        ["Listing__OverlapMinutes"] = "10080",
        ["Listing__SettleSeconds"] = "0",

        // Fired by hand.
        ["ListingSchedule"] = "0 0 0 1 1 *",
    };
}
