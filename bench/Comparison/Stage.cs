using System.Net.Http.Json;
using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Sas;
using Azurite;
using Metering;

namespace Comparison;

/// <summary>Objects of one size, and how many of them a contender handles at once.</summary>
/// <param name="Name">What the results call it.</param>
/// <param name="Objects">How many.</param>
/// <param name="Bytes">Size of each, in bytes.</param>
/// <param name="AtOnce">How many at once.</param>
internal sealed record Workload(string Name, int Objects, long Bytes, int AtOnce)
{
    /// <summary>The time over which they were made.</summary>
    public TimeSpan Span { get; init; } = TimeSpan.FromHours(20);
}

/// <summary>A fresh Azurite and a fresh source that holds a workload's objects.</summary>
internal sealed class Stage : IAsyncDisposable
{
    public const string Region = "us-east";
    public const string Container = "recordings";
    private readonly AzuriteServer _storage;
    private readonly MeteredProcess _source;
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromMinutes(10) };

    private Stage(AzuriteServer storage, MeteredProcess source, string connectionString)
    {
        _storage = storage;
        _source = source;
        ConnectionString = connectionString;
        Blobs = new BlobServiceClient(connectionString).GetBlobContainerClient(Container);
    }

    /// <summary>The storage account.</summary>
    public string ConnectionString { get; }

    /// <summary>The container that the objects are copied to.</summary>
    public BlobContainerClient Blobs { get; }

    /// <summary>The container with a signature that lets its holder do everything in it.</summary>
    public Uri SignedContainer { get; private set; } = null!;

    /// <summary>8x8.</summary>
    public Uri BaseUrl { get; private set; } = null!;

    /// <summary>The same objects as files.</summary>
    public Uri Files => new(BaseUrl, $"/__files/{Region}/");

    /// <param name="workload">The objects that the source holds.</param>
    /// <param name="saves">Whether Azurite writes its databases to the disk, as it does by itself.</param>
    public static async Task<Stage> StartAsync(Workload workload, bool saves = true)
    {
        var storage = await AzuriteServer.StartAsync(Console.Error.WriteLine, saves: saves);
        var source = MeteredProcess.StartProgram("Simulator", "--exit-with-parent");
        var stage = new Stage(storage, source, storage.NewAccountConnectionString());
        try
        {
            using var addresses = JsonDocument.Parse("{" + await source.WaitForLineAsync("{", TimeSpan.FromSeconds(60)));
            stage.BaseUrl = new Uri(addresses.RootElement.GetProperty("baseUrl").GetString()!);
            await stage.Blobs.CreateAsync();
            stage.SignedContainer = stage.Blobs.GenerateSasUri(BlobContainerSasPermissions.All, TimeProvider.System.GetUtcNow().AddDays(1));
            await stage.FillAsync(workload);
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <summary>Requests to the source since this was last asked.</summary>
    public async Task<IReadOnlyDictionary<string, long>> TakeCountersAsync()
    {
        var counters = await _client.GetFromJsonAsync<Dictionary<string, long>>(new Uri(BaseUrl, "/__admin/counters"));
        using var reset = await _client.PostAsync(new Uri(BaseUrl, "/__admin/counters/reset"), content: null);
        return counters!;
    }

    /// <summary>Adds to a run the processor time that it took of the storage and of the source.</summary>
    public async Task<Run> MeterAsync(Func<Task<Run>> work)
    {
        var (storage, source) = (ReadStorageProcessor(), ReadSourceProcessor());
        var run = await work();
        return run with { StorageMilliseconds = ReadStorageProcessor() - storage, SourceMilliseconds = ReadSourceProcessor() - source };
    }

    /// <summary>How many objects arrived: blobs without the receipts, of the right size.</summary>
    public async Task AssertCompleteAsync(Workload workload)
    {
        var arrived = 0;
        await foreach (var blob in Blobs.GetBlobsAsync())
        {
            arrived += blob.Properties.ContentLength == workload.Bytes && !blob.Name.EndsWith(".meta.json", StringComparison.Ordinal) ? 1 : 0;
        }

        if (arrived != workload.Objects)
        {
            throw new InvalidOperationException($"{arrived} of {workload.Objects} objects arrived.");
        }
    }

    /// <summary>The settings of a new installation, for this storage and source.</summary>
    public Dictionary<string, string> Settings(Workload workload)
    {
        var settings = AppProcess.Settings(ConnectionString, BaseUrl, Start(workload).AddHours(-1));
        settings["EightByEight__Regions"] = Region;
        return settings;
    }

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        await _storage.DisposeAsync();
        _client.Dispose();
    }

    private double ReadStorageProcessor() => Usage.Read(_storage.ProcessId)!.ProcessorMilliseconds;

    private double ReadSourceProcessor() => _source.Read().ProcessorMilliseconds;

    private static DateTimeOffset Start(Workload workload) => TimeProvider.System.GetUtcNow() - workload.Span - TimeSpan.FromHours(1);

    private async Task FillAsync(Workload workload)
    {
        const int Chunk = 2000;
        using var account = await _client.PutAsJsonAsync(new Uri(BaseUrl, "/__admin/account"), new { regions = (string[])[Region] });
        account.EnsureSuccessStatusCode();
        var start = Start(workload);
        var step = workload.Span / workload.Objects;
        foreach (var numbers in Enumerable.Range(0, workload.Objects).Chunk(Chunk))
        {
            var objects = numbers.Select(number => new { region = Region, bytes = workload.Bytes, createdTime = start + (step * number) });
            using var response = await _client.PostAsJsonAsync(new Uri(BaseUrl, "/__admin/objects"), new { objects });
            response.EnsureSuccessStatusCode();
        }

        // The source calculates checksums when they are first asked for, which is no work of a contender.
        using var warm = await _client.GetAsync(new Uri(BaseUrl, "/__admin/objects"));
        warm.EnsureSuccessStatusCode();
        await TakeCountersAsync();
    }
}
