using System.Globalization;
using System.Text.Json;
using Simulator;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Dashboard.Tests;

/// <summary>A simulated 8x8 with some calls, storage, and the app, which has archived them: one for all tests.</summary>
public sealed class RunningArchive : IAsyncLifetime
{
    /// <summary>The name that a caller may have, too.</summary>
    public const string HostileName = "<img src=x onerror=alert(1)>";

    /// <summary>An id that reads as another one: what follows the mark is shown from right to left.</summary>
    public const string ReversedId = "invoice-\u202Efdp.exe";

    /// <summary>A name that reads as "Invoice exe.pdf", and ends otherwise.</summary>
    public const string ReversedName = "\u2066Invoice\u2069 \u202Efdp.exe\u200F";

    /// <summary>An id, and a name, that no line has room for.</summary>
    public static readonly string LongId = $"long-{new string('x', 120)}";

    /// <summary>How many calls are there only to fill pages.</summary>
    public const int Others = 60;

    private readonly AzuriteFixture _azurite = new();
    private readonly List<FaultRule> _refused = [];
    private SimulatorServer? _simulator;
    private AppProcess? _app;

    public SimulatorServer Simulator => _simulator ?? throw new InvalidOperationException("The simulator has not started.");

    public AppProcess App => _app ?? throw new InvalidOperationException("The app has not started.");

    /// <summary>Where the browser plays recordings from.</summary>
    public int BlobPort => _azurite.Server.BlobPort;

    /// <summary>The page.</summary>
    public Uri Page => PageOf(App);

    /// <summary>As far as 8x8 reaches back.</summary>
    public static string MonthAgo => TimeProvider.System.GetUtcNow().AddDays(-30).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static Uri PageOf(AppProcess app, string hash = "")
    {
        ArgumentNullException.ThrowIfNull(app);
        return new Uri(app.Url, $"/api/dashboard{hash}");
    }

    public async ValueTask InitializeAsync()
    {
        await _azurite.InitializeAsync();
        _simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        _simulator.Account.RestoreTime = TimeSpan.FromDays(1);
        Add(new()
        {
            Id = "maria-call",
            Bytes = 320_044,
            MimeType = "audio/wav",
            ObjectName = "Maria Chen +1 (408) 555-0142.wav",
            Tags =
            [
                new("callId", "call-maria"), new("userName", "Maria Chen"), new("address", "+1 (408) 555-0142"), new("direction", "INBOUND"),
                new("duration", "20000"),
            ],
        }, hours: 2);
        Add(new()
        {
            Id = "maria-transcript",
            Type = "transcription",
            Text = """
                {"segments":[{"start":0.5,"speaker":"Agent","text":"How can I help you?"},{"start":7.5,"speaker":"Caller","text":"My invoice is wrong."},
                {"start":15,"speaker":"Agent","text":"A zeppelin will bring the refund."}]}
                """,
            ObjectName = "Maria Chen.json",
            Tags = [new("callId", "call-maria")],
        }, hours: 2);
        Add(
            new() { Id = "maria-summary", Type = "summary", Bytes = 700, ObjectName = "Maria Chen summary.json", Tags = [new("callId", "call-maria")] },
            hours: 2);
        Add(new()
        {
            Id = "lena-call",
            Bytes = 16_044,
            MimeType = "audio/wav",
            ObjectName = "Lena.wav",
            Tags = [new("callId", "call-lena"), new("agentName", "Lena Ødegård"), new("queueName", "Orders")],
        }, hours: 6);
        Add(new()
        {
            Id = "lena-external",
            Type = "transcription",
            Bytes = 900,
            ObjectName = "1.json",
            Tags = [new("callId", "call-lena"), new("speaker", "external")],
        }, hours: 6);
        Add(new()
        {
            Id = "lena-owner",
            Type = "transcription",
            Bytes = 900,
            ObjectName = "2.json",
            Tags = [new("callId", "call-lena"), new("speaker", "owner")],
        }, hours: 6);
        Add(
            new() { Id = "board", Type = "meeting", Region = "uk", Bytes = 50_000, ObjectName = "Board meeting.mp4", Tags = [new("callId", "call-board")] },
            hours: 3);
        Add(new() { Id = "hostile", Type = "voicemail", Bytes = 16_044, ObjectName = HostileName, Tags = [new("callId", HostileName)] }, hours: 4);
        Add(new() { Id = "cold", State = "ARCHIVED", ObjectName = "From cold storage.mp3", OmittedFields = ["bucketId"] }, hours: 5);
        Add(
            new()
            {
                Id = ReversedId,
                Type = "voicecommentrecording",
                Bytes = 2_000,
                ObjectName = ReversedName,
                Tags = [new("callId", ReversedId), new("userName", ReversedName)],
            },
            hours: 7);
        Add(
            new() { Id = LongId, Type = "summary", Bytes = 700, ObjectName = LongId, Tags = [new("callId", LongId), new("userName", LongId)] },
            hours: 8);
        for (var number = 0; number < Others; number++)
        {
            Add(
                new()
                {
                    Region = "uk",
                    Bytes = 2_000,
                    ObjectName = string.Create(CultureInfo.InvariantCulture, $"Filler {number:D2}.mp3"),
                    Tags = [new("callId", string.Create(CultureInfo.InvariantCulture, $"filler-{number}"))],
                },
                hours: 24 + number);
        }

        _app = await StartAppAsync(NewAccount());
        await WaitForStatusAsync(
            objects => objects.GetProperty("Archived").GetInt32() >= Others + 10 && objects.GetProperty("Restoring").GetInt32() == 1,
            "all is archived");
    }

