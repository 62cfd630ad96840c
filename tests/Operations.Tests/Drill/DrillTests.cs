using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.Configuration;
using Operations.Commands;
using Operations.Drill;
using Simulator.Objects;
using Testing;

namespace Operations.Tests;

/// <summary>The restore drill: finds what cannot be restored as it was archived, by the links that people use.</summary>
public sealed class DrillTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static DateTimeOffset Now { get; } = TimeProvider.System.GetUtcNow();

    [Fact]
    public async Task Drill_finds_a_flipped_byte_a_missing_blob_and_a_wrong_type_among_a_thousand_objects()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = Enumerable.Range(0, 1000).Select(number => pipeline.Simulator.Objects.Add(new ObjectSpecification
        {
            Region = number % 3 == 0 ? "uk" : "us-east",
            CreatedTime = Now.AddHours(-1 - (number % 600)),
            MimeType = (number % 4) switch { 0 => "audio/wav", 1 => "video/mp4", 2 => "application/json", _ => "audio/mpeg" },
            Bytes = 300 + (number % 100),

            // A film is longer than these, so what stands in for one is proven by its checksum alone.
            Checksum = number % 5 == 0 && number % 4 != 1 ? "" : null,
        })).ToList();
        await pipeline.RunAsync();
        var drill = pipeline.Get<RestoreDrill>();
        var whole = await drill.RunAsync(RestoreDrill.DefaultObjects, seed: 1, progress: null, Cancellation);
        Assert.True(whole.IsPassed, string.Join('\n', whole.Problems));
        Assert.Equal((20, 1000), (whole.Objects, whole.Archived));

        var (flipped, missing, mistyped) = (items[17], items[418], items[803]);
        var flippedBlob = await FindBlobAsync(pipeline, flipped);
        var properties = (await flippedBlob.GetPropertiesAsync(cancellationToken: Cancellation)).Value;
        var content = (await flippedBlob.DownloadContentAsync(Cancellation)).Value.Content.ToArray();
        content[150] ^= 1;
        await flippedBlob.UploadAsync(
            BinaryData.FromBytes(content),
            new BlobUploadOptions { HttpHeaders = new BlobHttpHeaders { ContentType = properties.ContentType } },
            Cancellation);
        await (await FindBlobAsync(pipeline, missing)).DeleteAsync(cancellationToken: Cancellation);
        await (await FindBlobAsync(pipeline, mistyped)).SetHttpHeadersAsync(new BlobHttpHeaders { ContentType = "text/html" }, cancellationToken: Cancellation);

        using var output = new StringWriter();
        var exitCode = await DrillCommand.RunAsync(
            pipeline.Get<IConfiguration>(),
            ["--objects", "1000", "--seed", "7"],
            output,
            output,
            Cancellation);

        var report = (await pipeline.Get<DrillRecord>().FindAsync(Cancellation))!;
        Assert.Equal((1, 1000, 3, false), (exitCode, report.Objects, report.Failed, report.IsPassed));
        Assert.Contains("Its content differs from its receipt", ProblemOf(flipped), StringComparison.Ordinal);
        Assert.Equal("Its content is missing: the link to it answers 404.", ProblemOf(missing));
        Assert.StartsWith("Its Content-Type is \"text/html\", not \"", ProblemOf(mistyped), StringComparison.Ordinal);
        var text = output.ToString();
        Assert.All(report.Problems, problem => Assert.Contains($"  problem  {problem.Region}/{problem.Id}: {problem.Problem}", text, StringComparison.Ordinal));
        Assert.Contains("Restore drill of 1000 of 1,000 archived objects, ", text, StringComparison.Ordinal);
        Assert.Contains("Verdict: 3 objects cannot be restored as archived.", text, StringComparison.Ordinal);
        TestContext.Current.TestOutputHelper?.WriteLine(text);

        string ProblemOf(SimulatedObject item) => Assert.Single(report.Problems, problem => problem.Id == item.Id).Problem;
    }

    [Fact]
    public async Task Drill_picks_the_same_objects_by_the_same_seed_and_others_by_another()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        for (var number = 0; number < 60; number++)
        {
            var bytes = 1000 + (1 << (number % 16)) + number;
            pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = Now.AddHours(-1 - (number * 3)), Bytes = bytes });
        }

        await pipeline.RunAsync();
        var drill = pipeline.Get<RestoreDrill>();

        var first = await drill.RunAsync(objects: 7, seed: 42, progress: null, Cancellation);
        var again = await drill.RunAsync(objects: 7, seed: 42, progress: null, Cancellation);
        var other = await drill.RunAsync(objects: 7, seed: 43, progress: null, Cancellation);

        Assert.Equal((7, 60), (first.Objects, first.Archived));
        Assert.Equal(first.Bytes, again.Bytes);
        Assert.NotEqual(first.Bytes, other.Bytes);
        Assert.Equal(other with { Problems = [] }, (await pipeline.Get<DrillRecord>().FindAsync(Cancellation))! with { Problems = [] });
    }

    [Fact]
    public async Task Drill_of_an_empty_archive_proves_nothing()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        using var output = new StringWriter();

        Assert.Equal(1, await DrillCommand.RunAsync(pipeline.Get<IConfiguration>(), [], output, output, Cancellation));

        Assert.Contains("nothing is archived, so nothing could be restored", output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--objects", "0")]
    [InlineData("--objects", "many")]
    [InlineData("--seed", "x")]
    [InlineData("--all")]
    public async Task Drill_refuses_options_that_cannot_be_meant(params string[] arguments)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        using var output = new StringWriter();

        Assert.Equal(1, await DrillCommand.RunAsync(pipeline.Get<IConfiguration>(), arguments, output, output, Cancellation));

        Assert.Contains(arguments[0], output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("audio/mpeg", "ID3\u0004 and so on", true)]
    [InlineData("audio/wav", "RIFF....WAVEfmt ", true)]
    [InlineData("audio/wav", "<!doctype html>", false)]
    [InlineData("video/mp4", "....ftypisom", true)]
    [InlineData("video/mp4", "an error of a server", false)]
    [InlineData("application/json", " {\"a\":\"bcdefg\"}", true)]
    [InlineData("application/json; charset=utf-8", "<html></html>", false)]
    [InlineData("hologram/beta", "whatever it is", true)]
    [InlineData(null, "whatever it is", true)]
    public void Header_of_media_fits_its_type(string? type, string beginning, bool expected)
    {
        Assert.Equal(expected, MediaHeader.Fits(type, System.Text.Encoding.Latin1.GetBytes(beginning)));
    }

    private static async Task<BlobClient> FindBlobAsync(Pipeline pipeline, SimulatedObject item) =>
        pipeline.Container.GetBlobClient((await pipeline.FindAsync(item))!.Blob);
}
