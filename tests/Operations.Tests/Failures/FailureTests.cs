using System.Globalization;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using EightByEight;
using Microsoft.Extensions.Logging;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Operations.Tests;

/// <summary>What fails too often is recorded, and tried again when an operator asks for it.</summary>
public sealed class FailureTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Window_that_failed_five_times_is_listed_again_at_the_next_tick()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            time,
            settings: [("EightByEight__Regions", "uk"), ("Listing__StartFrom", time.GetUtcNow().AddHours(-2).ToString("O", CultureInfo.InvariantCulture))]);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { Region = "uk", CreatedTime = time.GetUtcNow().AddHours(-1) });
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "search", Kind = FaultKind.Status, Status = 404 });
        await pipeline.RunAsync();
        Assert.Equal((0, 5L), (await pipeline.CountAsync(QueueNames.ListWindows), pipeline.Simulator.Counters["search"]));

        pipeline.Simulator.Faults.Set();
        time.Advance(TimeSpan.FromMinutes(10));
        await pipeline.RunAsync();

        await pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Object_that_8x8_does_not_delete_stays_archived()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: [("Purge__Enabled", "true"), ("Purge__AfterDays", "7")]);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = time.GetUtcNow().AddHours(-1) });
        await pipeline.RunAsync();
        time.Advance(TimeSpan.FromDays(8));
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "delete", Kind = FaultKind.Status, Status = 400 });

        await pipeline.PlanPurgeAsync(isDryRun: false);
        await pipeline.DeliverAllAsync();

        await pipeline.AssertArchivedAsync(item);
        Assert.Equal((0, 5L), (await pipeline.CountAsync(QueueNames.PurgeObjects), pipeline.Simulator.Counters["delete"]));
        Assert.Single(
            pipeline.Logs.Lines,
            line => line.Level == LogLevel.Error && line.Message.StartsWith($"{item.Region}/{item.Id}: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Deletion_that_8x8_gave_no_answer_to_is_tried_again()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: [("Purge__Enabled", "true"), ("Purge__AfterDays", "7")]);
        pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = time.GetUtcNow().AddHours(-1) });
        await pipeline.RunAsync();
        time.Advance(TimeSpan.FromDays(8));
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "record", Kind = FaultKind.Reset });

        await pipeline.PlanPurgeAsync(isDryRun: false);
        await pipeline.DeliverAllAsync();

        Assert.Equal((1, 0L), (await pipeline.CountAsync(QueueNames.PurgeObjects), pipeline.Simulator.Counters["delete"]));
    }

    [Theory]
    [InlineData(null, null, "uk/voicemail", "uk/meeting", "uk2/voicemail")]
    [InlineData("uk", null, "uk/voicemail", "uk/meeting")]
    [InlineData(null, "voicemail", "uk/voicemail", "uk2/voicemail")]
    [InlineData("uk", "voicemail", "uk/voicemail")]
    [InlineData("us-east", null)]
    public async Task Redrive_requeues_the_failures_of_the_region_and_type_that_are_asked_for_and_no_others(
        string? region,
        string? type,
        params string[] expected)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var ledger = pipeline.Get<ObjectLedger>();
        var entries = new List<LedgerEntry>();
        foreach (var (itsRegion, itsType) in ((string, string)[])[("uk", "voicemail"), ("uk", "meeting"), ("uk2", "voicemail")])
        {
            var record = StorageObject.Parse(
                BinaryData.FromObjectAsJson(new { id = $"{itsRegion} {itsType}", type = itsType, createdTime = "2026-01-02T03:04:05" }));
            var entry = LedgerEntry.Queued(itsRegion, record, TimeProvider.System.GetUtcNow());
            entry.State = nameof(LedgerState.Failed);
            await ledger.ReplaceAsync(entry, Cancellation);
            entries.Add(entry);
        }

        var redriven = await pipeline.RedriveAsync(region, type);

        var queued = new List<string>();
        foreach (var entry in entries)
        {
            if ((await ledger.FindAsync(entry.Key, Cancellation))!.Is(LedgerState.Queued))
            {
                queued.Add($"{entry.Region}/{entry.Type}");
            }
        }

        Assert.Equal(expected, queued);
        Assert.Equal((expected.LongLength, expected.Length), (redriven.Requeued, await pipeline.CountAsync(QueueNames.ArchiveObjects)));
    }
}
