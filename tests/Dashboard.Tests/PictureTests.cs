using System.Drawing;
using System.Globalization;
using System.Text.Json;
using Simulator;
using Simulator.Faults;
using Testing;

namespace Dashboard.Tests;

/// <summary>
/// The screens with the demo's calls, in the middle of the work: some archived, some failed, some in cold storage. With
/// SCREENSHOTS they are written to that folder of the repository; then the app takes its time, so that there is something
/// to see over time.
/// </summary>
public sealed class PictureTests(RunningArchive archive)
{
    private const long MaxPictureBytes = 200_000;
    private const long MaxObjectBytes = 2_000_000;
    private static readonly Size Desktop = new(1280, 1020);

    // A page of results, with what is said below it.
    private static readonly Size Results = new(1280, 1080);

    // The page of a call is full of text, which makes large pictures.
    private static readonly Size Call = new(1280, 860);
    private static readonly Size Phone = new(390, 844);
    private static readonly string? Folder = Environment.GetEnvironmentVariable("SCREENSHOTS") is { Length: > 0 } folder
        ? Path.Combine(FilesTests.Metadata("RepositoryRoot"), folder)
        : null;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_of_a_busy_archive_show_what_happens()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        Seed(simulator);
        var total = simulator.Objects.GetAll().Count;
        await using var app = await AppProcess.StartAsync(
            simulator.BaseUrl,
            archive.NewAccount(),
            ("Listing__StartFrom", RunningArchive.MonthAgo),
            ("Listing__SettleSeconds", "0"),
            ("EightByEight__MaxRequestsPerSecond", Folder is null ? "0" : "4"));
        using var browser = Browser.Start(Desktop);
        browser.Open(RunningArchive.PageOf(app));
        await browser.WaitForAsync("#throughput canvas");
        await WaitForWorkAsync(app, Folder is null ? total / 2 : total * 4 / 5);
        await browser.WaitForTextAsync("#verdict h2", "Needs attention");
        await browser.WaitForTextAsync("#failures", "does not let this API key download");
        await browser.WaitForTextAsync("#restores", "Asked for");

        await TakeAsync(browser, "overview");
        browser.Look(Desktop, isDark: true);
        await TakeAsync(browser, "overview-dark");
        browser.Look(Phone, isPhone: true, scale: 2);
        await TakeAsync(browser, "phone");

        browser.Look(Results);
        browser.Open(RunningArchive.PageOf(app, "#/find?q=maria%20chen"));
        await browser.WaitForAsync("#results tbody a");
        await TakeAsync(browser, "find");
        browser.Look(Call);
        browser.Open(RunningArchive.PageOf(app, $"#/call/{await FindCallAsync(app)}"));
        await browser.HoldsAsync(() => browser.Run<bool>("return document.querySelector('#call audio')?.duration > 0"), "the player is ready");
        await browser.WaitForAsync("#call .line");
        await TakeAsync(browser, "call");
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task Pages_of_a_case_and_of_the_audit_log_show_who_did_what()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        DemoObjects.AddTo(simulator.Objects, TimeProvider.System.GetUtcNow());
        foreach (var other in simulator.Objects.GetAll().Where(item => !item.ObjectName.Contains("Maria Chen", StringComparison.Ordinal)))
        {
            simulator.Objects.Remove(other.Region, other.Id);
        }

        var total = simulator.Objects.GetAll().Count;
        await using var app = await AppProcess.StartAsync(
            simulator.BaseUrl,
            archive.NewAccount(),
            ("Access__Mode", "EntraId"),
            ("Listing__StartFrom", RunningArchive.MonthAgo),
            ("Listing__SettleSeconds", "0"));
        var (investigator, viewer) = (Principals.Of("Investigator", "jane.doe@contoso.com"), Principals.Of("Viewer", "sam.lee@contoso.com"));
        await WaitForAsync(
            Principals.Of("Operator", "kim.park@contoso.com"),
            "/api/status",
            status => status.GetProperty("objects").GetProperty("Archived").GetInt32() == total,
            "all is archived");
        var found = await Principals.SendAsync(app, viewer, HttpMethod.Get, "/api/objects?q=maria%20chen&type=callrecording");
        var heard = found.GetProperty("items")[0];
        var path = $"/api/objects/{heard.GetProperty("region").GetString()}/{Uri.EscapeDataString(heard.GetProperty("id").GetString()!)}";
        await Principals.SendAsync(app, viewer, HttpMethod.Get, path);
        await Principals.SendAsync(app, viewer, HttpMethod.Get, $"{path}/content");
        await Principals.SendAsync(app, viewer, HttpMethod.Post, "/api/cases", """{"name":"Chen","reason":"None"}""");
        var created = await Principals.SendAsync(
            app, investigator, HttpMethod.Post, "/api/cases", """{"name":"Chen and Contoso","reason":"Letter of counsel of 3 November"}""");
        var caseId = created.GetProperty("caseId").GetString();
        await Principals.SendAsync(app, investigator, HttpMethod.Post, $"/api/cases/{caseId}/objects", """{"search":{"q":"maria chen"}}""");
        await WaitForAsync(investigator, $"/api/cases/{caseId}", item => item.GetProperty("objects").GetInt32() == total, "the case has them");
        await Principals.SendAsync(app, investigator, HttpMethod.Post, $"/api/cases/{caseId}/export", "{}");

