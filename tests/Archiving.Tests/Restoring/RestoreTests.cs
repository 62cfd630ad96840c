using Archiving.Ledger;
using Archiving.Model;
using Archiving.Outages;
using Archiving.Queues;
using Archiving.Restoring;
using Azure.Core;
using Azure.Core.Pipeline;
using EightByEight;
using Operations.Health;
using Simulator;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>Objects in 8x8's cold storage.</summary>
public sealed class RestoreTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Restorer_restores_once_and_archives_what_8x8_takes_20_hours_to_bring_back()
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        pipeline.Simulator.Account.RestoreTime = TimeSpan.FromHours(20);
        var item = Add(pipeline);
        await pipeline.RunAsync();
        Assert.Equal("Restoring", await pipeline.StateAsync(item));

        for (var hours = 0; hours < 20; hours += 5)
        {
            Assert.Equal(1, await pipeline.CountAsync(QueueNames.RestoreObjects));
            time.Advance(TimeSpan.FromHours(5.1));
            await DeliverLaterAsync(pipeline);
        }

        await pipeline.AssertArchivedAsync(item);
        Assert.Equal(1, pipeline.Simulator.Counters["restore"]);
        Assert.Equal(0, await pipeline.CountAsync(QueueNames.RestoreObjects));
    }

    [Fact]
    public async Task Restorer_asks_again_for_a_copy_that_lapsed_before_it_was_archived()
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        pipeline.Simulator.Account.RestoreTime = TimeSpan.FromHours(1);
        var item = Add(pipeline);
        await pipeline.RunAsync();
        time.Advance(TimeSpan.FromHours(2));
        await Eventually.HoldsAsync(
            async () => await pipeline.DeliverAsync(QueueNames.RestoreObjects, pipeline.RestoreAsync) > 0,
            "the object is looked at again");
        Assert.Equal("Queued", await pipeline.StateAsync(item));

        // No message came for eight days, and the copy lasts seven.
        time.Advance(TimeSpan.FromDays(8));
        await pipeline.DeliverAllAsync();
        Assert.Equal(("Restoring", 2L), (await pipeline.StateAsync(item), pipeline.Simulator.Counters["restore"]));
        time.Advance(TimeSpan.FromHours(2));
        await DeliverLaterAsync(pipeline);

        await pipeline.AssertArchivedAsync(item);
        Assert.Equal(2, pipeline.Simulator.Counters["restore"]);
    }

    [Fact]
    public async Task Restorer_asks_again_when_8x8_forgot()
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        pipeline.Simulator.Account.RestoreTime = TimeSpan.FromDays(100);
        var item = Add(pipeline);
        await pipeline.RunAsync();
        time.Advance(TimeSpan.FromHours(25));
        await DeliverLaterAsync(pipeline);
        Assert.Equal(1, pipeline.Simulator.Counters["restore"]);

        time.Advance(TimeSpan.FromHours(2));
        await DeliverLaterAsync(pipeline);

        Assert.Equal(("Restoring", 2L), (await pipeline.StateAsync(item), pipeline.Simulator.Counters["restore"]));
    }

    [Fact]
    public async Task Restorer_asks_once_however_often_the_message_comes_and_keeps_one_message_in_the_queue()
    {
        await using var pipeline = await StartAsync();
        pipeline.Simulator.Account.RestoreTime = TimeSpan.FromDays(1);
        var item = Add(pipeline);
        for (var copy = 0; copy < 20; copy++)
        {
            await SendAsync(pipeline, item);
        }

        await pipeline.DeliverAllAsync();
        for (var look = 0; look < 3; look++)
        {
            await DeliverLaterAsync(pipeline);
        }

        Assert.Equal(1, pipeline.Simulator.Counters["restore"]);
        Assert.Equal(1, await pipeline.CountAsync(QueueNames.RestoreObjects));
        Assert.Equal("Restoring", await pipeline.StateAsync(item));
    }

    [Fact]
    public async Task Restorer_says_once_in_health_and_once_for_each_object_that_the_key_may_not_restore()
    {
        await using var pipeline = await StartAsync();
        pipeline.Simulator.Account.Rights = Rights.Read | Rights.Download;
        var items = Enumerable.Range(0, 60).Select(_ => Add(pipeline)).ToList();
        await pipeline.RunAsync();

        foreach (var item in items)
        {
            var entry = await pipeline.FindAsync(item);
            Assert.Equal("Failed", entry!.State);
            Assert.Contains("right to edit", entry.LastError, StringComparison.Ordinal);
        }

        Assert.InRange(pipeline.Simulator.Counters["restore"], 1, 32);
        var check = Assert.Single((await pipeline.Get<HealthReader>().ReadAsync(Cancellation)).Checks!);
        Assert.Equal(("Restore", "Unhealthy"), (check.Name, check.Status));
        Assert.Single(pipeline.Logs.Lines, line => line.Message.StartsWith("Restore:", StringComparison.Ordinal));

        // The right is given, and the failures are tried again. Queues keep time by the second.
        await Task.Delay(TimeSpan.FromSeconds(1.1), Cancellation);
        pipeline.Simulator.Account.Rights |= Rights.Edit;
        pipeline.Simulator.Account.RestoreTime = TimeSpan.Zero;
        Assert.Equal(60, (await pipeline.RedriveAsync()).Requeued);
        await pipeline.DeliverAllAsync();
        await Eventually.HoldsAsync(
            async () =>
            {
                await pipeline.DeliverAllAsync();
                var rows = await Task.WhenAll(items.Select(pipeline.FindAsync));
                return rows.All(row => row!.State == "Archived");
            },
            "all are archived");
        Assert.Empty(await pipeline.Get<SharedConditions>().ReadAsync(Cancellation));
    }

    [Fact]
    public async Task Restorer_keeps_to_the_daily_cap()
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time, ("Restore__MaxPerDay", "3"));
        pipeline.Simulator.Account.RestoreTime = TimeSpan.FromDays(3);
        var items = Enumerable.Range(0, 8).Select(_ => Add(pipeline)).ToList();
        await pipeline.RunAsync();
        await DeliverLaterAsync(pipeline);
        Assert.Equal(3, pipeline.Simulator.Counters["restore"]);
        foreach (var item in items)
        {
            Assert.Equal("Restoring", await pipeline.StateAsync(item));
        }

        Assert.Equal(8, await pipeline.CountAsync(QueueNames.RestoreObjects));
    }

    [Fact]
    public async Task Restorer_records_what_8x8_refuses_again_and_again_to_restore()
    {
        await using var pipeline = await StartAsync();
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "restore", Kind = FaultKind.Status, Status = 400, Body = "not today" });

        var entry = await GiveUpAsync(pipeline);

        Assert.Equal("Failed", entry.State);
        Assert.Contains("not today", entry.LastError, StringComparison.Ordinal);
        await Task.Delay(TimeSpan.FromSeconds(1.2), Cancellation);
        await pipeline.DeliverAllAsync();
        Assert.Equal((5L, 0), (pipeline.Simulator.Counters["restore"], await pipeline.CountAsync(QueueNames.RestoreObjects)));
    }

    [Theory]
    [InlineData(404)]
    [InlineData(410)]
    public async Task Restorer_takes_an_object_for_gone_only_when_its_record_is(int status)
    {
        await using var pipeline = await StartAsync();
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "restore", Kind = FaultKind.Status, Status = status });

        var entry = await GiveUpAsync(pipeline);

        Assert.Equal("Failed", entry.State);
        Assert.Contains("8x8 refused to restore it 5 times", entry.LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restorer_records_what_8x8_deletes_while_it_is_waited_for()
    {
        await using var pipeline = await StartAsync();
        var item = Add(pipeline);
        pipeline.Simulator.Account.RestoreTime = TimeSpan.FromDays(1);
        await pipeline.RunAsync();
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);
        await DeliverLaterAsync(pipeline);

        Assert.Equal("Gone", await pipeline.StateAsync(item));
        Assert.Equal(0, await pipeline.CountAsync(QueueNames.RestoreObjects));
    }

    [Fact]
    public async Task Restorer_keeps_waiting_for_all_while_8x8_fails_to_restore_any()
    {
        await using var pipeline = await StartAsync();
        pipeline.Simulator.Account.RestoreTime = TimeSpan.Zero;
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "restore", Kind = FaultKind.Status, Status = 503 });
        var items = Enumerable.Range(0, 25).Select(_ => Add(pipeline)).ToList();
        await pipeline.RunAsync();
        for (var look = 0; look < 7; look++)
        {
            await DeliverLaterAsync(pipeline);
        }

        foreach (var item in items)
        {
            Assert.Equal("Restoring", await pipeline.StateAsync(item));
        }

        Assert.Contains("503", pipeline.Get<HealthBoard>().Outages[Condition.Source], StringComparison.Ordinal);
        pipeline.Simulator.Faults.Rules = [];
        await pipeline.DeliverUntilAsync(items, state => state == "Archived", "all are archived");
    }

    [Fact]
    public async Task Restorer_gives_up_what_8x8_always_fails_to_restore_while_it_restores_others()
    {
        await using var pipeline = await StartAsync();
        pipeline.Simulator.Account.RestoreTime = TimeSpan.Zero;
        var items = Enumerable.Range(0, 25).Select(_ => Add(pipeline)).ToList();
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "restore", Id = items[0].Id, Kind = FaultKind.Status, Status = 500 });
        await pipeline.RunAsync();

        await pipeline.DeliverUntilAsync(items, state => state is "Failed" or "Archived", "all are archived or given up");

        Assert.Equal("Failed", await pipeline.StateAsync(items[0]));
        Assert.Contains("refused to restore it 5 times", (await pipeline.FindAsync(items[0]))!.LastError, StringComparison.Ordinal);
        foreach (var item in items.Skip(1))
        {
            await pipeline.AssertArchivedAsync(item);
        }
    }

    [Fact]
    public async Task Restorer_takes_nothing_of_the_daily_cap_for_what_8x8_answers_with_an_error()
    {
        await using var pipeline = await StartAsync(time: null, ("Restore__MaxPerDay", "2"));
        pipeline.Simulator.Account.RestoreTime = TimeSpan.Zero;

        // Counted in requests, as giving up is: a 400 is not tried again by itself, so these are two requests for each object.
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "restore", Kind = FaultKind.Status, Status = 400, First = 2, PerObject = true });
        var items = new[] { Add(pipeline), Add(pipeline) };
        await pipeline.RunAsync();

        await pipeline.DeliverUntilAsync(items, state => state == "Archived", "both are archived");

        var late = Add(pipeline);
        await SendAsync(pipeline, late);
        await pipeline.DeliverAllAsync();
        await DeliverLaterAsync(pipeline);
        Assert.Equal("Restoring", await pipeline.StateAsync(late));
        Assert.Null((await pipeline.FindAsync(late))!.RestoreRequestedAt);
    }

    [Fact]
    public async Task Restorer_counts_no_attempt_at_archiving_among_the_requests_that_8x8_refuses()
    {
        await using var pipeline = await StartAsync();
        pipeline.Simulator.Account.RestoreTime = TimeSpan.Zero;
        var item = Add(pipeline);
        await pipeline.PlanAndListAsync();
        var entry = (await pipeline.FindAsync(item))!;
        entry.Attempts = 4;
        await pipeline.Get<ObjectLedger>().ReplaceAsync(entry, Cancellation);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "restore", Kind = FaultKind.Status, Status = 400, First = 2 });

        await pipeline.DeliverUntilAsync([item], state => state is "Archived" or "Failed", "it is archived");

        await pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Restorer_leaves_the_row_to_the_archiver_that_was_faster()
    {
        Func<Task>? archive = null;
        await using var pipeline = await Pipeline.StartAsync(azurite, storagePolicy: new AfterSend(() => Interlocked.Exchange(ref archive, null)));
        var item = Add(pipeline);
        await pipeline.RunAsync();
        pipeline.Simulator.Objects.SetState(item.Region, item.Id, "REVOKED");
        archive = () => pipeline.DeliverAsync(QueueNames.ArchiveObjects, pipeline.ArchiveAsync);
        var entry = (await pipeline.FindAsync(item))!;

        await pipeline.Get<ObjectRestorer>().RestoreAsync(
            new ObjectMessage { Region = item.Region, Id = item.Id, Ticket = entry.RestoreTicket },
            attempt: 1,
            insertedOn: null,
            Cancellation);

        Assert.Null(archive);
        Assert.Equal("Gone", await pipeline.StateAsync(item));
        Assert.Equal(0, await pipeline.CountAsync(QueueNames.ArchiveObjects));
    }

    private Task<Pipeline> StartAsync(TimeProvider? time = null, params (string Name, string Value)[] settings) =>
        Pipeline.StartAsync(azurite, time, settings: [("Restore__PollInterval", "00:00:01"), .. settings]);

    private static SimulatedObject Add(Pipeline pipeline) =>
        pipeline.Simulator.Objects.Add(new ObjectSpecification
        {
            Bytes = 3000,
            State = "ARCHIVED",
            CreatedTime = TimeProvider.System.GetUtcNow().AddDays(-20),
            UpdatedTime = TimeProvider.System.GetUtcNow().AddDays(-1),
        });

    /// <summary>Adds an object, and waits until it is given up.</summary>
    private static async Task<LedgerEntry> GiveUpAsync(Pipeline pipeline)
    {
        var item = Add(pipeline);
        await pipeline.RunAsync();

        // When it is given up is counted in requests: on a busy machine one delivery takes long enough for two looks.
        await pipeline.DeliverUntilAsync([item], state => state != "Restoring", "it is given up");
        return (await pipeline.FindAsync(item))!;
    }

    private static Task SendAsync(Pipeline pipeline, SimulatedObject item) =>
        pipeline.Get<WorkQueues>().SendAsync(QueueNames.RestoreObjects, new ObjectMessage { Region = item.Region, Id = item.Id }, TimeSpan.Zero, Cancellation);

    /// <summary>Does something once a message is in the queue of objects to archive, before the sender knows of it.</summary>
    private sealed class AfterSend(Func<Func<Task>?> next) : AsyncPolicy
    {
        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            await ProcessNextAsync(message, pipeline);
            if (message.Request.Method == RequestMethod.Post
                && message.Request.Uri.Path.Contains($"{QueueNames.ArchiveObjects}/messages", StringComparison.Ordinal)
                && next() is { } act)
            {
                await act();
            }
        }
    }

    /// <summary>Waits until deferred messages are visible again, and delivers them.</summary>
    private static async Task DeliverLaterAsync(Pipeline pipeline)
    {
        await Task.Delay(TimeSpan.FromSeconds(1.2), Cancellation);
        await pipeline.DeliverAllAsync();
    }
}
