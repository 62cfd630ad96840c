using System.Collections.Concurrent;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Azure.Data.Tables;
using EightByEight;
using Operations.Runs;
using Operations.Status;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>What a running app makes of a ledger that is deleted, and what it reads of a large one.</summary>
public sealed class LedgerTableTests(AzuriteFixture azurite)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Failure_is_recorded_in_a_ledger_that_was_deleted()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1) });
        await pipeline.RunAsync();
        await DeleteLedgerAsync(pipeline);
        var record = StorageObject.Parse(
            BinaryData.FromString($$"""{"id":"{{item.Id}}","type":"voicemail","createdTime":"{{item.CreatedTime:yyyy-MM-ddTHH:mm:ss}}"}"""));

        await pipeline.Get<OutcomeRecorder>().FailAsync(item.Region, record, FailureReason.Forbidden, "refused", "refused", attempts: 1, Cancellation)
            .WaitAsync(Timeout, Cancellation);

        Assert.Equal("Failed", await pipeline.StateAsync(item));
    }

    [Fact]
    public async Task Ledger_is_rebuilt_in_the_process_that_knew_it_before_it_was_deleted()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = Enumerable.Range(0, 5).Select(
            hour => pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-hour - 1) })).ToList();
        await pipeline.RunAsync();
        await DeleteLedgerAsync(pipeline);

        await pipeline.Get<RunStarter>().RebuildAsync(Cancellation);
        await pipeline.DeliverAllAsync();

        Assert.All(await Task.WhenAll(items.Select(pipeline.StateAsync)), state => Assert.Equal("Archived", state));
    }

    [Fact]
    public async Task Rebuild_adds_to_a_row_of_an_earlier_version_what_it_lacks_and_leaves_the_rest()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification
        {
            CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1),
            Tags = [new("userName", "Jane Doe"), new("address", "+1 408 555 0100"), new("direction", "inbound"), new("duration", "61000")],
        });
        await pipeline.RunAsync();
        var table = pipeline.Account.Tables.GetTableClient(ObjectLedger.TableName);
        var row = (await pipeline.FindAsync(item))!;
        TableEntity old = (await table.GetEntityAsync<TableEntity>(row.PartitionKey, row.RowKey, cancellationToken: Cancellation)).Value;
        foreach (var column in (string[])["Tags", "Person", "Number", "Direction", "DurationSeconds", "StartTime"])
        {
            old.Remove(column);
        }

        old["State"] = "Purged";
        old["VerifiedAt"] = DateTimeOffset.UnixEpoch;
        await table.UpdateEntityAsync(old, old.ETag, TableUpdateMode.Replace, Cancellation);

        await pipeline.Get<RunStarter>().RebuildAsync(Cancellation);
        await pipeline.DeliverAllAsync();

        var rebuilt = (await pipeline.FindAsync(item))!;
        Assert.Equal(("Jane Doe", "+1 408 555 0100", "inbound", 61d), (rebuilt.Person, rebuilt.Number, rebuilt.Direction, rebuilt.DurationSeconds));
        Assert.Equal(row.Tags, rebuilt.Tags);
        Assert.Equal(("Purged", DateTimeOffset.UnixEpoch, row.Blob), (rebuilt.State, rebuilt.VerifiedAt, rebuilt.Blob));
    }

    [Fact]
    public async Task Redrive_reads_no_day_on_which_nothing_failed()
    {
        const int Days = 40;
        var time = new MovableTime();
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, storagePolicy: new CountingPolicy(requests));
        var first = time.GetUtcNow().AddDays(-Days);
        for (var day = 0; day < Days; day++)
        {
            var record = StorageObject.Parse(
                BinaryData.FromString($$"""{"id":"object-{{day}}","type":"voicemail","createdTime":"{{first.AddDays(day):yyyy-MM-ddTHH:mm:ss}}"}"""));
            var entry = LedgerEntry.Queued("uk", record, first);
            entry.State = day == 7 ? nameof(LedgerState.Failed) : nameof(LedgerState.Archived);
            await pipeline.Get<ObjectLedger>().ReplaceAsync(entry, Cancellation);
        }

        time.Advance(TimeSpan.FromMinutes(3));
        await pipeline.Get<StatusReader>().ReadAsync(Cancellation);
        requests.Clear();

        var redriven = await pipeline.RedriveAsync();

        Assert.Equal(1, redriven.Requeued);
        Assert.InRange(requests.Count(request => request.Contains("/objects", StringComparison.Ordinal)), 1, 4);
        Assert.Equal(0, (await pipeline.RedriveAsync()).Requeued);
    }

    private static async Task DeleteLedgerAsync(Pipeline pipeline) =>
        await pipeline.Account.Tables.GetTableClient(ObjectLedger.TableName).DeleteAsync(Cancellation);
}
