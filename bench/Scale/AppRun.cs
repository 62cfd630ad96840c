using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Azure.Data.Tables;
using Azurite;
using Metering;
using Simulator.Objects;

namespace Scale;

/// <summary>The build of the function app, listing a simulated account into Azurite. Archiving is off: what is measured is the listing side.</summary>
internal sealed class AppRun(int objects) : IDisposable
{
    private static readonly string[] Regions = ["us-east", "uk", "ap"];
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromMinutes(5) };

    public async Task<IReadOnlyList<Measurement>> RunAsync()
    {
        await using var storage = await AzuriteServer.StartAsync(Console.WriteLine);
        var connectionString = storage.NewAccountConnectionString();
        await using var simulator = MeteredProcess.StartProgram("Simulator", "--exit-with-parent");
        using var addresses = JsonDocument.Parse("{" + await simulator.WaitForLineAsync("{", TimeSpan.FromSeconds(60)));
        var baseUrl = new Uri(addresses.RootElement.GetProperty("baseUrl").GetString()!);
        await FillAsync(baseUrl);

        var measurements = new List<Measurement>();
        await using var app = await AppProcess.StartAsync(Settings(connectionString, baseUrl));
        var listings = new TableServiceClient(connectionString).GetTableClient("listings");
        await listings.CreateIfNotExistsAsync();
        var clock = Stopwatch.StartNew();
        await app.FireAsync("ListObjects");
        await WaitForListingsAsync(listings, completed: 1);
        measurements.Add(await MeasureAsync("first listing", clock, baseUrl, app));

        await app.FireAsync("ListObjects");
        await WaitForListingsAsync(listings, completed: 2);
        measurements.Add(await MeasureAsync("second listing, nothing new", clock, baseUrl, app));

        var reconcile = await PostAsync(app, "/api/reconcile");
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

    private async Task<Measurement> MeasureAsync(string phase, Stopwatch clock, Uri baseUrl, AppProcess app)
    {
        var seconds = clock.Elapsed.TotalSeconds;
        var counters = await _client.GetFromJsonAsync<Dictionary<string, long>>(new Uri(baseUrl, "/__admin/counters"));
        using var reset = await _client.PostAsync(new Uri(baseUrl, "/__admin/counters/reset"), content: null);
        var measurement = new Measurement(phase, objects, seconds, counters!.GetValueOrDefault("search"), app.Read().Worker.PeakMegabytes);
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

    private static async Task<JsonElement> PostAsync(AppProcess app, string path)
    {
        using var response = await app.Client.PostAsJsonAsync(new Uri(path, UriKind.Relative), new { });
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    /// <summary>The settings of an app that lists all of the week at each listing.</summary>
    internal static Dictionary<string, string> Settings(string connectionString, Uri baseUrl)
    {
        var settings = AppProcess.Settings(connectionString, baseUrl, TimeProvider.System.GetUtcNow().AddDays(-7));
        settings["Archive__Enabled"] = "false";
        settings["Listing__OverlapMinutes"] = "10080";
        settings["Listing__SettleSeconds"] = "0";
        return settings;
    }
}
