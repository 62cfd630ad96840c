using System.Text.Json;
using Archiving.Copying;
using Archiving.Queues;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>Content that 8x8 lists and does not give.</summary>
public sealed class MissingContentTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Object_that_8x8_changes_and_deletes_stays_archived_with_its_earlier_content_as_long_as_that_is_there(bool isThere)
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = time.GetUtcNow().AddHours(-2), Bytes = 100 });
        await pipeline.RunAsync();
        var blob = (await pipeline.FindAsync(item))!.Blob!;
        pipeline.Simulator.Objects.ReplaceContent(item.Region, item.Id, seed: 7, bytes: 500);
        time.Advance(TimeSpan.FromMinutes(20));
        await pipeline.PlanAndListAsync();
        Assert.Equal("Queued", await pipeline.StateAsync(item));
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);
        if (!isThere)
        {
            await pipeline.Container.DeleteBlobAsync(blob, cancellationToken: Cancellation);
        }

        await pipeline.DeliverAllAsync();
        Assert.Equal("Archived", await pipeline.StateAsync(item));
        await Eventually.HoldsAsync(
            async () =>
            {
                await pipeline.DeliverAllAsync();
                return await pipeline.FindAsync(item) is { } found && (found.VerifiedAt is not null || found.State == "Failed");
            },
            "its earlier content is read again");

        var row = (await pipeline.FindAsync(item))!;
        Assert.Equal((isThere ? "Archived" : "Failed", blob), (row.State, row.Blob));
        Assert.Equal(isThere, row.VerifiedAt is not null);
        Assert.StartsWith(
            isThere ? "The earlier content is archived. 8x8 changed it" : $"The archived bytes under {blob} are damaged",
            row.LastError,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(410)]
    public async Task Content_that_comes_after_its_record_is_archived_when_it_comes(int status)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Status, Status = status });

        await pipeline.RunAsync();

        var entry = (await pipeline.FindAsync(item))!;
        Assert.Equal(("Queued", 0, 1), (entry.State, entry.Attempts, await pipeline.CountAsync(QueueNames.ArchiveObjects)));
        Assert.Contains($"lists the object as AVAILABLE and does not have its content ({status})", entry.LastError, StringComparison.Ordinal);

        pipeline.Simulator.Faults.Set();
        await pipeline.DeliverUntilAsync([item], state => state == "Archived", "the content is archived once it is there");
        await pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Content_that_is_missing_for_more_than_a_day_fails_with_the_reason_and_is_tried_again_by_a_reconcile()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Status, Status = 404 });
        var message = new ObjectMessage
        {
            Region = item.Region,
            Id = item.Id,
            Waits = 30,
            WaitsSince = TimeProvider.System.GetUtcNow() - ObjectRouter.MaxWait - TimeSpan.FromMinutes(1),
        };

        await pipeline.Get<ObjectArchiver>().ArchiveAsync(message, attempt: 1, Cancellation);

        var entry = (await pipeline.FindAsync(item))!;
        Assert.Equal("Failed", entry.State);
        Assert.Contains("(404). Every attempt since", entry.LastError, StringComparison.Ordinal);
        pipeline.Simulator.Faults.Set();
        await pipeline.Get<Operations.Runs.RunStarter>().ReconcileAsync(Cancellation);
        await pipeline.DeliverAllAsync();
        await pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Object_that_stays_pending_waits_with_one_message_and_fails_after_a_day_with_the_reason()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = time.GetUtcNow().AddMinutes(-5), Bytes = 10 });
        await pipeline.PlanAndListAsync();
        await pipeline.Account.Queues.GetQueueClient(QueueNames.ArchiveObjects).ClearMessagesAsync(Cancellation);
        pipeline.Simulator.Objects.SetState(item.Region, item.Id, "PENDING");
        await pipeline.Get<ObjectArchiver>().ArchiveAsync(new ObjectMessage { Region = item.Region, Id = item.Id }, attempt: 1, Cancellation);
        Assert.Equal((1, null), (await pipeline.CountAsync(QueueNames.ArchiveObjects), (await pipeline.FindAsync(item))!.LastError));
        var first = new ObjectMessage { Region = item.Region, Id = item.Id, PendingSince = time.GetUtcNow() };
        await pipeline.Account.Queues.GetQueueClient(QueueNames.ArchiveObjects).ClearMessagesAsync(Cancellation);

        time.Advance(TimeSpan.FromHours(10));
        await pipeline.Get<ObjectArchiver>().ArchiveAsync(first, attempt: 1, Cancellation);
        await pipeline.Get<Operations.Runs.RunStarter>().ReconcileAsync(Cancellation);
        await pipeline.DeliverAllAsync();
        var waiting = (await pipeline.FindAsync(item))!;
        Assert.Equal(("Queued", 1), (waiting.State, await pipeline.CountAsync(QueueNames.ArchiveObjects)));
        Assert.Contains("reports the object as PENDING", waiting.LastError, StringComparison.Ordinal);

        time.Advance(ObjectRouter.MaxWait);
        await pipeline.Get<ObjectArchiver>().ArchiveAsync(first, attempt: 1, Cancellation);
        Assert.Equal("Failed", await pipeline.StateAsync(item));
    }

    [Theory]
    [InlineData(404)]
    [InlineData(410)]
    public async Task Content_whose_record_is_missing_too_is_gone(int status)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline, minutesAgo: 30);
        pipeline.Simulator.Faults.Set(
            new FaultRule { Call = "content", Kind = FaultKind.Status, Status = 404 },
            new FaultRule { Call = "record", Kind = FaultKind.Status, Status = status });

        await pipeline.RunAsync();

        Assert.Equal("Gone", await pipeline.StateAsync(item));

        // A listing that still shows it outweighs the record that was missing. None is planned within the second of the last one.
        pipeline.Simulator.Faults.Set();
        await Eventually.HoldsAsync(
            async () =>
            {
                await pipeline.RunAsync();
                return await pipeline.StateAsync(item) == "Archived";
            },
            "the next listing archives it");
        await pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Token_that_is_refused_for_one_object_alone_costs_that_object_its_attempts_and_is_not_replaced_each_time()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        var other = Add(pipeline);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Status, Status = 401, Id = item.Id });
        var queues = pipeline.Get<WorkQueues>();
        await queues.SendAsync(QueueNames.ArchiveObjects, new ObjectMessage { Region = item.Region, Id = item.Id, Deferrals = 3 }, TimeSpan.Zero, Cancellation);
        await queues.SendAsync(QueueNames.ArchiveObjects, new ObjectMessage { Region = other.Region, Id = other.Id }, TimeSpan.Zero, Cancellation);

        await pipeline.DeliverAllAsync();

        await pipeline.AssertArchivedAsync(other);
        var entry = (await pipeline.FindAsync(item))!;
        Assert.Equal(("Failed", 5), (entry.State, entry.Attempts));
        Assert.Contains("8x8 answers for other objects, and not for this one (401)", entry.LastError, StringComparison.Ordinal);
        Assert.InRange(pipeline.Simulator.Counters["token"], 1, 2);
    }

    [Theory]
    [InlineData(403)]
    [InlineData(401)]
    [InlineData(404)]
    public async Task Address_that_its_host_refuses_is_asked_for_again_and_no_right_is_said_to_be_missing(int status)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        pipeline.Simulator.Faults.Set(
            new FaultRule { Call = "content", Kind = FaultKind.Redirect },
            new FaultRule { Call = "presigned", Kind = FaultKind.Status, Status = status });

        await pipeline.RunAsync();

        var entry = (await pipeline.FindAsync(item))!;
        Assert.Equal("Queued", entry.State);
        Assert.Contains($"the content refuses it ({status}). Nothing to do unless it lasts", entry.LastError, StringComparison.Ordinal);
        Assert.Contains("The host is 127.0.0.1", entry.LastError, StringComparison.Ordinal);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Redirect });
        await pipeline.Get<ObjectArchiver>().ArchiveAsync(new ObjectMessage { Region = item.Region, Id = item.Id, Waits = 1 }, attempt: 1, Cancellation);
        await pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Address_whose_host_does_not_answer_is_named_by_its_host_in_the_row_alone()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        pipeline.Simulator.Faults.Set(
            new FaultRule { Call = "content", Kind = FaultKind.Redirect, Location = "http://localhost:1/customer-4711?signature=1" });

        await pipeline.RunAsync();

        var entry = (await pipeline.FindAsync(item))!;
        Assert.Equal(
            "8x8 lists the object as AVAILABLE, and the host of the address that it gives for the content does not answer. Check that the app's network and "
            + "any proxy let it reach that host. The host is localhost.",
            entry.LastError);
        Assert.DoesNotContain(pipeline.Logs.GetSnapshot(), line => line.Message.Contains("localhost", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Redirect_that_is_not_followed_is_named_with_its_host_and_what_to_do_in_the_row()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        pipeline.Simulator.Faults.Set(
            new FaultRule { Call = "content", Kind = FaultKind.Redirect, Location = "http://files.example.com/customer-4711?signature=1" });

        await pipeline.RunAsync();

        var error = (await pipeline.FindAsync(item))!.LastError;
        Assert.Contains("a redirect that is not followed because its address is not https. Check any proxy", error, StringComparison.Ordinal);
        Assert.EndsWith("8x8 answered: a redirect to the host files.example.com", error, StringComparison.Ordinal);
        Assert.DoesNotContain(pipeline.Logs.GetSnapshot(), line => line.Message.Contains("files.example.com", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{}", "an unknown state, in which it has no content to download. 8x8 sent for objectState: {}")]
    [InlineData("""["AVAILABLE"]""", """an unknown state, in which it has no content to download. 8x8 sent for objectState: ["AVAILABLE"]""")]
    [InlineData("\"  \"", "an unknown state, in which it has no content to download.")]
    [InlineData("null", "an unknown state, in which it has no content to download.")]
    [InlineData("\"MELTED\"", "state MELTED, in which it has no content to download.")]
    public async Task State_that_says_nothing_is_named_as_unknown_with_what_8x8_sent(string state, string expected)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal) { ["objectState"] = JsonElement.Parse(state) };
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification
        {
            CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1),
            Fields = fields,
        });

        await pipeline.RunAsync();

        var entry = (await pipeline.FindAsync(item))!;
        Assert.Equal(("Failed", $"8x8 reports the object in {expected}"), (entry.State, entry.LastError));
    }

    private static SimulatedObject Add(Pipeline pipeline, int minutesAgo = 60) =>
        pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = TimeProvider.System.GetUtcNow().AddMinutes(-minutesAgo) });
}
