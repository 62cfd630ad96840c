using Archiving.Archive;
using Archiving.Model;
using Archiving.Outages;
using Archiving.Planning;
using Archiving.Queues;
using Archiving.Verifying;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.Logging;
using Operations.Health;
using Operations.Runs;
using Operations.Status;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>The archive is read again, and what is damaged is found and healed.</summary>
public sealed class VerificationTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Verification_reads_everything_again_within_its_days_and_nothing_twice()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("Verify__Days", "5"));
        var items = Enumerable.Range(0, 23).Select(number => Add(pipeline, daysAgo: number % 10)).ToList();
        await pipeline.RunAsync();
        var perNight = new List<long>();
        var verified = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var night = 0; night < 10; night++)
        {
            time.Advance(TimeSpan.FromDays(1));
            var started = time.GetUtcNow();
            perNight.Add((await pipeline.PlanVerificationAsync()).Queued);
            await pipeline.DeliverAllAsync();
            foreach (var item in items)
            {
                if ((await pipeline.FindAsync(item))!.VerifiedAt >= started)
                {
                    verified[item.Id] = verified.GetValueOrDefault(item.Id) + 1;
                }
            }
        }

        // Two days of the ten each night, of two or three objects.
        Assert.All(perNight, queued => Assert.InRange(queued, 4, 6));
        Assert.Equal(23, verified.Count);
        Assert.All(verified, item => Assert.Equal(2, item.Value));
    }

    [Fact]
    public async Task Verification_continues_in_the_queue_from_its_place_and_queues_nothing_twice()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("Verify__Days", "1"));
        for (var number = 0; number < 6; number++)
        {
            Add(pipeline, daysAgo: number);
        }

        await pipeline.RunAsync();
        time.Advance(TimeSpan.FromDays(2));
        var started = await pipeline.StartAsync(VerificationPlanner.Night, maxParts: 2);
        Assert.Equal((false, new VerificationPlan(2, 2)), (started.IsComplete, VerificationPlanner.ToResult(started.Plan)));
        Assert.Equal(2, await pipeline.CountAsync(QueueNames.VerifyObjects));

        // The same night cannot be started again while it is under way.
        Assert.Null(await pipeline.Get<DayPlans>().StartAsync(VerificationPlanner.Night, TimeSpan.FromMinutes(1), Cancellation));
        await pipeline.DeliverAsync(QueueNames.PlanDays, async message =>
        {
            await pipeline.PlanAsync(message);
            await pipeline.PlanAsync(message);
        });

        Assert.Equal(6, await pipeline.CountAsync(QueueNames.VerifyObjects));
        Assert.Equal(0, await pipeline.CountAsync(QueueNames.PlanDays));
        Assert.Contains((LogLevel.Information, "Queued 6 of 6 archived objects for verification"), pipeline.Logs.Lines);
        Assert.True((await pipeline.StartAsync(VerificationPlanner.Night)).IsComplete);
    }

    [Fact]
    public async Task Night_whose_message_was_lost_is_planned_again_an_hour_later()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("Verify__Days", "1"));
        await LoseMessageOfNightAsync(pipeline, time);

        time.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal(new VerificationPlan(2, 2), await pipeline.PlanVerificationAsync());
    }

    [Fact]
    public async Task Night_goes_on_when_the_answer_to_the_write_of_its_place_is_lost()
    {
        var time = new MovableTime();
        var lost = new LostAnswers("plan|");
        await using var pipeline = await Pipeline.StartAsync(azurite, time, storagePolicy: lost, settings: ("Verify__Days", "1"));
        await LoseMessageOfNightAsync(pipeline, time);

        time.Advance(TimeSpan.FromMinutes(61));
        Assert.False((await pipeline.StartAsync(VerificationPlanner.Night, maxParts: 1)).IsComplete);

        Assert.Equal(1, lost.Count);
        Assert.Equal(1, await pipeline.CountAsync(QueueNames.PlanDays));
    }

    [Theory]
    [InlineData(364, "Failed")]
    [InlineData(366, "Expired")]
    public async Task Missing_blob_is_expired_only_when_the_retention_policy_explains_it(int days, string state)
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            time,
            settings: [("Verify__Days", "30"), ("Archive__RetentionDays", """{"us-east/callrecording":365}""")]);
        var item = Add(pipeline);
        var other = Add(pipeline, type: "voicemail");
        await pipeline.RunAsync();
        var before = (await pipeline.FindAsync(item))!;
        await DamageAsync(pipeline, before.Blob!, "missing");
        await DamageAsync(pipeline, before.Blob!, "no receipt");
        await DamageAsync(pipeline, (await pipeline.FindAsync(other))!.Blob!, "missing");
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);
        pipeline.Simulator.Objects.Remove(other.Region, other.Id);
        time.Advance(TimeSpan.FromDays(days));

        await pipeline.PlanVerificationAsync();
        await pipeline.DeliverAllAsync();

        // What the policy does not name is never excused.
        Assert.Equal((state, "Failed"), (await pipeline.StateAsync(item), await pipeline.StateAsync(other)));
        if (state == "Expired")
        {
            var after = (await pipeline.FindAsync(item))!;
            Assert.Equal((before.Blob, before.Sha256, before.Bytes), (after.Blob, after.Sha256, after.Bytes));
        }
    }

    [Fact]
    public async Task Expired_object_is_neither_archived_again_nor_reported_nor_counted_as_lost()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(
            azurite,
            time,
            settings: [("Verify__Days", "1"), ("Archive__RetentionDays", """{"us-east/callrecording":10}""")]);
        var verified = Add(pipeline);
        var unverified = Add(pipeline);
        await pipeline.RunAsync();
        time.Advance(TimeSpan.FromDays(11));
        foreach (var item in new[] { verified, unverified })
        {
            var blob = (await pipeline.FindAsync(item))!.Blob!;
            await DamageAsync(pipeline, blob, "missing");
            await DamageAsync(pipeline, blob, "no receipt");
        }

        await pipeline.Get<ObjectVerifier>()
            .VerifyAsync(new ObjectMessage { Region = verified.Region, Id = verified.Id, CreatedTime = verified.CreatedTime }, Cancellation);
        pipeline.Simulator.Objects.Touch(verified.Region, verified.Id);
        await pipeline.Get<RunStarter>().ReconcileAsync(Cancellation);
        await pipeline.DeliverAllAsync();
        await pipeline.PlanVerificationAsync();
        await pipeline.DeliverAllAsync();

        Assert.Equal(("Expired", "Expired"), (await pipeline.StateAsync(verified), await pipeline.StateAsync(unverified)));
        Assert.DoesNotContain(await pipeline.ReadNamesAsync(), name => name.StartsWith("us-east/", StringComparison.Ordinal));
        Assert.Empty(await pipeline.Get<SharedConditions>().ReadAsync(Cancellation));
        var status = await pipeline.Get<StatusReader>().ReadAsync(Cancellation);
        Assert.Equal((2L, 0L, 0L, 0L), (status.Count(LedgerState.Expired), status.Bytes, status.AtRisk, status.Count(LedgerState.Failed)));
        Assert.Contains("2 removed by your retention policy.", status.Verdict.Text, StringComparison.Ordinal);
        await Assert.ThrowsAsync<RefusedException>(async () =>
            await pipeline.Get<ObjectRequeuer>().RequeueAsync((await pipeline.FindAsync(verified))!, Cancellation));
    }

    [Fact]
    public async Task Verification_catches_up_on_nights_that_were_missed()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("Verify__Days", "5"));
        for (var number = 0; number < 12; number++)
        {
            Add(pipeline);
        }

        await pipeline.RunAsync();
        time.Advance(TimeSpan.FromDays(9));

        Assert.Equal(new VerificationPlan(12, 12), await pipeline.PlanVerificationAsync());
    }

    [Theory]
    [InlineData("flipped", 30_000)]
    [InlineData("flipped", 5_000_000)]
    [InlineData("shorter", 30_000)]
    [InlineData("missing", 30_000)]
    [InlineData("no receipt", 30_000)]
    [InlineData("not a receipt", 30_000)]
    public async Task Verification_finds_damage_and_repairs_it_beside_the_damaged_bytes(string damage, long bytes)
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("Verify__Days", "1"));
        var item = Add(pipeline, bytes);
        var whole = Add(pipeline);
        await pipeline.RunAsync();
        var before = (await pipeline.FindAsync(item))!;
        await DamageAsync(pipeline, before.Blob!, damage);
        var blobs = await pipeline.ReadContainerAsync();
        time.Advance(TimeSpan.FromDays(2));

        await pipeline.PlanVerificationAsync();
        await pipeline.DeliverAllAsync();

        await pipeline.AssertArchivedAsync(whole);
        var after = (await pipeline.FindAsync(item))!;
        Assert.Equal("Archived", after.State);
        Assert.Contains(pipeline.Logs.Lines, line => line.Level == LogLevel.Critical && line.Message.Contains(item.Id, StringComparison.Ordinal));
        Assert.Null(after.Damaged);
        await pipeline.AssertArchivedAsync(item);
        foreach (var (name, content) in await pipeline.ReadContainerAsync())
        {
            // Nothing that was there was touched, the damaged bytes least of all.
            Assert.True(!blobs.TryGetValue(name, out var old) || old.ToArray().AsSpan().SequenceEqual(content.ToArray()), name);
        }

        Assert.True((await pipeline.Get<ObjectVerifier>()
            .VerifyAsync(new ObjectMessage { Region = item.Region, Id = item.Id, CreatedTime = item.CreatedTime }, Cancellation)) is true);
        Assert.Contains(Condition.Integrity, (await pipeline.Get<SharedConditions>().ReadAsync(Cancellation)).Keys);
        await pipeline.PlanVerificationAsync();
        Assert.Empty(await pipeline.Get<SharedConditions>().ReadAsync(Cancellation));
    }

    [Fact]
    public async Task Verification_logs_an_error_for_what_is_damaged_and_gone_at_8x8()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("Verify__Days", "1"));
        var item = Add(pipeline);
        await pipeline.RunAsync();
        await DamageAsync(pipeline, (await pipeline.FindAsync(item))!.Blob!, "flipped");
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);
        time.Advance(TimeSpan.FromDays(2));

        await pipeline.PlanVerificationAsync();
        await pipeline.DeliverAllAsync();

        var entry = (await pipeline.FindAsync(item))!;
        Assert.Equal("Failed", entry.State);
        Assert.Contains("damaged", entry.LastError, StringComparison.Ordinal);
        await pipeline.PlanVerificationAsync();
        var report = await pipeline.Get<HealthReader>().ReadAsync(Cancellation);
        Assert.Equal("Integrity", Assert.Single(report.Checks!, check => check.Name != "Listing").Name);
    }

    [Theory]
    [InlineData("flipped", WindowKind.Reconcile)]
    [InlineData("missing", WindowKind.Reconcile)]
    [InlineData("flipped", WindowKind.Rebuild)]
    public async Task Object_that_is_damaged_and_gone_counts_as_archived_only_once_its_bytes_are_back(string damage, WindowKind run)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        await pipeline.RunAsync();
        var blob = (await pipeline.FindAsync(item))!.Blob!;
        var bytes = (await pipeline.ReadContainerAsync())[blob];
        await DamageAsync(pipeline, blob, damage);
        pipeline.Simulator.Objects.Remove(item.Region, item.Id);
        await pipeline.Get<ObjectVerifier>()
            .VerifyAsync(new ObjectMessage { Region = item.Region, Id = item.Id, CreatedTime = item.CreatedTime }, Cancellation);
        await RunAsync();
        var lost = (await pipeline.FindAsync(item))!;
        Assert.Equal(("Failed", blob), (lost.State, lost.Damaged));

        await RunAsync();
        lost = (await pipeline.FindAsync(item))!;
        Assert.Equal(("Failed", blob), (lost.State, lost.Damaged));
        Assert.Contains("damaged", lost.LastError, StringComparison.Ordinal);

        await pipeline.Container.GetBlobClient(blob).UploadAsync(bytes, overwrite: true, Cancellation);
        await RunAsync();
        await pipeline.AssertArchivedAsync(item);
        Assert.Null((await pipeline.FindAsync(item))!.Damaged);

        async Task RunAsync()
        {
            await (run == WindowKind.Rebuild ? pipeline.Get<RunStarter>().RebuildAsync(Cancellation) : pipeline.Get<RunStarter>().ReconcileAsync(Cancellation));
            await pipeline.DeliverAllAsync();
        }
    }

    [Fact]
    public async Task Verification_repairs_a_repaired_object_that_is_damaged_again()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Add(pipeline);
        await pipeline.RunAsync();
        var message = new ObjectMessage { Region = item.Region, Id = item.Id, CreatedTime = item.CreatedTime };
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var round = 0; round < 3; round++)
        {
            var blob = (await pipeline.FindAsync(item))!.Blob!;
            Assert.True(names.Add(blob), blob);
            await DamageAsync(pipeline, blob, "flipped");
            Assert.False(await pipeline.Get<ObjectVerifier>().VerifyAsync(message, Cancellation));
            await pipeline.DeliverAllAsync();
            await pipeline.AssertArchivedAsync(item);
        }
    }

    /// <summary>Starts the night of two days, and loses the message that goes on with the second.</summary>
    private static async Task LoseMessageOfNightAsync(Pipeline pipeline, MovableTime time)
    {
        Add(pipeline, daysAgo: 1);
        Add(pipeline, daysAgo: 2);
        await pipeline.RunAsync();
        time.Advance(TimeSpan.FromDays(2));
        Assert.False((await pipeline.StartAsync(VerificationPlanner.Night, maxParts: 1)).IsComplete);
        await pipeline.Account.Queues.GetQueueClient(QueueNames.PlanDays).ClearMessagesAsync(Cancellation);
    }

    private static SimulatedObject Add(Pipeline pipeline, long bytes = 30_000, int daysAgo = 0, string type = "callrecording") =>
        pipeline.Simulator.Objects.Add(new ObjectSpecification
        {
            Type = type,
            Bytes = bytes,
            CreatedTime = TimeProvider.System.GetUtcNow().AddDays(-daysAgo).AddHours(-3),
        });

    /// <summary>As a failing disk would: the properties, the stored MD5 among them, stay what they were.</summary>
    private static async Task DamageAsync(Pipeline pipeline, string name, string damage)
    {
        var receipt = pipeline.Container.GetBlobClient(ArchiveLayout.ReceiptName(name));
        var blob = pipeline.Container.GetBlobClient(name);
        switch (damage)
        {
            case "missing":
                await blob.DeleteAsync(cancellationToken: Cancellation);
                break;
            case "no receipt":
                await receipt.DeleteAsync(cancellationToken: Cancellation);
                break;
            case "not a receipt":
                await receipt.UploadAsync(BinaryData.FromString("{}"), overwrite: true, Cancellation);
                break;
            default:
                var properties = (await blob.GetPropertiesAsync(cancellationToken: Cancellation)).Value;
                var bytes = (await blob.DownloadContentAsync(Cancellation)).Value.Content.ToArray();
                bytes[bytes.Length / 2] ^= 1;
                bytes = damage == "shorter" ? bytes[..^1] : bytes;
                await blob.UploadAsync(BinaryData.FromBytes(bytes), overwrite: true, Cancellation);
                await blob.SetHttpHeadersAsync(
                    new BlobHttpHeaders { ContentHash = properties.ContentHash, ContentType = properties.ContentType },
                    cancellationToken: Cancellation);
                break;
        }
    }
}
