using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Azure.Data.Tables;
using Azure.Storage.Queues.Models;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>Messages with only region and id, which do not say in which partition the object's row is.</summary>
public sealed class UnknownCreationTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Failure_goes_into_the_row_that_the_object_has()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        await pipeline.PlanAndListAsync();
        await pipeline.Get<OutcomeRecorder>().NoteAsync(
            item.Region,
            new ObjectMessage { Region = item.Region, Id = item.Id, Type = item.Type, CreatedTime = item.CreatedTime }.KnownRecord,
            new InvalidDataException("wrong bytes"),
            5,
            Cancellation);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "record", Kind = FaultKind.Status, Status = 500 });

        await pipeline.RecordFailureAsync(QueueNames.ArchiveObjects, Message(item));

        await AssertOnlyRowAsync(pipeline, item, "Failed");
        Assert.Contains("wrong bytes", (await pipeline.FindAsync(item))!.LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failure_of_an_object_without_a_row_goes_where_a_listing_looks_for_it()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);

        await pipeline.RecordFailureAsync(QueueNames.ArchiveObjects, Message(item));

        await AssertOnlyRowAsync(pipeline, item, "Failed");
        await pipeline.RunAsync();
        await AssertOnlyRowAsync(pipeline, item, await pipeline.StateAsync(item));
    }

    [Theory]
    [InlineData(QueueNames.ArchiveObjects)]
    [InlineData(QueueNames.RestoreObjects)]
    public async Task Object_that_is_gone_is_recorded_in_the_row_that_it_has(string queue)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        await pipeline.PlanAndListAsync();
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);

        await (queue == QueueNames.ArchiveObjects ? pipeline.ArchiveAsync(Message(item), Cancellation) : pipeline.RestoreAsync(Message(item), Cancellation));

        await AssertOnlyRowAsync(pipeline, item, "Gone");
    }

    [Fact]
    public async Task Error_of_an_attempt_goes_into_the_row_that_the_object_has()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        await pipeline.PlanAndListAsync();
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "record", Kind = FaultKind.Status, Status = 400 });

        await Assert.ThrowsAnyAsync<Exception>(() => pipeline.ArchiveAsync(Message(item), Cancellation));

        await AssertOnlyRowAsync(pipeline, item, "Queued");
        Assert.NotNull((await pipeline.FindAsync(item))!.LastError);
    }

    [Fact]
    public async Task Error_of_an_attempt_at_an_object_without_a_row_makes_none_before_it_is_known_where()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "record", Kind = FaultKind.Status, Status = 400 });

        await Assert.ThrowsAnyAsync<Exception>(() => pipeline.ArchiveAsync(Message(item), Cancellation));
        pipeline.Simulator.Faults.Set();
        await pipeline.ArchiveAsync(Message(item), Cancellation);

        await AssertOnlyRowAsync(pipeline, item, "Archived");
    }

    [Fact]
    public async Task Object_is_verified_that_a_message_names_by_region_and_id()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        await pipeline.RunAsync();

        await pipeline.VerifyAsync(Message(item), Cancellation);

        await AssertOnlyRowAsync(pipeline, item, "Archived");
        Assert.NotNull((await pipeline.FindAsync(item))!.VerifiedAt);
    }

    [Fact]
    public async Task Purge_of_an_object_that_8x8_deleted_itself_is_recorded_in_the_row_that_it_has()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: [("Purge__Enabled", "true"), ("Purge__AfterDays", "0")]);
        var item = Add(pipeline);
        await pipeline.RunAsync();
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);

        await pipeline.PurgeAsync(Message(item), Cancellation);

        await AssertOnlyRowAsync(pipeline, item, "Archived");
        Assert.Equal("DELETED", (await pipeline.FindAsync(item))!.SourceState);
    }

    private static SimulatedObject Add(Pipeline pipeline) =>
        pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = TimeProvider.System.GetUtcNow().AddDays(-3) });

    private static QueueMessage Message(SimulatedObject item) =>
        QueuesModelFactory.QueueMessage("id", "receipt", BinaryData.FromString($$"""{"region":"{{item.Region}}","id":"{{item.Id}}"}"""), dequeueCount: 1);

    private static async Task AssertOnlyRowAsync(Pipeline pipeline, SimulatedObject item, string? state)
    {
        var rows = await pipeline.Account.Tables.GetTableClient(ObjectLedger.TableName).QueryAsync<TableEntity>(cancellationToken: Cancellation)
            .ToListAsync(Cancellation);
        var row = Assert.Single(rows);
        Assert.Equal((LedgerKey.Partition(item.Region, item.CreatedTime), state), (row.PartitionKey, row.GetString("State")));
    }
}
