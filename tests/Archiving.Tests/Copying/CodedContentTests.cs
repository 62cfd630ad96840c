using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace Archiving.Tests;

/// <summary>Content that comes coded (Content-Encoding).</summary>
public sealed class CodedContentTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("gzip", 30_000)]
    [InlineData("br", 30_000)]
    [InlineData("gzip, br", 30_000)]
    [InlineData("gzip", 9_000_000)]
    public async Task Claims_of_the_decoded_content_make_it_be_stored_decoded(string encoding, int bytes)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { Bytes = bytes, CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1) });
        pipeline.Simulator.Faults.Set(new FaultRule { Call = "content", Kind = FaultKind.Encode, ContentEncoding = encoding });

        await pipeline.RunAsync();

        await pipeline.AssertArchivedAsync(item);
        var entry = (await pipeline.FindAsync(item))!;
        Assert.Null((await pipeline.Container.GetBlobClient(entry.Blob).GetPropertiesAsync(cancellationToken: Cancellation)).Value.ContentEncoding);
        Assert.Equal(1, pipeline.Simulator.Counters["content"]);
    }

    [Fact]
    public async Task Claims_of_the_coded_bytes_make_them_be_stored_as_sent_with_their_encoding()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification
        {
            Bytes = 30_000,
            CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1),
            ContentEncoding = "gzip",
            ClaimsCodedBytes = true,
        });
        var coded = await DownloadAsync(pipeline, item);

        await pipeline.RunAsync();

        var entry = (await pipeline.FindAsync(item))!;
        Assert.Equal(("Archived", "md5", (long?)coded.Length), (entry.State, entry.Verification, entry.Bytes));
        var blob = pipeline.Container.GetBlobClient(entry.Blob);
        Assert.Equal("gzip", (await blob.GetPropertiesAsync(cancellationToken: Cancellation)).Value.ContentEncoding);
        Assert.Equal(coded, (await blob.DownloadContentAsync(Cancellation)).Value.Content.ToArray());
    }

    private static async Task<byte[]> DownloadAsync(Pipeline pipeline, SimulatedObject item)
    {
        using var content = await pipeline.Get<EightByEight.CloudStorageClient>().OpenContentAsync(item.Region, item.Id, Cancellation);
        using var bytes = new MemoryStream();
        await content.Stream.CopyToAsync(bytes, Cancellation);
        return bytes.ToArray();
    }
}
