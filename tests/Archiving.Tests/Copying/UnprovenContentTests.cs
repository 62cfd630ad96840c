using Archiving.Archive;
using Archiving.Copying;
using Archiving.Model;
using Archiving.Queues;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>Content of which 8x8 claims nothing, or something wrong.</summary>
public sealed class UnprovenContentTests(AzuriteFixture azurite)
{
    private const string Page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body></body></html>";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Content_of_which_nothing_is_claimed_is_archived_after_two_equal_reads_as_not_verified()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = AddWithoutClaims(pipeline);

        await pipeline.RunAsync();

        await pipeline.AssertArchivedAsync(item);
        Assert.Equal("none", (await ReadReceiptAsync(pipeline, item)).Verification);
        Assert.Equal(2, pipeline.Simulator.Counters["content"]);
    }

    [Theory]
    [InlineData("", "it sent nothing")]
    [InlineData(Page, "it sent a web page")]
    [InlineData("\uFEFF\r\n<html>", "it sent a web page")]
    [InlineData("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "it sent XML")]
    [InlineData("{\"error\":\"unauthorized\"}", "it sent JSON")]
    public async Task Body_that_cannot_be_the_object_is_not_archived_and_the_true_one_is_when_it_comes(string body, string problem)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = AddWithoutClaims(pipeline);
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Status, Status = 200, Body = body });

        await pipeline.RunAsync();

        Assert.Empty(await pipeline.ReadNamesAsync());
        var entry = (await pipeline.FindAsync(item))!;
        Assert.Equal("Queued", entry.State);
        Assert.Contains($"8x8 claims no checksum that proves the object, and {problem}.", entry.LastError, StringComparison.Ordinal);

        pipeline.Simulator.Faults.Set();
        await pipeline.Get<ObjectArchiver>().ArchiveAsync(new ObjectMessage { Region = item.Region, Id = item.Id, Waits = 1 }, attempt: 1, Cancellation);
        await pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Error_that_has_the_claimed_size_by_chance_is_not_archived()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification
        {
            CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1),
            OmittedFields = ["checksum"],
            ClaimedBytes = Page.Length,
        });
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Status, Status = 200, Body = Page });

        await pipeline.RunAsync();

        Assert.Empty(await pipeline.ReadNamesAsync());
        Assert.Contains("it sent a web page", (await pipeline.FindAsync(item))!.LastError, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1000)]
    [InlineData(1)]
    [InlineData(20_000_000)]
    public async Task Content_that_a_plain_MD5_proves_is_archived_whatever_size_is_claimed_and_the_receipt_says_so(int difference)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification
        {
            Bytes = 5_000_000,
            CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1),
            ClaimedBytes = 5_000_000 + difference,
        });

        await pipeline.RunAsync();

        await pipeline.AssertArchivedAsync(item);
        var receipt = await ReadReceiptAsync(pipeline, item);
        Assert.Equal(("md5", $"8x8 claims {5_000_000 + difference} bytes and sends 5000000"), (receipt.Verification, receipt.Contradiction));
    }

    [Fact]
    public async Task Content_of_which_nothing_is_claimed_is_read_again_before_8x8_deletes_it_and_other_content_goes_beside()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("Retention__DefaultDays", "30"));
        var item = AddWithoutClaims(pipeline);
        await pipeline.RunAsync();
        var first = (await pipeline.FindAsync(item))!.Blob;
        pipeline.Simulator.Objects.ReplaceContent(item.Region, item.Id, seed: 4711, bytes: 5000);
        time.Advance(TimeSpan.FromDays(27));
        await pipeline.PlanVerificationAsync();
        await pipeline.DeliverAllAsync();
        Assert.Equal(first, (await pipeline.FindAsync(item))!.Blob);

        time.Advance(TimeSpan.FromDays(1));
        await pipeline.PlanVerificationAsync();
        await pipeline.DeliverAllAsync();

        Assert.NotEqual(first, (await pipeline.FindAsync(item))!.Blob);
        Assert.Equal(4, (await pipeline.ReadNamesAsync()).Count);
    }

    [Theory]
    [InlineData(new[] { 47.8, 23.8 }, new[] { 1, 0 })]
    [InlineData(new[] { 48.1, 23.9 }, new[] { 0, 1 })]
    [InlineData(new[] { 71.0, 12.0 }, new[] { 0, 1 })]
    [InlineData(new[] { 71.0, 0.2 }, new[] { 0, 1 })]
    [InlineData(new[] { 71.0, -0.2 }, new[] { 0, 0 })]
    public async Task Content_of_which_nothing_is_claimed_is_read_again_once_when_nights_are_late_or_missed(double[] hoursLeft, int[] read)
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("Retention__DefaultDays", "30"));
        var item = AddWithoutClaims(pipeline);
        await pipeline.RunAsync();
        var counts = new List<int>();
        foreach (var hours in hoursLeft)
        {
            time.Advance(item.CreatedTime.AddDays(30).AddHours(-hours) - time.GetUtcNow());
            await pipeline.PlanVerificationAsync();
            counts.Add(await pipeline.CountAsync(QueueNames.ArchiveObjects));
            await pipeline.DeliverAllAsync();
        }

        Assert.Equal(read, counts);
    }

    [Fact]
    public async Task Content_of_which_nothing_is_claimed_is_read_again_the_next_night_when_8x8_did_not_deliver_it()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("Retention__DefaultDays", "30"));
        var item = AddWithoutClaims(pipeline);
        await pipeline.RunAsync();
        time.Advance(TimeSpan.FromDays(28));
        await pipeline.PlanVerificationAsync();
        await pipeline.Account.Queues.GetQueueClient(QueueNames.ArchiveObjects).ClearMessagesAsync(Cancellation);

        time.Advance(TimeSpan.FromDays(1));
        await pipeline.PlanVerificationAsync();

        Assert.Equal(1, await pipeline.CountAsync(QueueNames.ArchiveObjects));
        Assert.Equal("Archived", await pipeline.StateAsync(item));
    }

    private static SimulatedObject AddWithoutClaims(Pipeline pipeline) => pipeline.Simulator.Objects.Add(new ObjectSpecification
    {
        CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1),
        OmittedFields = ["storedBytes", "checksum"],
    });

    private static async Task<Receipt> ReadReceiptAsync(Pipeline pipeline, SimulatedObject item)
    {
        var receipt = pipeline.Container.GetBlobClient(ArchiveLayout.ReceiptName((await pipeline.FindAsync(item))!.Blob!));
        return Receipt.Parse((await receipt.DownloadContentAsync(Cancellation)).Value.Content);
    }
}
