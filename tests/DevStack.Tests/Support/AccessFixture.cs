using System.Net;
using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Simulator;
using Simulator.Objects;
using Testing;

namespace DevStack.Tests;

/// <summary>The app with sign-in, over an archive with a team's objects and others. Its schedules rest.</summary>
public sealed class AccessFixture(AzuriteFixture azurite) : IAsyncLifetime
{
    /// <summary>The group whose members see objects of the queue Sales and of one user.</summary>
    public const string SalesGroup = "11111111-2222-3333-4444-555555555555";

    private AppProcess? _app;

    internal AppProcess App => _app ?? throw new InvalidOperationException("The app has not started.");

    internal StorageAccount Account { get; } = azurite.NewAccount();

    internal SimulatorServer Simulator { get; private set; } = null!;

    internal IReadOnlyDictionary<string, string> Settings { get; private set; } = null!;

    internal BlobContainerClient Container => Account.Blobs.GetBlobContainerClient("recordings");

    /// <summary>Who calls: the header, or <see langword="null"/> for a request without sign-in.</summary>
    internal static string? Principal(string who) => who switch
    {
        "anonymous" => null,
        "no role" => Principals.Of("o-none", []),
        "viewer of the team" => Principals.Of("o-viewer", ["Viewer"], "99999999-2222-3333-4444-555555555555", SalesGroup),
        "viewer of no team" => Principals.Of("o-other", ["Viewer"], "99999999-2222-3333-4444-555555555555"),
        "operator" => Principals.Of("o-operator", ["Operator"], SalesGroup),
        "investigator" => Principals.Of("o-investigator", ["Investigator"]),
        "administrator" => Principals.Of("o-admin", ["Administrator"]),
        _ => throw new ArgumentOutOfRangeException(nameof(who), who, message: null),
    };

    public async ValueTask InitializeAsync()
    {
        Simulator = await SimulatorServer.StartAsync();
        var newest = new DateTimeOffset(TimeProvider.System.GetUtcNow().UtcDateTime.Date.AddHours(-6), TimeSpan.Zero);
        foreach (var (id, queue, user, name) in ((string, string, string, string)[])[
            ("inside", "Sales", "u-1", "Jane Inside.txt"),
            ("mine", "Support", "u-team", "Jane Mine.txt"),
            ("outside", "Support", "u-2", "Jane Outside.txt"),
            ("far", "Support", "u-2", "Jane Far.txt")])
        {
            Simulator.Objects.Add(new ObjectSpecification
            {
                Id = id,
                Region = "uk",
                Type = "transcription",
                MimeType = "text/plain",
                ObjectName = name,
                Fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal) { ["userId"] = JsonSerializer.SerializeToElement(user) },
                Bytes = 500,
                CreatedTime = newest.AddHours(-Simulator.Objects.GetAll().Count * 30),
                Tags = [new("queueName", queue), new("agentName", "Agent Smith"), new("callId", $"call-{id}")],
            });
        }

        Settings = AppProcess.Settings(
            Simulator.BaseUrl,
            Account,
            [
                ("ListingSchedule", ApiFixture.Never), ("ReconcileSchedule", ApiFixture.Never), ("VerifySchedule", ApiFixture.Never),
                ("TokenRefreshSchedule", ApiFixture.Never), ("Listing__SettleSeconds", "0"), ("Purge__AfterDays", "1"),
                ("Access__Mode", "EntraId"),
                ("Access__Scopes", $$"""[{"group":"{{SalesGroup}}","any":[{"queueName":"Sales"},{"userId":"u-team"}]}]"""),

                // A function key is of no use here.
                ("LocalHost__FunctionKey", ApiFixture.Key),
            ]);
        _app = new AppProcess(Settings);
        await _app.WaitAsync();
        using var backfill = await SendAsync(
            "administrator",
            HttpMethod.Post,
            "/api/backfill",
            $$"""{"from":"{{newest.AddDays(-20):yyyy-MM-dd}}","to":"{{newest.AddDays(1):yyyy-MM-dd}}"}""");
        Assert.Equal(HttpStatusCode.Accepted, backfill.StatusCode);
        await Eventually.HoldsAsync(
            async () => (await GetAsync("administrator", "/api/status")).GetProperty("objects").GetProperty("Archived").GetInt32() == 4,
            "everything is archived");
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        await Simulator.DisposeAsync();
    }

    internal Task<HttpResponseMessage> SendAsync(string who, HttpMethod method, string path, string? body = null) =>
        SendAsync([.. Principal(who) is { } principal ? [principal] : Array.Empty<string>()], method, path, body);

    /// <summary>Sends a request with principals as they are.</summary>
    internal Task<HttpResponseMessage> SendAsync(IEnumerable<string> principals, HttpMethod method, string path, string? body = null)
    {
        var request = new HttpRequestMessage(method, path);
        foreach (var principal in principals)
        {
            request.Headers.TryAddWithoutValidation(Principals.Header, principal);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        }

        return App.SendAsync(request);
    }

    /// <summary>Asks and expects 200 with JSON.</summary>
    internal async Task<JsonElement> GetAsync(string who, string path)
    {
        using var answer = await SendAsync(who, HttpMethod.Get, path);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{path}: {(int)answer.StatusCode} {body}");
        return JsonElement.Parse(body);
    }

    /// <summary>The lines of the audit log.</summary>
    internal async Task<List<JsonElement>> ReadAuditAsync()
    {
        var lines = new List<JsonElement>();
        await foreach (var blob in Container.GetBlobsAsync(BlobTraits.None, BlobStates.None, "_audit/", default))
        {
            var text = (await Container.GetBlobClient(blob.Name).DownloadContentAsync()).Value.Content.ToString();
            lines.AddRange(text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line)));
        }

        return lines;
    }
}
