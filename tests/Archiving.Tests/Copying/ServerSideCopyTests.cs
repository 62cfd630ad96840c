using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>Blob Storage fetches content itself, and to the same standard.</summary>
public sealed class ServerSideCopyTests(AzuriteFixture azurite)
{
    private const long Large = 5_000_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Archiver_lets_the_storage_fetch_what_a_checksum_proves_and_streams_the_rest()
    {
        await using var run = await StartAsync("ServerSide");
        var proven = new[] { Add(run, 0), Add(run, 30_000), Add(run, Large) };
        var others = new[] { Add(run, Large, partSize: 1_000_000), Add(run, 30_000, checksum: "") };

        await run.Pipeline.RunAsync();

        foreach (var item in proven.Concat(others))
        {
            await run.Pipeline.AssertArchivedAsync(item);
        }

        Assert.Equal(3, run.Front.Copies);
        Assert.Equal("md5", (await run.Pipeline.FindAsync(proven[2]))!.Verification);
        var properties = (await run.Pipeline.Container.GetBlobClient((await run.Pipeline.FindAsync(proven[2]))!.Blob)
            .GetPropertiesAsync(cancellationToken: Cancellation)).Value;
        Assert.Equal(("audio/mpeg", proven[2].Checksum), (properties.ContentType, Convert.ToHexStringLower(properties.ContentHash)));
        Assert.StartsWith("attachment", properties.ContentDisposition, StringComparison.Ordinal);

        // Two reads each of what no checksum proves, and none of what the storage fetched.
        Assert.Equal(others.Length * 2, run.Pipeline.Simulator.Counters["content"]);
    }

    [Fact]
    public async Task Archiver_takes_the_way_of_large_content_only_when_left_to_choose()
    {
        await using var run = await StartAsync("Auto");
        Add(run, 30_000);
        Add(run, Large);

        await run.Pipeline.RunAsync();

        Assert.Equal((1, 1L), (run.Front.Copies, run.Pipeline.Simulator.Counters["content"]));
    }

    [Theory]
    [InlineData("CannotVerifyCopySource")]
    [InlineData("FeatureVersionMismatch")]
    [InlineData("PendingCopyOperation")]
    public async Task Archiver_streams_what_the_storage_refuses_to_fetch(string refusal)
    {
        await using var run = await StartAsync("Auto");
        run.Front.Refusal = refusal;
        var first = Add(run, Large);
        await run.Pipeline.RunAsync();
        run.Front.Refusal = null;
        var second = Add(run, Large);

        await Pipeline.PassWindowEndAsync();
        await run.Pipeline.RunAsync();

        await run.Pipeline.AssertArchivedAsync(first);
        await run.Pipeline.AssertArchivedAsync(second);
        Assert.Equal(0, run.Front.Copies);
        Assert.Single(run.Pipeline.Logs.Lines, line => line.Message.Contains("it is streamed", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(FaultKind.Flip, 30_000)]
    [InlineData(FaultKind.Flip, Large)]
    [InlineData(FaultKind.Early, Large)]
    [InlineData(FaultKind.Extra, 30_000)]
    [InlineData(FaultKind.ErrorHtml, 30_000)]
    public async Task Archiver_shows_nothing_wrong_of_what_the_storage_fetched(FaultKind kind, long bytes)
    {
        await using var run = await StartAsync("ServerSide");
        var item = Add(run, bytes);
        run.Pipeline.Simulator.Faults.Set(new FaultRule { Call = "presigned", Kind = kind });
        await using var watcher = new ArchiveWatcher(run.Pipeline, [item]);

        await run.Pipeline.RunAsync();

        Assert.Empty(await watcher.FinishAsync());
        Assert.Equal(0, run.Front.Copies);
        await run.Pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Archiver_stores_beside_what_the_name_holds_already()
    {
        await using var run = await StartAsync("ServerSide");
        var item = Add(run, 30_000);
        var name = $"us-east/callrecording/{item.CreatedTime.UtcDateTime:yyyy'/'MM'/'dd}/{item.Id}.mp3";
        await run.Pipeline.Container.CreateAsync(cancellationToken: Cancellation);
        await run.Pipeline.Container.UploadBlobAsync(name, BinaryData.FromString("mine"), Cancellation);

        await run.Pipeline.RunAsync();

        await run.Pipeline.AssertArchivedAsync(item);
        Assert.Equal("mine", (await run.Pipeline.ReadContainerAsync())[name].ToString());
    }

    [Theory]
    [InlineData(404, "Archived", 2)]
    [InlineData(403, "Failed", 0)]
    public async Task Object_that_8x8_gives_no_address_for_is_streamed_unless_it_is_forbidden(int status, string state, int blobs)
    {
        await using var run = await StartAsync("ServerSide");
        var item = Add(run, 30_000);
        run.Pipeline.Simulator.Faults.Set(new FaultRule { Call = "presign", Kind = FaultKind.Status, Status = status });

        await run.Pipeline.RunAsync();

        Assert.Equal(state, await run.Pipeline.StateAsync(item));
        Assert.Equal(blobs, (await run.Pipeline.ReadNamesAsync()).Count);
    }

    [Theory]
    [InlineData("Auto", 200, 1)]
    [InlineData("Auto", 400, 1)]
    [InlineData("Auto", 405, 1)]
    [InlineData("ServerSide", 200, 2)]
    [InlineData("ServerSide", 405, 2)]
    public async Task Archiver_streams_what_8x8_names_no_address_for(string transfer, int status, int asked)
    {
        await using var run = await StartAsync(transfer);
        run.Pipeline.Simulator.Faults.Set(new FaultRule { Call = "presign", Kind = FaultKind.Status, Status = status, Body = "{\"link\":null}" });
        var first = Add(run, Large);
        await run.Pipeline.RunAsync();
        var second = Add(run, Large);

        await Pipeline.PassWindowEndAsync();
        await run.Pipeline.RunAsync();

        await run.Pipeline.AssertArchivedAsync(first);
        await run.Pipeline.AssertArchivedAsync(second);
        Assert.Equal((0, (long)asked), (run.Front.Copies, run.Pipeline.Simulator.Counters["presign"]));
        Assert.Equal(asked, run.Pipeline.Logs.Lines.Count(line => line.Message.Contains("it is streamed", StringComparison.Ordinal)));
    }

    private async Task<Run> StartAsync(string transfer)
    {
        var account = azurite.NewAccount();
        var front = await CopyFront.StartAsync(account);
        var pipeline = await Pipeline.StartAsync(
            azurite,
            account: account,
            settings: [("Archive__Transfer", transfer), ("ArchiveStorage", front.ConnectionString)]);
        return new Run(pipeline, front);
    }

    private static SimulatedObject Add(Run run, long bytes, long? partSize = null, string? checksum = null) =>
        run.Pipeline.Simulator.Objects.Add(
            new ObjectSpecification { Bytes = bytes, PartSize = partSize, Checksum = checksum, CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1) });

    private sealed record Run(Pipeline Pipeline, CopyFront Front) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Pipeline.DisposeAsync();
            await Front.DisposeAsync();
        }
    }
}
