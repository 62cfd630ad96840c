using System.Diagnostics.Metrics;
using System.Net;
using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Outages;
using Archiving.Purging;
using Archiving.Queues;
using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Operations.Health;
using Operations.Runs;
using Simulator;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>Deleting at 8x8 is provably safe, or does not happen.</summary>
public sealed class PurgeTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Purge_deletes_what_is_archived_and_old_enough_after_a_night_to_look_at_the_plan()
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        using var metrics = new MetricCapture(pipeline.Get<IMeterFactory>());
        var items = Enumerable.Range(0, 5).Select(_ => Add(pipeline)).ToList();
        var unproven = pipeline.Simulator.Objects.Add(new ObjectSpecification { Checksum = "", CreatedTime = TimeProvider.System.GetUtcNow().AddDays(-3) });
        await pipeline.RunAsync();
        time.Advance(TimeSpan.FromDays(6.9));
        var young = await pipeline.PlanPurgeAsync(isDryRun: false);
        Assert.Equal((0L, 0L), (young.Candidates, young.Queued));
        time.Advance(TimeSpan.FromDays(0.2));

        var first = (await pipeline.PlanNightlyPurgeAsync())!;
        await pipeline.DeliverAllAsync();
        Assert.Equal((true, 5L, 150_000L, 1L, 0L), (first.DryRun, first.Candidates, first.Bytes, first.Unproven, first.Queued));
        Assert.Equal(6, pipeline.Simulator.Objects.GetAll().Count);

        var second = (await pipeline.PlanNightlyPurgeAsync())!;
        Assert.Equal((false, 3L), (second.DryRun, second.Queued));
        await pipeline.DeliverAllAsync();
        Assert.Equal(3, pipeline.Simulator.Objects.GetAll().Count);
        await pipeline.PlanNightlyPurgeAsync();
        await pipeline.DeliverAllAsync();

        Assert.Equal(5, metrics.Sum("archiving.objects.purged").Values.Sum());
        Assert.Equal([unproven.Id], pipeline.Simulator.Objects.GetAll().Select(item => item.Id));
        Assert.Equal("Archived", await pipeline.StateAsync(unproven));
        foreach (var item in items)
        {
            var entry = (await pipeline.FindAsync(item))!;
            Assert.Equal("Purged", entry.State);
            Assert.True(await pipeline.Container.GetBlobClient(entry.Blob).ExistsAsync(Cancellation));
            var audit = (await pipeline.Get<PurgeAudit>().FindAsync(Key(item), Cancellation))!;
            Assert.Equal((entry.Blob, entry.Sha256, 30_000L), (audit.Blob, audit.Sha256, audit.Bytes));
            Assert.NotNull(audit.DeletedAt);
            Assert.Contains((LogLevel.Information, $"Deleted {item.Region}/{item.Id} at 8x8: 30000 bytes, archived and verified by md5"), pipeline.Logs.Lines);
        }

        Assert.Contains((await pipeline.ReadContainerAsync()).Keys, name => name.StartsWith("_reports/purge/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("false", "7")]
    [InlineData("false", "")]
    public async Task Purge_that_is_switched_on_again_after_a_night_without_it_begins_with_a_dry_run(string enabled, string days)
    {
        var time = new MovableTime();
        await using var on = await StartAsync(time);
        await using var off = await Pipeline.StartAsync(
            azurite,
            time,
            on.Account,
            settings: [("Purge__Enabled", enabled), ("Purge__AfterDays", days)],
            simulator: on.Simulator);
        Assert.True((await on.PlanNightlyPurgeAsync())!.DryRun);
        Assert.False((await on.PlanNightlyPurgeAsync())!.DryRun);

        Assert.Null(await off.PlanNightlyPurgeAsync());

        Assert.True((await on.PlanNightlyPurgeAsync())!.DryRun);
        Assert.False((await on.PlanNightlyPurgeAsync())!.DryRun);
    }

    [Fact]
    public async Task Purge_whose_dry_run_ends_after_it_was_switched_off_begins_with_another_one()
    {
        var time = new MovableTime();
        await using var on = await StartAsync(time);
        await using var off = await Pipeline.StartAsync(
            azurite,
            time,
            on.Account,
            settings: [("Purge__Enabled", "false"), ("Purge__AfterDays", "7")],
            simulator: on.Simulator);
        var plan = (await on.Get<PurgePlanner>().PrepareNightlyAsync(Cancellation))!;
        await off.Get<PurgePlanner>().CompleteAsync(plan with { StartedAt = time.GetUtcNow() }, Cancellation);

        Assert.True((await on.PlanNightlyPurgeAsync())!.DryRun);
    }

    [Fact]
    public async Task Purge_stays_within_its_limit_over_all_steps_though_messages_come_twice()
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        for (var number = 0; number < 5; number++)
        {
            pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = TimeProvider.System.GetUtcNow().AddDays(-number).AddHours(-3) });
        }

        await pipeline.RunAsync();
        time.Advance(TimeSpan.FromDays(8));
        var progress = await pipeline.StartAsync(pipeline.Get<PurgePlanner>().Prepare(isDryRun: false), maxParts: 2);
        Assert.Equal((false, 2L), (progress.IsComplete, pipeline.Get<PurgePlanner>().ToResult(progress).Queued));
        await pipeline.DeliverAsync(QueueNames.PlanDays, async message =>
        {
            await pipeline.PlanAsync(message);
            await pipeline.PlanAsync(message);
        });
        await pipeline.DeliverAllAsync();

        Assert.Equal(2, pipeline.Simulator.Objects.GetAll().Count);
        var report = (await pipeline.ReadContainerAsync()).Single(blob => blob.Key.StartsWith("_reports/purge/", StringComparison.Ordinal)).Value.ToString();
        Assert.Contains("\"queued\": 3", report, StringComparison.Ordinal);
        Assert.Contains("\"candidates\": 5", report, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("false", "7")]
    [InlineData("false", "")]
    public async Task Purge_deletes_nothing_unless_both_settings_are_given_whatever_is_in_the_queue(string enabled, string days)
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: [("Purge__Enabled", enabled), ("Purge__AfterDays", days)]);
        var item = Add(pipeline);
        await pipeline.RunAsync();
        time.Advance(TimeSpan.FromDays(400));

        Assert.Null(await pipeline.PlanNightlyPurgeAsync());
        Assert.False(await PurgeAsync(pipeline, item));

        Assert.Equal((0L, "Archived"), (pipeline.Simulator.Counters["delete"], await pipeline.StateAsync(item)));
    }

    [Theory]
    [InlineData("touched", "its record changed at 8x8 since it was archived")]
    [InlineData("other content", "its record changed at 8x8 since it was archived")]
    [InlineData("record forbidden", "8x8 does not let this API key read the object's record (403).")]
    [InlineData("blob deleted", "the archived blob is not there")]
    [InlineData("blob overwritten", "the archived blob has another MD5")]
    [InlineData("receipt deleted", "there is no receipt")]
    [InlineData("receipt overwritten", "its receipt cannot be read")]
    [InlineData("row lost", "the ledger does not say that it is archived")]
    [InlineData("not archived", "the ledger does not say that it is archived")]
    public async Task Purge_refuses_on_any_doubt(string doubt, string reason)
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        var item = Add(pipeline);
        if (doubt == "not archived")
        {
            pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Status, Status = 403 });
        }

        await pipeline.RunAsync();
        pipeline.Simulator.Faults.Set();
        time.Advance(TimeSpan.FromDays(8));
        var blob = (await pipeline.FindAsync(item))!.Blob;
        switch (doubt)
        {
            case "touched":
                pipeline.Simulator.Objects.Touch(item.Region, item.Id);
                break;
            case "other content":
                pipeline.Simulator.Objects.ReplaceContent(item.Region, item.Id, seed: 5, bytes: 30_000);
                break;
            case "record forbidden":
                pipeline.Simulator.Account.Rights = Rights.Download | Rights.Edit;
                break;
            case "blob deleted":
                await pipeline.Container.DeleteBlobAsync(blob, cancellationToken: Cancellation);
                break;
            case "receipt deleted":
                await pipeline.Container.DeleteBlobAsync(ArchiveLayout.ReceiptName(blob!), cancellationToken: Cancellation);
                break;
            case "receipt overwritten":
                await pipeline.Container.GetBlobClient(ArchiveLayout.ReceiptName(blob!))
                    .UploadAsync(BinaryData.FromString("{}"), overwrite: true, Cancellation);
                break;
            case "blob overwritten":
                await pipeline.Container.GetBlobClient(blob).UploadAsync(BinaryData.FromBytes(new byte[30_000]), overwrite: true, Cancellation);
                break;
            case "row lost":
                await pipeline.Account.Tables.GetTableClient(ObjectLedger.TableName)
                    .DeleteEntityAsync(Key(item).PartitionKey, Key(item).RowKey, cancellationToken: Cancellation);
                break;
        }

        Assert.False(await PurgeAsync(pipeline, item));

        Assert.Equal(0, pipeline.Simulator.Counters["delete"]);
        Assert.NotNull(pipeline.Simulator.Objects.Find(item.Region, item.Id));
        Assert.Null(await pipeline.Get<PurgeAudit>().FindAsync(Key(item), Cancellation));
        AssertRefused(pipeline, item, reason);
    }

    [Fact]
    public async Task Purge_believes_8x8_only_what_it_sees()
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        var item = await ArchiveOldAsync(pipeline, time);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "delete", Kind = FaultKind.Status, Status = 200, Body = "{}" });

        var exception = await Assert.ThrowsAsync<InvalidDataException>(() => PurgeAsync(pipeline, item));
        Assert.Equal("8x8 says that it deleted the object, and still has it.", exception.Message);
        Assert.Equal("Archived", await pipeline.StateAsync(item));
        Assert.Null((await pipeline.Get<PurgeAudit>().FindAsync(Key(item), Cancellation))!.DeletedAt);

        pipeline.Simulator.Faults.Set();
        Assert.True(await PurgeAsync(pipeline, item));
        Assert.Equal("Purged", await pipeline.StateAsync(item));
    }

    [Theory]
    [InlineData("DELETED")]
    [InlineData("REVOKED")]
    public async Task Purge_takes_a_record_in_a_deleted_state_for_gone(string state)
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        var item = await ArchiveOldAsync(pipeline, time);
        pipeline.Simulator.Faults.Set(
            new FaultRule { Call = "record", Kind = FaultKind.Latency, Milliseconds = 0, First = 1 },
            new FaultRule { Call = "record", Kind = FaultKind.Status, Status = 200, Body = $$"""{"id":"{{item.Id}}","objectState":"{{state}}"}""" });

        Assert.True(await PurgeAsync(pipeline, item));

        Assert.Equal((1L, "Purged"), (pipeline.Simulator.Counters["delete"], await pipeline.StateAsync(item)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("DELETED")]
    [InlineData("REVOKED")]
    public async Task Purge_finishes_what_a_crash_left_after_the_deletion(string? state)
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        var item = await ArchiveOldAsync(pipeline, time);
        await AddAttemptAsync(pipeline, item, time);
        if (state is null)
        {
            pipeline.Simulator.Objects.Remove(item.Region, item.Id);
        }
        else
        {
            pipeline.Simulator.Objects.SetState(item.Region, item.Id, state);
        }

        Assert.True(await PurgeAsync(pipeline, item));
        var deletedAt = (await pipeline.Get<PurgeAudit>().FindAsync(Key(item), Cancellation))!.DeletedAt;
        time.Advance(TimeSpan.FromDays(1));
        Assert.True(await PurgeAsync(pipeline, item));

        Assert.Equal((0L, "Purged"), (pipeline.Simulator.Counters["delete"], await pipeline.StateAsync(item)));
        Assert.NotNull(deletedAt);
        Assert.Equal(deletedAt, (await pipeline.Get<PurgeAudit>().FindAsync(Key(item), Cancellation))!.DeletedAt);
    }

    [Fact]
    public async Task Purge_leaves_a_row_that_is_no_longer_archived()
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        var item = await ArchiveOldAsync(pipeline, time);
        await AddAttemptAsync(pipeline, item, time);
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);
        var entry = (await pipeline.FindAsync(item))!;
        entry.State = nameof(LedgerState.Gone);
        await pipeline.Get<ObjectLedger>().ReplaceAsync(entry, Cancellation);

        Assert.True(await PurgeAsync(pipeline, item));

        Assert.Equal("Gone", await pipeline.StateAsync(item));
        Assert.NotNull((await pipeline.Get<PurgeAudit>().FindAsync(Key(item), Cancellation))!.DeletedAt);
    }

    [Fact]
    public async Task Purge_leaves_archived_what_8x8_deleted_by_itself()
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        var item = await ArchiveOldAsync(pipeline, time);
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);

        Assert.False(await PurgeAsync(pipeline, item));

        Assert.Equal("Archived", await pipeline.StateAsync(item));
        AssertRefused(pipeline, item, "8x8 no longer has it");
    }

    [Theory]
    [InlineData("gone", 0)]
    [InlineData("REVOKED", 0)]
    [InlineData("ARCHIVED", 0)]
    [InlineData("touched", 3)]
    public async Task Purge_goes_on_to_what_is_newer_after_a_night_of_refusals(string oldest, long unproven)
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        var old = Enumerable.Range(0, 3).Select(_ => Add(pipeline, days: 6)).ToList();
        var newer = Add(pipeline);
        await pipeline.RunAsync();
        time.Advance(TimeSpan.FromDays(8));
        foreach (var item in old)
        {
            switch (oldest)
            {
                case "gone":
                    pipeline.Simulator.Objects.Remove(item.Region, item.Id);
                    break;
                case "touched":
                    pipeline.Simulator.Objects.Touch(item.Region, item.Id);
                    break;
                default:
                    pipeline.Simulator.Objects.SetState(item.Region, item.Id, oldest);
                    break;
            }
        }

        Assert.Equal(3, (await pipeline.PlanPurgeAsync(isDryRun: false)).Queued);
        await pipeline.DeliverAllAsync();
        var second = await pipeline.PlanPurgeAsync(isDryRun: false);
        await pipeline.DeliverAllAsync();

        Assert.Equal((1L, unproven, 1L), (second.Candidates, second.Unproven, second.Queued));
        Assert.Equal("Purged", await pipeline.StateAsync(newer));
        foreach (var item in old)
        {
            Assert.Equal("Archived", await pipeline.StateAsync(item));
        }
    }

    [Fact]
    public async Task Purge_deletes_what_was_not_available_for_a_while_once_a_listing_finds_that_it_is()
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        var item = await ArchiveOldAsync(pipeline, time);
        var cold = $$"""{"id":"{{item.Id}}","createdTime":"{{item.CreatedTime.UtcDateTime:s}}","objectState":"ARCHIVED"}""";
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "record", Kind = FaultKind.Status, Status = 200, Body = cold });
        Assert.False(await PurgeAsync(pipeline, item));
        Assert.Equal(0, (await pipeline.PlanPurgeAsync(isDryRun: true)).Candidates);

        pipeline.Simulator.Faults.Set();
        await pipeline.Get<RunStarter>().ReconcileAsync(Cancellation);
        await pipeline.DeliverAllAsync();
        Assert.Equal(1, (await pipeline.PlanPurgeAsync(isDryRun: false)).Candidates);
        await pipeline.DeliverAllAsync();

        Assert.Equal("Purged", await pipeline.StateAsync(item));
    }

    [Fact]
    public async Task Purge_says_in_health_that_the_key_may_not_delete()
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        var item = await ArchiveOldAsync(pipeline, time);
        pipeline.Simulator.Account.Rights = Rights.Read | Rights.Download;

        Assert.False(await PurgeAsync(pipeline, item));

        Assert.Equal("Archived", await pipeline.StateAsync(item));
        var checks = (await pipeline.Get<HealthReader>().ReadAsync(Cancellation)).Checks!;
        Assert.Equal("Purge", Assert.Single(checks, check => check.Name != "Listing").Name);
        pipeline.Simulator.Account.Rights |= Rights.Edit;
        Assert.True(await PurgeAsync(pipeline, item));
        Assert.Empty(await pipeline.Get<SharedConditions>().ReadAsync(Cancellation));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(403)]
    [InlineData(404)]
    public async Task Purge_that_8x8_refused_does_not_claim_what_is_deleted_there_later(int status)
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        var item = await ArchiveOldAsync(pipeline, time);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "delete", Kind = FaultKind.Status, Status = status });
        await Record.ExceptionAsync(() => PurgeAsync(pipeline, item));
        Assert.Null(await pipeline.Get<PurgeAudit>().FindAsync(Key(item), Cancellation));

        pipeline.Simulator.Faults.Set();
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);

        Assert.False(await PurgeAsync(pipeline, item));
        Assert.Equal("Archived", await pipeline.StateAsync(item));
        Assert.Null(await pipeline.Get<PurgeAudit>().FindAsync(Key(item), Cancellation));
        AssertRefused(pipeline, item, "8x8 no longer has it");
    }

    [Theory]
    [InlineData(500)]
    [InlineData(408)]
    public async Task Purge_that_was_refused_after_a_try_without_a_certain_answer_stays_on_record(int first)
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        var item = await ArchiveOldAsync(pipeline, time);
        pipeline.Simulator.Faults.Set(
            new FaultRule { Call = "delete", Kind = FaultKind.Status, Status = first, First = 1 },
            new FaultRule { Call = "delete", Kind = FaultKind.Status, Status = 403 });

        Assert.False(await PurgeAsync(pipeline, item));

        // What 8x8 did with the first try becomes visible now.
        pipeline.Simulator.Faults.Set();
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);
        Assert.True(await PurgeAsync(pipeline, item));
        Assert.Equal("Purged", await pipeline.StateAsync(item));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Purge_that_8x8_refused_leaves_on_record_what_another_attempt_may_have_deleted(bool isOfEarlierVersion)
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        var item = await ArchiveOldAsync(pipeline, time);
        await AddAttemptAsync(pipeline, item, time);
        if (isOfEarlierVersion)
        {
            var table = pipeline.Account.Tables.GetTableClient(PurgeAudit.TableName);
            var row = (await table.GetEntityAsync<TableEntity>(Key(item).PartitionKey, Key(item).RowKey, cancellationToken: Cancellation)).Value;
            row.Remove(nameof(PurgeRow.Attempts));
            await table.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Replace, Cancellation);
        }

        pipeline.Simulator.Account.Rights = Rights.Read | Rights.Download;
        Assert.False(await PurgeAsync(pipeline, item));
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);

        Assert.True(await PurgeAsync(pipeline, item));
        Assert.Equal("Purged", await pipeline.StateAsync(item));
    }

    [Fact]
    public async Task Purge_is_off_the_record_when_every_attempt_was_refused()
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        var item = Add(pipeline);
        await pipeline.RunAsync();
        var audit = pipeline.Get<PurgeAudit>();
        var first = await AddAttemptAsync(pipeline, item, time);
        var second = await AddAttemptAsync(pipeline, item, time);

        await audit.WithdrawAsync(Key(item), first, Cancellation);
        await audit.WithdrawAsync(Key(item), first, Cancellation);
        Assert.NotNull(await audit.FindAsync(Key(item), Cancellation));
        await audit.WithdrawAsync(Key(item), second, Cancellation);
        Assert.Null(await audit.FindAsync(Key(item), Cancellation));
    }

    [Fact]
    public async Task Purge_throws_when_8x8_fails_to_delete_so_that_it_is_tried_again()
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        var item = await ArchiveOldAsync(pipeline, time);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "delete", Kind = FaultKind.Status, Status = 500 });

        var exception = await Assert.ThrowsAnyAsync<RequestFailedException>(() => PurgeAsync(pipeline, item));

        Assert.Equal((500, "Archived"), (exception.Status, await pipeline.StateAsync(item)));
        Assert.Empty(await pipeline.Get<SharedConditions>().ReadAsync(Cancellation));
    }

    [Fact]
    public async Task Purge_defers_a_deletion_while_8x8_does_not_answer()
    {
        var time = new MovableTime();
        await using var pipeline = await StartAsync(time);
        var item = await ArchiveOldAsync(pipeline, time);
        pipeline.Simulator.Faults
            .Set(new FaultRule { Call = "record", Kind = FaultKind.Status, Status = (int)HttpStatusCode.TooManyRequests, RetryAfter = "0" });

        await Assert.ThrowsAsync<OutageException>(() => PurgeAsync(pipeline, item));
        Assert.Equal((0L, "Archived"), (pipeline.Simulator.Counters["delete"], await pipeline.StateAsync(item)));
    }

    private Task<Pipeline> StartAsync(TimeProvider time) =>
        Pipeline.StartAsync(azurite, time, settings: [("Purge__Enabled", "true"), ("Purge__AfterDays", "7"), ("Purge__MaxPerRun", "3")]);

    private static void AssertRefused(Pipeline pipeline, SimulatedObject item, string reason)
    {
        var (level, message) = Assert.Single(pipeline.Logs.Lines, line => line.Message.Contains("is not deleted at 8x8", StringComparison.Ordinal));
        Assert.Equal(LogLevel.Warning, level);
        Assert.StartsWith($"{item.Region}/{item.Id} is not deleted at 8x8: {reason}", message, StringComparison.Ordinal);
    }

    private static async Task<string> AddAttemptAsync(Pipeline pipeline, SimulatedObject item, TimeProvider time)
    {
        var entry = (await pipeline.FindAsync(item))!;
        var receipt = Receipt.Parse(
            (await pipeline.Container.GetBlobClient(ArchiveLayout.ReceiptName(entry.Blob!)).DownloadContentAsync(Cancellation)).Value.Content);
        return await pipeline.Get<PurgeAudit>().AddAttemptAsync(Key(item), receipt, time.GetUtcNow(), Cancellation);
    }

    /// <summary>Archives an object that is then old enough to be purged.</summary>
    private static async Task<SimulatedObject> ArchiveOldAsync(Pipeline pipeline, MovableTime time)
    {
        var item = Add(pipeline);
        await pipeline.RunAsync();
        time.Advance(TimeSpan.FromDays(8));
        return item;
    }

    private static SimulatedObject Add(Pipeline pipeline, int days = 3) =>
        pipeline.Simulator.Objects.Add(new ObjectSpecification { Bytes = 30_000, CreatedTime = TimeProvider.System.GetUtcNow().AddDays(-days) });

    private static LedgerKey Key(SimulatedObject item) => new(LedgerKey.Partition(item.Region, item.CreatedTime), ObjectNames.Encode(item.Id));

    private static Task<bool> PurgeAsync(Pipeline pipeline, SimulatedObject item) =>
        pipeline.Get<ObjectPurger>().PurgeAsync(new ObjectMessage { Region = item.Region, Id = item.Id, CreatedTime = item.CreatedTime }, Cancellation);
}
