using System.Globalization;
using System.Net;
using System.Text.Json;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Simulator;
using Simulator.Objects;
using Testing;

namespace DevStack.Tests;

/// <summary>The app with a function key, over an archive in which there is something of everything. Its schedules rest.</summary>
public sealed class ApiFixture(AzuriteFixture azurite) : IAsyncLifetime
{
    public const string Key = "the function key";
    public const string Never = "0 0 0 1 1 *";

    private AppProcess? _app;

    internal AppProcess App => _app ?? throw new InvalidOperationException("The app has not started.");

    internal StorageAccount Account { get; } = azurite.NewAccount();

    internal SimulatorServer Simulator { get; private set; } = null!;

    /// <summary>When the newest object was made.</summary>
    internal DateTimeOffset Newest { get; } = new(TimeProvider.System.GetUtcNow().UtcDateTime.Date.AddHours(-6), TimeSpan.Zero);

    internal TableClient Ledger => Account.Tables.GetTableClient("objects");

    internal BlobContainerClient Container => Account.Blobs.GetBlobContainerClient("recordings");

    public async ValueTask InitializeAsync()
    {
        Simulator = await SimulatorServer.StartAsync();
        foreach (var (id, region, type, mimeType, name, tags) in ((string, string, string, string, string, KeyValuePair<string, string>[])[])[
            ("recording", "uk", "callrecording", "audio/mpeg", "Jane Doe.mp3",
                [new("callId", "call-1"), new("callerNumber", "+1 (555) 010-0100"), new("startTime", "1667337742543")]),
            ("transcript", "uk", "transcription", "text/plain", "Jane Doe.txt", [new("sourceId", "call-1")]),
            ("summary", "us-east", "summary", "application/json", "O'Neill", [new("callId", "call-2")]),
            ("page", "us-east", "agentnotes", "text/html", "<img src=x onerror=alert(1)>", []),
            ("empty", "us-east", "hologram+beta", "text/plain", "../../etc/passwd", [])])
        {
            Simulator.Objects.Add(new ObjectSpecification
            {
                Id = id,
                Region = region,
                Type = type,
                MimeType = mimeType,
                ObjectName = name,
                Bytes = id == "empty" ? 0 : 3000,
                CreatedTime = Newest.AddHours(-Simulator.Objects.GetAll().Count * 20),
                Tags = tags,
            });
        }

        // Its record contradicts its content, so it fails for good.
        Simulator.Objects.Add(new ObjectSpecification { Id = "broken", Region = "uk", Checksum = new string('0', 32), CreatedTime = Newest.AddDays(-8) });
        _app = await AppProcess.StartAsync(
            Simulator.BaseUrl,
            Account,
            ("ListingSchedule", Never), ("ReconcileSchedule", Never), ("VerifySchedule", Never), ("TokenRefreshSchedule", Never),
            ("Catalogue__Schedule", Never), ("Listing__SettleSeconds", "0"), ("LocalHost__FunctionKey", Key), ("Purge__AfterDays", "1"));
        using var backfill = await SendAsync(
            HttpMethod.Post,
            "/api/backfill",
            $$"""{"from":"{{Newest.AddDays(-20):yyyy-MM-dd}}","to":"{{Newest.AddDays(1):yyyy-MM-dd}}"}""");
        Assert.Equal(HttpStatusCode.Accepted, backfill.StatusCode);
        await Eventually.HoldsAsync(
            async () =>
            {
                var objects = (await GetAsync("/api/status")).GetProperty("objects");
                return objects.GetProperty("Archived").GetInt32() == 5 && objects.GetProperty("Failed").GetInt32() == 1;
            },
            "everything is archived, or has failed");
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        await Simulator.DisposeAsync();
    }

    /// <summary>Asks with the key.</summary>
    internal Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.Add("x-functions-key", Key);
        if (body is not null)
        {
            request.Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return App.SendAsync(request);
    }

    /// <summary>Asks and expects 200 with JSON.</summary>
    internal async Task<JsonElement> GetAsync(string path)
    {
        using var answer = await SendAsync(HttpMethod.Get, path);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{path}: {(int)answer.StatusCode} {body}");
        return JsonDocument.Parse(body).RootElement;
    }

    /// <summary>Asks and expects a problem.</summary>
    internal async Task<JsonElement> GetProblemAsync(HttpMethod method, string path, int status, string? body = null)
    {
        using var answer = await SendAsync(method, path, body);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == status, $"{path}: {(int)answer.StatusCode} {text}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        return problem;
    }

    /// <summary>Adds a row to the ledger, on a day of which there are others, and its blob.</summary>
    internal async Task AddRowAsync(string id, string rowKey, string? blob, string mimeType = "text/plain", string content = "text")
    {
        await Ledger.UpsertEntityAsync(new TableEntity(string.Create(CultureInfo.InvariantCulture, $"uk|{Newest.UtcDateTime:yyyyMMdd}"), rowKey)
        {
            ["State"] = blob is null ? "Queued" : "Archived",
            ["Region"] = "uk",
            ["Id"] = id,
            ["Type"] = "odd",
            ["CreatedTime"] = Newest,
            ["MimeType"] = mimeType,
            ["Blob"] = blob,
        });
        if (blob is not null)
        {
            await Container.GetBlobClient(blob).UploadAsync(BinaryData.FromString(content), overwrite: true);
        }
    }
}
