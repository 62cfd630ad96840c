using Archiving.Cases;
using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Outages;
using Archiving.Purging;
using Archiving.Queues;
using Archiving.Storage;
using Microsoft.Extensions.Logging;
using Testing;

namespace Archiving.Tests;

public sealed class StorageCreatorTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_creates_every_queue_and_table_and_the_container_and_is_safe_to_repeat()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        using var creator = pipeline.Create<StorageCreator>();

        await creator.StartAsync(Cancellation);
        await creator.ExecuteTask!;
        using var again = pipeline.Create<StorageCreator>();
        await again.CreateAllAsync(Cancellation);

        var queues = await pipeline.Account.Queues.GetQueuesAsync(cancellationToken: Cancellation).Select(queue => queue.Name)
            .ToHashSetAsync(cancellationToken: Cancellation);
        var tables = await pipeline.Account.Tables.QueryAsync(cancellationToken: Cancellation).Select(table => table.Name)
            .ToHashSetAsync(cancellationToken: Cancellation);
        Assert.Equal(QueueNames.All.SelectMany(name => new[] { name, name + QueueNames.PoisonSuffix }).ToHashSet(), queues);
        Assert.Equal(
            new HashSet<string>
            {
                ObjectLedger.TableName, LedgerChanges.TableName, SearchIndex.TableName, ListingStore.TableName, OperationsTable.TableName,
                PurgeAudit.TableName, CaseStore.TableName,
            },
            tables);
        Assert.True(await pipeline.Container.ExistsAsync(Cancellation));
        Assert.Empty(pipeline.Logs.Events);
    }

    [Fact]
    public async Task Start_without_storage_is_reported_and_does_not_fail()
    {
        const string Nowhere = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=aaaa;"
            + "QueueEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a;BlobEndpoint=http://127.0.0.1:1/a";
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: [("AzureWebJobsStorage", Nowhere)]);
        using var creator = pipeline.Create<StorageCreator>();

        await creator.CreateAllAsync(Cancellation);

        Assert.Equal([Condition.Archive, Condition.Runtime], pipeline.Get<HealthBoard>().Outages.Keys.Order());
        Assert.All(pipeline.Logs.Events, line => Assert.Equal((1000, LogLevel.Error), (line.Id, line.Level)));
    }
}
