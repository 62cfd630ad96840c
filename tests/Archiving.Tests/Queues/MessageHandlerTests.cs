using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Outages;
using Archiving.Queues;
using Archiving.Source;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Logging;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>
/// What becomes of a message when the Functions host cancels its function, when the function takes too long, and when the
/// message cannot be read.
/// </summary>
public sealed class MessageHandlerTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(QueueNames.ArchiveObjects)]
    [InlineData(QueueNames.RestoreObjects)]
    [InlineData(QueueNames.PurgeObjects)]
    [InlineData(QueueNames.VerifyObjects)]
    [InlineData(QueueNames.ListWindows)]
    public async Task Cancelled_message_goes_back_into_its_queue_at_once_with_one_line_in_the_log(string queue)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);

        await CancelAsync(pipeline, queue, token => Task.Delay(Timeout.InfiniteTimeSpan, token));

        await AssertPutBackAsync(pipeline, queue, queue);
    }

    [Theory]
    [InlineData(QueueNames.ArchiveObjects)]
    [InlineData(QueueNames.ListWindows)]
    public async Task Cancelled_message_of_a_poison_queue_goes_back_into_it(string queue)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        using var stop = new CancellationTokenSource();

        var handler = pipeline.Get<MessageHandler>();

        await (queue == QueueNames.ListWindows
            ? handler.HandleFailedAsync<WindowMessage>(queue, Message(Body(queue)), (_, token) => CancelThenWaitAsync(stop, token), stop.Token)
            : handler.HandleFailedAsync<ObjectMessage>(queue, Message(Body(queue)), (_, token) => CancelThenWaitAsync(stop, token), stop.Token));

        await AssertPutBackAsync(pipeline, queue, queue + QueueNames.PoisonSuffix);
    }

    [Fact]
    public async Task Cancelled_message_goes_back_whatever_the_cancellation_made_the_work_throw()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);

        // Retries of Azure's clients end so, and it looks like an outage.
        await CancelAsync(pipeline, QueueNames.ArchiveObjects, _ => throw new OutageException(Condition.Runtime, "does not answer"));

        await AssertPutBackAsync(pipeline, QueueNames.ArchiveObjects, QueueNames.ArchiveObjects);
        Assert.Empty(pipeline.Get<HealthBoard>().Outages);
    }

    [Fact]
    public async Task Cancelled_message_that_cannot_be_put_back_throws()
    {
        var policy = new RefuseSends();
        await using var pipeline = await Pipeline.StartAsync(azurite, storagePolicy: policy);

        await Assert.ThrowsAsync<Azure.RequestFailedException>(
            () => CancelAsync(pipeline, QueueNames.ArchiveObjects, token => Task.Delay(Timeout.InfiniteTimeSpan, token)));

        Assert.Equal(0, await pipeline.CountAsync(QueueNames.ArchiveObjects));
        Assert.Empty(pipeline.Logs.Events);
    }

    [Fact]
    public async Task Cancelled_archiving_spends_no_attempt_and_is_done_by_the_next_delivery()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1) });
        await pipeline.PlanAndListAsync();
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Latency, Milliseconds = 60_000 });
        var before = pipeline.Logs.Events.Count;

        await DeliverCancelledAsync(pipeline, QueueNames.ArchiveObjects, "content", pipeline.ArchiveAsync);

        Assert.Equal([(1404, LogLevel.Information)], pipeline.Logs.Events.Skip(before).Select(line => (line.Id, line.Level)));
        var row = await pipeline.FindAsync(item);
        Assert.Equal(("Queued", 0, null), (row!.State, row.Attempts, row.LastError));
        pipeline.Simulator.Faults.Set();
        await pipeline.DeliverAllAsync();
        await pipeline.AssertArchivedAsync(item);
        Assert.Equal(0, await pipeline.CountAsync(QueueNames.ArchiveObjects));
    }

    [Fact]
    public async Task Cancelled_listing_is_done_by_the_next_delivery()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: [("EightByEight__Regions", "us-east")]);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { Region = "us-east", CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1) });
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "search", Kind = FaultKind.Latency, Milliseconds = 60_000 });
        await pipeline.Get<ListingPlanner>().PlanAsync(Cancellation);
        await pipeline.Get<AccessTokens>().GetTokenAsync(Cancellation);
        var before = pipeline.Logs.Events.Count;

        await DeliverCancelledAsync(pipeline, QueueNames.ListWindows, "search", pipeline.ListAsync);

        Assert.Equal([1404], pipeline.Logs.Events.Skip(before).Select(line => line.Id));
        pipeline.Simulator.Faults.Set();
        await pipeline.DeliverAllAsync();
        await pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Archiving_that_takes_too_long_counts_as_an_attempt_and_fails_in_the_end_with_that_reason()
    {
        // Recording the failure has the same time.
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: [("AzureFunctionsJobHost__functionTimeout", "00:00:04")]);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1) });
        var record = LedgerEntry.Queued(
            item.Region,
            new ObjectMessage { Region = item.Region, Id = item.Id, Type = item.Type, CreatedTime = item.CreatedTime }.KnownRecord,
            TimeProvider.System.GetUtcNow());
        await pipeline.Get<ObjectLedger>().ReplaceAsync(record, Cancellation);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Latency, Milliseconds = 60_000 });
        await pipeline.Get<WorkQueues>().SendAsync(
            QueueNames.ArchiveObjects,
            new ObjectMessage { Region = item.Region, Id = item.Id, CreatedTime = item.CreatedTime },
            TimeSpan.Zero,
            Cancellation);

        await pipeline.DeliverAsync(QueueNames.ArchiveObjects, pipeline.ArchiveAsync);
        var first = await pipeline.FindAsync(item);
        await pipeline.DeliverAllAsync();

        Assert.Equal(("Queued", 1), (first!.State, first.Attempts));
        var last = await pipeline.FindAsync(item);
        Assert.Equal(("Failed", 5, 0), (last!.State, last.Attempts, await pipeline.CountAsync(QueueNames.ArchiveObjects)));
        Assert.Equal(
            "Archiving did not finish within 00:00:03.6000000; the Functions host ends a function after 00:00:04. "
                + "If that is too short, raise functionTimeout in host.json or AzureFunctionsJobHost__functionTimeout.",
            last.LastError);
    }

    [Fact]
    public async Task Timeout_is_told_from_a_stop_when_the_host_cancels_too()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: [("AzureFunctionsJobHost__functionTimeout", "00:00:01")]);
        using var host = new CancellationTokenSource();

        await Assert.ThrowsAsync<WorkTimeoutException>(() => pipeline.Get<MessageHandler>().HandleAsync<ObjectMessage>(
            QueueNames.VerifyObjects,
            Message(Body(QueueNames.VerifyObjects)),
            async (_, token) =>
            {
                try
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, token);
                }
                finally
                {
                    await host.CancelAsync();
                }
            },
            host.Token));

        Assert.Equal(0, await pipeline.CountAsync(QueueNames.VerifyObjects));
    }

    [Fact]
    public async Task Poison_message_that_is_not_base64_is_removed_with_event_1400()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var queue = new QueueClient(pipeline.Account.ConnectionString, QueueNames.ArchiveObjects);
        await queue.CreateIfNotExistsAsync(cancellationToken: Cancellation);
        await queue.SendMessageAsync("neither Base64 nor JSON \u00e9", Cancellation);

        await pipeline.DeliverAllAsync();

        Assert.Equal(0, await pipeline.CountAsync(QueueNames.ArchiveObjects));
        Assert.Equal((1400, LogLevel.Error), Assert.Single(pipeline.Logs.Events.Select(line => (line.Id, line.Level))));
    }

    [Fact]
    public void Functions_host_hands_messages_on_without_decoding_them() =>
        Assert.Equal("none", HostFile.Read().GetProperty("extensions").GetProperty("queues").GetProperty("messageEncoding").GetString());

    [Fact]
    public async Task Message_that_is_plain_json_is_handled_as_one_in_base64()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1) });
        var queue = new QueueClient(pipeline.Account.ConnectionString, QueueNames.ArchiveObjects);
        await queue.CreateIfNotExistsAsync(cancellationToken: Cancellation);
        await queue.SendMessageAsync($$"""  {"region":"{{item.Region}}","id":"{{item.Id}}"}""", Cancellation);

        await pipeline.DeliverAllAsync();

        await pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Timer_that_is_cancelled_ends_without_an_error()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        using var stop = new CancellationTokenSource();

        await pipeline.Get<TimerHandler>().RunAsync("ListObjects", token => CancelThenWaitAsync(stop, token), stop.Token);

        Assert.Equal(
            (1003, LogLevel.Information, "ListObjects was cancelled because the app is stopping; it runs again at its next tick"),
            Assert.Single(pipeline.Logs.Events));
    }

    [Fact]
    public async Task Timer_that_takes_too_long_fails()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: [("AzureFunctionsJobHost__functionTimeout", "00:00:01")]);

        await Assert.ThrowsAsync<WorkTimeoutException>(
            () => pipeline.Get<TimerHandler>().RunAsync("VerifyArchive", token => Task.Delay(Timeout.InfiniteTimeSpan, token), Cancellation));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Timer_that_meets_an_outage_reports_it_and_fails_only_where_the_next_tick_is_far_away(bool failsOnOutage)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);

        var thrown = await Record.ExceptionAsync(
            () => pipeline.Get<TimerHandler>().RunAsync("Reconcile", _ => throw new OutageException(Condition.Source, "down"), Cancellation, failsOnOutage));

        Assert.Equal((failsOnOutage, "down"), (thrown is OutageException, pipeline.Get<HealthBoard>().Outages[Condition.Source]));
    }

    private static BinaryData Body(string queue) => queue == QueueNames.ListWindows
        ? new WindowMessage { Region = "uk", From = DateTimeOffset.UnixEpoch, To = DateTimeOffset.UnixEpoch.AddDays(1) }.ToJson()
        : new ObjectMessage { Region = "uk", Id = "a", CreatedTime = DateTimeOffset.UnixEpoch.AddDays(1) }.ToJson();

    private static QueueMessage Message(BinaryData body) => QueuesModelFactory.QueueMessage("id", "receipt", body, dequeueCount: 4);

    private static async Task CancelThenWaitAsync(CancellationTokenSource stop, CancellationToken token)
    {
        await stop.CancelAsync();
        await Task.Delay(Timeout.InfiniteTimeSpan, token);
    }

    /// <summary>Handles a message whose work is cancelled by the host.</summary>
    private static async Task CancelAsync(Pipeline pipeline, string queue, Func<CancellationToken, Task> then)
    {
        using var stop = new CancellationTokenSource();
        var handler = pipeline.Get<MessageHandler>();
        await (queue == QueueNames.ListWindows
            ? handler.HandleAsync<WindowMessage>(QueueNames.ListWindows, Message(Body(queue)), (_, token) => WorkAsync(token), stop.Token)
            : handler.HandleAsync<ObjectMessage>(queue, Message(Body(queue)), (_, token) => WorkAsync(token), stop.Token));

        async Task WorkAsync(CancellationToken token)
        {
            await stop.CancelAsync();
            await then(token);
        }
    }

    private static async Task AssertPutBackAsync(Pipeline pipeline, string kind, string queue)
    {
        var received = (await pipeline.Account.Queues.GetQueueClient(queue).ReceiveMessagesAsync(32, TimeSpan.FromMinutes(1), Cancellation)).Value;
        var back = Assert.Single(received);
        Assert.Equal(1, back.DequeueCount);

        // Tests beside this one may trace.
        if (kind == QueueNames.ListWindows)
        {
            Assert.Equal(WindowMessage.Parse(Body(kind)) with { IsSentAgain = true }, WindowMessage.Parse(back.Body) with { TraceParent = null });
        }
        else
        {
            Assert.Equal(ObjectMessage.Parse(Body(kind)) with { IsSentAgain = true }, ObjectMessage.Parse(back.Body) with { TraceParent = null });
        }

        var line = Assert.Single(pipeline.Logs.Events);
        Assert.Equal((1404, LogLevel.Information), (line.Id, line.Level));
        Assert.EndsWith($" back into {queue} because the app is stopping", line.Message, StringComparison.Ordinal);
    }

    /// <summary>Delivers one message, and cancels it as soon as 8x8 was asked.</summary>
    private static async Task DeliverCancelledAsync(Pipeline pipeline, string queueName, string call, Func<QueueMessage, CancellationToken, Task> handle)
    {
        var queue = new QueueClient(pipeline.Account.ConnectionString, queueName);
        var message = (await queue.ReceiveMessageAsync(TimeSpan.FromMinutes(5), Cancellation)).Value;
        using var stop = new CancellationTokenSource();
        var handling = handle(message, stop.Token);
        await Eventually.HoldsAsync(() => pipeline.Simulator.Counters[call] > 0, $"8x8 is asked for {call}");
        await stop.CancelAsync();
        await handling;
        await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt, Cancellation);
    }

    /// <summary>Refuses to take messages into queues.</summary>
    private sealed class RefuseSends : HttpPipelineSynchronousPolicy
    {
        public override void OnSendingRequest(HttpMessage message)
        {
            if (message.Request.Method == RequestMethod.Post && message.Request.Uri.Path.EndsWith("/messages", StringComparison.Ordinal))
            {
                throw new Azure.RequestFailedException(400, "Refused by the test.");
            }
        }
    }
}