        using var browser = Browser.Start(Call);
        browser.SetHeader(Principals.Header, investigator);
        browser.Open(RunningArchive.PageOf(app, $"#/case/{caseId}"));
        await browser.WaitForTextAsync("#case", "Download part-0001.zip");
        await TakeAsync(browser, "case");
        browser.Open(RunningArchive.PageOf(app, "#/audit"));
        await browser.WaitForTextAsync("#audit-lines", "sam.lee@contoso.com");
        await TakeAsync(browser, "audit");
        Assert.Empty(browser.Complaints);

        Task WaitForAsync(string principal, string of, Func<JsonElement, bool> isReached, string what) => Eventually.HoldsAsync(
            async () =>
            {
                await Task.Delay(TimeSpan.FromSeconds(1), Cancellation);
                return isReached(await Principals.SendAsync(app, principal, HttpMethod.Get, of));
            },
            what);
    }

    private static void Seed(SimulatorServer simulator)
    {
        DemoObjects.AddTo(simulator.Objects, TimeProvider.System.GetUtcNow());
        if (Folder is null)
        {
            foreach (var large in simulator.Objects.GetAll().Where(item => item.Content.Length > MaxObjectBytes))
            {
                simulator.Objects.Remove(large.Region, large.Id);
            }
        }

        // The oldest are those that 8x8 deletes first.
        simulator.Account.RestoreTime = TimeSpan.FromDays(1);
        var media = simulator.Objects.GetAll().Where(item => item.Type is "callrecording" or "voicemail" or "callcentervoicemail")
            .OrderBy(item => item.CreatedTime)
            .ToList();
        var refused = media.Where((_, index) => index % 5 == 0).Take(5).ToList();
        simulator.Faults.Set(
            [.. refused.Select(item => new FaultRule { Call = "content", Id = item.Id, Kind = FaultKind.Status, Status = 403, Body = "Access is denied." })]);
        foreach (var cold in media.Except(refused).Take(4))
        {
            simulator.Objects.SetState(cold.Region, cold.Id, "ARCHIVED");
        }
    }

    /// <summary>Waits until so many are archived, and has it written down every few seconds how many there are.</summary>
    private static async Task WaitForWorkAsync(AppProcess app, int archived)
    {
        await Eventually.HoldsAsync(
            async () =>
            {
                await app.FireAsync("SampleStatus");
                await Task.Delay(TimeSpan.FromSeconds(3), Cancellation);
                var objects = (await app.GetAsync("/api/status")).Body.GetProperty("objects");
                return objects.GetProperty("Archived").GetInt32() >= archived && objects.GetProperty("Failed").GetInt32() > 0
                    && objects.GetProperty("Restoring").GetInt32() > 0;
            },
            string.Create(CultureInfo.InvariantCulture, $"{archived} archived, some failed, some restoring"));
    }

    /// <summary>A recording whose transcript is archived, too.</summary>
    private static async Task<string> FindCallAsync(AppProcess app)
    {
        JsonElement? found = null;
        await Eventually.HoldsAsync(
            async () =>
            {
                var texts = (await ReadAsync("transcription")).Select(CallOf).ToHashSet(StringComparer.Ordinal);
                found = (await ReadAsync("callrecording")).Where(call => texts.Contains(CallOf(call))).Cast<JsonElement?>().FirstOrDefault();
                return found is not null;
            },
            "a call whose recording and transcript are archived");
        return $"{found!.Value.GetProperty("region").GetString()}/{Uri.EscapeDataString(CallOf(found.Value)!)}";

        async Task<IEnumerable<JsonElement>> ReadAsync(string type) =>
            (await app.GetAsync($"/api/objects?type={type}&state=Archived&limit=200")).Body.GetProperty("items").EnumerateArray();

        static string? CallOf(JsonElement item) => item.GetProperty("callId").GetString();
    }

    private static async Task TakeAsync(Browser browser, string name)
    {
        // The charts are drawn again for other colours and another width.
        await Task.Delay(TimeSpan.FromMilliseconds(500), Cancellation);
        browser.Run<object?>("scrollTo(0, 0); document.activeElement?.blur()");
        var picture = browser.Picture();
        Assert.InRange(picture.Length, 10_000, MaxPictureBytes);
        if (Folder is not null)
        {
            Directory.CreateDirectory(Folder);
            await File.WriteAllBytesAsync(Path.Combine(Folder, $"{name}.png"), picture, Cancellation);
        }
    }
}