    /// <summary>Storage for another app.</summary>
    public StorageAccount NewAccount() => _azurite.NewAccount();

    /// <summary>An app.</summary>
    public Task<AppProcess> StartAppAsync(StorageAccount account, params (string Name, string Value)[] settings) =>
        AppProcess.StartAsync(Simulator.BaseUrl, account, [("Listing__SettleSeconds", "0"), ("Listing__StartFrom", MonthAgo), .. settings]);

    /// <summary>Adds an object whose content 8x8 refuses, and waits until it has failed.</summary>
    public async Task AddRefusedAsync(string id, string name, int hours = 1)
    {
        _refused.Add(new FaultRule { Call = "content", Id = id, Kind = FaultKind.Status, Status = 403 });
        Simulator.Faults.Set([.. _refused]);
        if (Simulator.Objects.Find("us-east", id) is null)
        {
            Add(new() { Id = id, ObjectName = name }, hours);
        }

        await WaitForStateAsync(id, "Failed");
    }

    /// <summary>Lets it be read from now on.</summary>
    public void Allow(string id)
    {
        _refused.RemoveAll(rule => rule.Id == id);
        Simulator.Faults.Set([.. _refused]);
    }

    /// <summary>Waits until an object is in a state.</summary>
    public Task WaitForStateAsync(string id, string state) => Eventually.HoldsAsync(
        async () => (await App.GetAsync($"/api/objects/us-east/{id}")).Body.TryGetProperty("state", out var present) && present.GetString() == state,
        $"{id} is {state}");

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        if (_simulator is not null)
        {
            await _simulator.DisposeAsync();
        }

        await _azurite.DisposeAsync();
    }

    private void Add(ObjectSpecification specification, int hours)
    {
        var now = TimeProvider.System.GetUtcNow();

        // Listings that come later look at what was changed in the last hour.
        Simulator.Objects.Add(specification with { CreatedTime = now.AddHours(-hours), UpdatedTime = now.AddMinutes(-1) });
    }

    private Task WaitForStatusAsync(Func<JsonElement, bool> isReached, string what) => Eventually.HoldsAsync(
        async () => isReached((await App.GetAsync("/api/status")).Body.GetProperty("objects")),
        what);
}
