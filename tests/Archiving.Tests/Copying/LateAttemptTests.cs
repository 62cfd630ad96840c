using System.Collections.Concurrent;
using Archiving.Queues;
using Azure.Core;
using Azure.Storage.Queues.Models;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>Attempts that end after a listing has found newer content.</summary>
public sealed class LateAttemptTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task Message_that_comes_again_leaves_the_row_that_waits_for_newer_content()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        var item = Add(pipeline);
        var first = new ConcurrentBag<QueueMessage>();
        await ListAsync(pipeline);
        await pipeline.DeliverAsync(QueueNames.ArchiveObjects, message =>
        {
            first.Add(message);
            return pipeline.ArchiveAsync(message);
        });
        await pipeline.AssertArchivedAsync(item);

        await ReplaceAndListAsync(pipeline, item, time);
        var again = Assert.Single(first);
        await pipeline.ArchiveAsync(
            QueuesModelFactory.QueueMessage(again.MessageId, again.PopReceipt, again.Body, dequeueCount: 2),
            TestContext.Current.CancellationToken);

        Assert.Equal("Queued", await pipeline.StateAsync(item));
        await pipeline.DeliverAllAsync();
        await pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Slow_attempt_leaves_the_row_that_waits_for_newer_content()
    {
        var time = new MovableTime();
        var hook = BeforeReceipt();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, storagePolicy: hook);
        var item = Add(pipeline);
        hook.Action = () => ReplaceAndListAsync(pipeline, item, time);

        await ListAsync(pipeline);
        await pipeline.DeliverAsync(QueueNames.ArchiveObjects, pipeline.ArchiveAsync);

        Assert.Null(hook.Action);
        Assert.Equal("Queued", await pipeline.StateAsync(item));
        await pipeline.DeliverAllAsync();
        await pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Slow_attempt_at_an_object_that_moved_to_cold_storage_meanwhile_archives_it()
    {
        var time = new MovableTime();
        var hook = BeforeReceipt();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, storagePolicy: hook);
        var item = Add(pipeline, omitted: "checksum");
        hook.Action = async () =>
        {
            pipeline.Simulator.Objects.SetState(item.Region, item.Id, "ARCHIVED");
            time.Advance(TimeSpan.FromMinutes(2));
            await ListAsync(pipeline);
            Assert.Equal("Queued", await pipeline.StateAsync(item));
        };

        await ListAsync(pipeline);
        await pipeline.DeliverAsync(QueueNames.ArchiveObjects, pipeline.ArchiveAsync);

        Assert.Null(hook.Action);
        Assert.Equal("Archived", await pipeline.StateAsync(item));
    }

    private static SimulatedObject Add(Pipeline pipeline, params string[] omitted) => pipeline.Simulator.Objects.Add(new ObjectSpecification
    {
        CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1),
        Bytes = 3000,
        OmittedFields = omitted,
    });

    private static async Task ListAsync(Pipeline pipeline)
    {
        await pipeline.PlanAndListAsync();
        while (await pipeline.DeliverAsync(QueueNames.ListWindows, pipeline.ListAsync) > 0)
        {
            // All windows, or the next listing waits for them.
        }
    }

    private static async Task ReplaceAndListAsync(Pipeline pipeline, SimulatedObject item, MovableTime time)
    {
        pipeline.Simulator.Objects.ReplaceContent(item.Region, item.Id, seed: 2, bytes: 2000);
        time.Advance(TimeSpan.FromMinutes(2));
        await ListAsync(pipeline);
        Assert.Equal(("Queued", 2000L), (await pipeline.FindAsync(item) is { } row) ? (row.State, row.SourceBytes) : default);
    }

    private static RequestHook BeforeReceipt() =>
        new(request => request.Method == RequestMethod.Put && request.Uri.Path.EndsWith(".meta.json", StringComparison.Ordinal));
}
