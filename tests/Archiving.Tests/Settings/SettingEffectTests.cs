using System.Globalization;
using Archiving.Archive;
using Archiving.Model;
using Archiving.Settings;
using Archiving.Source;
using EightByEight;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Operations;
using Simulator;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>What settings do, seen at 8x8 and in storage.</summary>
public sealed class SettingEffectTests(AzuriteFixture azurite)
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task App_archives_the_types_that_are_named_and_no_others()
    {
        await using var pipeline = await StartAsync(("EightByEight__Types", "voicemail, meeting"));
        var items = ((string[])["voicemail", "callrecording", "meeting"]).Select(type => Add(pipeline, type)).ToList();

        await pipeline.RunAsync();

        Assert.Equal(["Archived", null, "Archived"], await StatesAsync(pipeline, items));
    }

    [Fact]
    public async Task App_archives_what_a_filter_finds_of_what_is_wanted()
    {
        await using var pipeline = await StartAsync(
            ("EightByEight__Filter", "direction==inbound,direction==internal"),
            ("EightByEight__Types", "callrecording"),
            ("Listing__StartFrom", Now.AddDays(-2).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)));
        SimulatedObject[] items =
        [
            Add(pipeline, direction: "inbound"),
            Add(pipeline, direction: "internal"),
            Add(pipeline, direction: "outbound"),

            // Neither part of the filter is an alternative to the rest of what is asked for.
            Add(pipeline, direction: "inbound", type: "voicemail"),
            Add(pipeline, direction: "internal", type: "voicemail"),
            Add(pipeline, direction: "inbound", daysAgo: 5),
            Add(pipeline, direction: "internal", daysAgo: 5),
            Add(pipeline, direction: "internal", state: "UPLOADING"),
        ];

        await pipeline.RunAsync();

        Assert.Equal(["Archived", "Archived", null, null, null, null, null, null], await StatesAsync(pipeline, items));
    }

    [Fact]
    public void App_keeps_a_filter_together() => Assert.Equal(
        "(type==x,type==y);(objectState==AVAILABLE,objectState==ARCHIVED);(a==1,b==2)",
        new WantedObjects(ArchiverOptions.Read(Configure(("EightByEight__Types", "x,y"), ("EightByEight__Filter", "a==1,b==2"))).EightByEight).ToFiql());

    [Fact]
    public async Task App_leaves_cold_storage_alone_when_told_so()
    {
        await using var pipeline = await StartAsync(("EightByEight__IncludeArchived", "false"));
        SimulatedObject[] items = [Add(pipeline), Add(pipeline, state: "ARCHIVED")];

        await pipeline.RunAsync();

        Assert.Equal(["Archived", null], await StatesAsync(pipeline, items));
        Assert.Equal(0, pipeline.Simulator.Counters["restore"]);
    }

    [Fact]
    public async Task App_asks_for_a_restored_copy_for_as_many_days_as_it_is_told()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("EightByEight__RestoreDays", "3"));
        pipeline.Simulator.Account.RestoreTime = TimeSpan.FromHours(1);
        var item = Add(pipeline, state: "ARCHIVED");
        await pipeline.RunAsync();
        Assert.Equal(1, pipeline.Simulator.Counters["restore"]);

        time.Advance(TimeSpan.FromHours((3 * 24) - 1));
        Assert.Equal("AVAILABLE", pipeline.Simulator.Objects.Find(item.Region, item.Id)!.State);
        time.Advance(TimeSpan.FromHours(3));
        Assert.Equal("ARCHIVED", pipeline.Simulator.Objects.Find(item.Region, item.Id)!.State);
    }

    [Fact]
    public async Task App_asks_the_region_that_is_named_for_the_regions_of_the_account()
    {
        await using var pipeline = await StartAsync(("EightByEight__DiscoveryRegion", "ap"), ("EightByEight__Regions", ""));

        // No other answers.
        pipeline.Simulator.Faults.Set(
            new FaultRule { Call = "regions", Region = "ap", Kind = FaultKind.Latency, Milliseconds = 0 },
            new FaultRule { Call = "regions", Kind = FaultKind.Status, Status = 404 });

        Assert.Equal(pipeline.Simulator.Account.Regions, await pipeline.Get<RegionCatalog>().GetAsync(Cancellation));
    }

    [Fact]
    public async Task App_keeps_requests_to_8x8_below_the_ceiling()
    {
        var time = new FakeTimeProvider(Now);
        await using var simulator = await SimulatorServer.StartAsync(new SimulatorOptions { TimeProvider = time }, Cancellation);
        var configuration = Configure(
            ("EightByEight__BaseUrl", simulator.BaseUrl.AbsoluteUri),
            ("EightByEight__Key", simulator.Account.Key),
            ("EightByEight__Secret", simulator.Account.Secret),
            ("EightByEight__MaxRequestsPerSecond", "0.5"));

        // As the app has them: other tests replace the client and its gate.
        await using var services = new ServiceCollection().AddLogging().AddSingleton(configuration).AddSingleton<TimeProvider>(time).AddArchiving(configuration)
            .AddOperations()
            .BuildServiceProvider();

        await services.GetRequiredService<CloudStorageClient>().GetRegionsAsync("us-east", Cancellation);

        var next = services.GetRequiredService<RequestGate>().WaitAsync(Cancellation).AsTask();
        time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(next.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));
        await next.WaitAsync(TimeSpan.FromMinutes(1), Cancellation);
    }

    [Fact]
    public async Task App_archives_into_the_container_and_tier_that_are_named()
    {
        await using var pipeline = await StartAsync(("Archive__Container", "calls-2026"), ("Archive__AccessTier", "cool"));

        // Written at once, and in blocks.
        SimulatedObject[] items = [Add(pipeline, bytes: 1000), Add(pipeline, bytes: 9_000_000)];

        await pipeline.RunAsync();

        Assert.Equal(["Archived", "Archived"], await StatesAsync(pipeline, items));
        var container = pipeline.Account.Blobs.GetBlobContainerClient("calls-2026");
        foreach (var item in items)
        {
            var blob = (await pipeline.FindAsync(item))!.Blob!;
            foreach (var name in (string[])[blob, ArchiveLayout.ReceiptName(blob)])
            {
                Assert.Equal("Cool", (await container.GetBlobClient(name).GetPropertiesAsync(cancellationToken: Cancellation)).Value.AccessTier);
            }
        }

        Assert.False(await pipeline.Container.ExistsAsync(Cancellation));
    }

    [Fact]
    public async Task App_looks_back_30_days_at_first_when_no_start_is_given()
    {
        await using var pipeline = await StartAsync();
        SimulatedObject[] items = [Add(pipeline, daysAgo: 29.9), Add(pipeline, daysAgo: 30.1)];

        await pipeline.RunAsync();

        Assert.Equal(["Archived", null], await StatesAsync(pipeline, items));
    }

    [Fact]
    public void App_does_not_start_when_it_is_to_delete_at_no_time() =>
        Assert.Contains(
            "Purge__AfterDays is not set",
            Assert.Throws<SettingsException>(() => new ServiceCollection().AddArchiving(Configure(("Purge__Enabled", "true")))).Message,
            StringComparison.Ordinal);

    private Task<Pipeline> StartAsync(params (string Name, string Value)[] settings) =>
        Pipeline.StartAsync(azurite, settings: [("EightByEight__Regions", "us-east"), .. settings]);

    private static IConfiguration Configure(params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
        {
            ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
            ["EightByEight:Key"] = "k",
            ["EightByEight:Secret"] = "s",
        };
        foreach (var (name, value) in settings)
        {
            all[name.Replace("__", ":", StringComparison.Ordinal)] = value;
        }

        Schedules.AddTo(all);

        return new ConfigurationBuilder().AddInMemoryCollection(all).Build();
    }

    private static SimulatedObject Add(
        Pipeline pipeline,
        string type = "callrecording",
        string direction = "inbound",
        string state = "AVAILABLE",
        long bytes = 1000,
        double daysAgo = 0.5) =>
        pipeline.Simulator.Objects.Add(
            new ObjectSpecification { Type = type, State = state, Bytes = bytes, CreatedTime = Now.AddDays(-daysAgo), Tags = [new("direction", direction)] });

    private static async Task<List<string?>> StatesAsync(Pipeline pipeline, IReadOnlyCollection<SimulatedObject> items)
    {
        var states = new List<string?>();
        foreach (var item in items)
        {
            states.Add(await pipeline.StateAsync(item));
        }

        return states;
    }
}
