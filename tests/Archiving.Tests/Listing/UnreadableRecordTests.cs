using Archiving.Listing;
using Archiving.Model;
using Archiving.Queues;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>Lists of which a part cannot be read, and lists that say "nothing" in another way.</summary>
public sealed class UnreadableRecordTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Record_that_cannot_be_read_costs_itself_and_neither_its_window_nor_the_watermark()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Regions", "uk"));
        var before = Add(pipeline, minutesAgo: 70);
        var bad = Add(pipeline, minutesAgo: 60, raw: """{"id":"bad","type":{},"createdTime":"2026-11-20T10:00:00Z","state":[}""");
        Add(pipeline, minutesAgo: 55, raw: """{"type":"callrecording","createdTime":"2026-11-20T10:00:00Z"}""");
        var after = Add(pipeline, minutesAgo: 50);
        pipeline.Simulator.Faults.Set(
            new FaultRule { Call = "record", Kind = FaultKind.Status, Status = 404, Id = bad.Id },
            new FaultRule { Call = "record", Kind = FaultKind.Status, Status = 404, Id = "bad" });

        await pipeline.RunAsync();

        await pipeline.AssertArchivedAsync(before);
        await pipeline.AssertArchivedAsync(after);
        Assert.NotNull((await pipeline.Get<ListingStore>().FindWatermarkAsync("uk", Cancellation))!.LastCompleted);
        var row = (await pipeline.Get<Archiving.Ledger.ObjectFinder>().FindAsync("uk", "bad", created: null, Cancellation))!;
        Assert.Equal(("Failed", "uk|20261120"), (row.State, row.PartitionKey));
        Assert.Contains("8x8 lists the object by a record that cannot be read.", row.LastError, StringComparison.Ordinal);
        Assert.Contains("\"type\":{}", row.LastError, StringComparison.Ordinal);
        var problem = Assert.Single(await pipeline.Get<ListingInspector>().InspectAsync(Cancellation));
        Assert.Contains("uk lists a record that cannot be read, without an ID", problem.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Record_that_cannot_be_read_in_a_list_is_archived_when_8x8_gives_it_by_itself()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Regions", "uk"));
        var item = Add(pipeline, minutesAgo: 60);
        var window = new WindowMessage
        {
            Region = "uk",
            From = item.CreatedTime.AddHours(-1),
            To = item.CreatedTime.AddHours(1),
            Field = TimeField.CreatedTime,
        };

        var read = await pipeline.Get<UnreadableRecords>().TakeAsync(window, [new EightByEight.UnreadableRecord(item.Id, "{", "It is cut.")], Cancellation);

        Assert.Equal(item.Id, Assert.Single(read).Id);
        Assert.Null(await pipeline.FindAsync(item));
    }

    [Fact]
    public async Task Record_without_an_id_that_a_stray_quotation_mark_of_another_hides_is_named()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Regions", "uk"));
        var item = Add(pipeline, minutesAgo: 60);
        var window = WindowAround(item);
        var text = $$"""{"id":"{{item.Id}}","type":voicemail"},{"type":"voicemail"}""";

        var unreadable = new EightByEight.UnreadableRecord(item.Id, text, "It is no JSON.");

        var read = await pipeline.Get<UnreadableRecords>().TakeAsync(window, [unreadable], Cancellation);

        Assert.Equal(item.Id, Assert.Single(read).Id);
        Assert.Equal("Record", Assert.Single(await pipeline.Get<ListingStore>().ReadFailuresAsync(Cancellation)).Kind);
    }

    [Theory]
    [InlineData(FaultKind.NullContent, 200)]
    [InlineData(FaultKind.MissingContent, 200)]
    [InlineData(FaultKind.Blank, 204)]
    [InlineData(FaultKind.ByteOrderMark, 200)]
    [InlineData(FaultKind.TrailingCommas, 200)]
    public async Task Empty_window_is_listed_however_a_server_writes_nothing(FaultKind kind, int status)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Regions", "uk"));
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "search", Kind = kind, Status = status });

        await pipeline.RunAsync();

        Assert.NotNull((await pipeline.Get<ListingStore>().FindWatermarkAsync("uk", Cancellation))!.LastCompleted);
    }

    [Theory]
    [InlineData(FaultKind.NullContent)]
    [InlineData(FaultKind.MissingContent)]
    public async Task Window_whose_page_lacks_the_records_that_it_counts_is_not_taken_for_listed(FaultKind kind)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("EightByEight__Regions", "uk"));
        var item = Add(pipeline, minutesAgo: 30);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "search", Kind = kind });

        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        await pipeline.DeliverAllAsync();

        Assert.Null((await pipeline.Get<ListingStore>().FindWatermarkAsync("uk", Cancellation))!.LastCompleted);
        pipeline.Simulator.Faults.Set();
        await pipeline.RunAsync();
        await pipeline.AssertArchivedAsync(item);
    }

    private static WindowMessage WindowAround(SimulatedObject item) => new()
    {
        Region = item.Region,
        From = item.CreatedTime.AddHours(-1),
        To = item.CreatedTime.AddHours(1),
        Field = TimeField.CreatedTime,
    };

    private static SimulatedObject Add(Pipeline pipeline, int minutesAgo, string? raw = null) => pipeline.Simulator.Objects.Add(
        new ObjectSpecification { Region = "uk", CreatedTime = TimeProvider.System.GetUtcNow().AddMinutes(-minutesAgo), RawRecord = raw });
}
