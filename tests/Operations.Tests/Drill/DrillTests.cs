using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Archiving.Archive;
using Archiving.Ledger;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
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
        var content = (await flippedBlob.DownloadContentAsync(Cancellation)).Value.Content.ToArray();
        content[150] ^= 1;
        await ReplaceAsync(flippedBlob, BinaryData.FromBytes(content));
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
    public async Task Drill_finds_content_that_was_replaced_together_with_its_receipt_by_the_row_and_a_receipt_that_contradicts_the_row()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = AddObjects(pipeline, 3);
        await pipeline.RunAsync();
        var (replaced, contradicted) = (await FindBlobAsync(pipeline, items[0]), await FindBlobAsync(pipeline, items[1]));
        var forged = Encoding.UTF8.GetBytes("another recording");
        await ReplaceAsync(replaced, BinaryData.FromBytes(forged));
        await ReplaceReceiptAsync(pipeline, replaced.Name, Convert.ToHexStringLower(MD5.HashData(forged)), Sha256(forged), forged.Length);
        await ReplaceReceiptAsync(pipeline, contradicted.Name, new string('0', 32), Sha256([1]), 1);

        var report = await CreateDrill(pipeline).RunAsync(RestoreDrill.DefaultObjects, seed: 1, progress: null, Cancellation);

        Assert.Equal((3, 2), (report.Objects, report.Failed));
        var rows = await Task.WhenAll(items.Take(2).Select(pipeline.FindAsync));
        Assert.Equal(
            $"Its content and its receipt differ from its row in the ledger: 17 bytes and SHA-256 {Sha256(forged)}, "
                + $"not {rows[0]!.Bytes} bytes and {rows[0]!.Sha256}.",
            ProblemOf(items[0]));
        Assert.Equal(
            $"Its content differs from its receipt: {rows[1]!.Bytes} bytes and SHA-256 {rows[1]!.Sha256}, not 1 bytes and {Sha256([1])}. "
                + "Its row in the ledger is that of the content.",
            ProblemOf(items[1]));

        string ProblemOf(SimulatedObject item) => Assert.Single(report.Problems, problem => problem.Id == item.Id).Problem;
    }

    [Theory]
    [InlineData("BlobArchived")]
    [InlineData("BlobBeingRehydrated")]
    public async Task Drill_names_what_is_in_the_archive_tier_as_not_read_and_judges_the_others(string code)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = AddObjects(pipeline, 4);
        await pipeline.RunAsync();
        var blobs = await Task.WhenAll(items.Select(async item => (await FindBlobAsync(pipeline, item)).Name));
        await using var front = await RefusingFront.StartAsync(pipeline.Account);
        await using var behind = await Pipeline.StartAsync(azurite, account: new StorageAccount(front.ConnectionString), simulator: pipeline.Simulator);
        string[] archived = [$"/{blobs[0]}", $"/{blobs[1]}.meta.json"];
        front.Answer = path => archived.Any(blob => path.EndsWith(blob, StringComparison.Ordinal)) ? (409, code) : null;
        using var output = new StringWriter();

        Assert.Equal(0, await DrillCommand.RunAsync(behind.Get<IConfiguration>(), ["--seed", "7"], output, output, Cancellation));

        var report = (await pipeline.Get<DrillRecord>().FindAsync(Cancellation))!;
        Assert.Equal((2, 0, 2, true), (report.Objects, report.Failed, report.Unread, report.IsPassed));
        Assert.Contains("2 objects were not read; the log says why.", report.ToSentence(), StringComparison.Ordinal);
        var text = output.ToString();
        Assert.Contains($"  not read {items[0].Region}/{items[0].Id}: Its content is in the storage account's archive tier", text, StringComparison.Ordinal);
        Assert.Contains($"  not read {items[1].Region}/{items[1].Id}: Its receipt is in the storage account's archive tier", text, StringComparison.Ordinal);
        Assert.Contains("2 objects were not read: nothing is proven of them.", text, StringComparison.Ordinal);

        // Where nothing can be read, nothing is proven, and nothing is broken either.
        front.Answer = path => path.EndsWith(".meta.json", StringComparison.Ordinal) ? (409, code) : null;
        report = await CreateDrill(behind).RunAsync(RestoreDrill.DefaultObjects, seed: 7, progress: null, Cancellation);
        Assert.Equal((0, 0, 4, false), (report.Objects, report.Failed, report.Unread, report.IsPassed));
        Assert.EndsWith(
            "nothing could be read, so nothing is proven. 4 objects were not read; the log says why.",
            report.ToSentence(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Drill_tries_once_more_what_the_storage_did_not_serve_and_says_so_where_that_does_not_help()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = AddObjects(pipeline, 2);
        await pipeline.RunAsync();
        var blobs = await Task.WhenAll(items.Select(async item => (await FindBlobAsync(pipeline, item)).Name));
        await using var front = await RefusingFront.StartAsync(pipeline.Account);
        await using var behind = await Pipeline.StartAsync(azurite, account: new StorageAccount(front.ConnectionString), simulator: pipeline.Simulator);
        var busy = 1;
        front.Answer = path => path.EndsWith($"/{blobs[0]}", StringComparison.Ordinal) && Interlocked.Decrement(ref busy) >= 0 ? (503, "ServerBusy") : null;

        var report = await CreateDrill(behind).RunAsync(RestoreDrill.DefaultObjects, seed: 1, progress: null, Cancellation);

        Assert.True(report.IsPassed, report.ToSentence());
        Assert.Equal(2, report.Objects);

        busy = int.MaxValue;
        report = await CreateDrill(behind).RunAsync(RestoreDrill.DefaultObjects, seed: 1, progress: null, Cancellation);

        Assert.Equal((1, 0, 1), (report.Objects, report.Failed, report.Unread));
        Assert.EndsWith(" 1 object was not read; the log says why.", report.ToSentence(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Drill_goes_on_and_names_as_not_read_what_an_outage_keeps_from_it()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = AddObjects(pipeline, 3);
        await pipeline.RunAsync();
        var blob = (await FindBlobAsync(pipeline, items[0])).Name;
        await using var front = await RefusingFront.StartAsync(pipeline.Account);
        await using var behind = await Pipeline.StartAsync(azurite, account: new StorageAccount(front.ConnectionString), simulator: pipeline.Simulator);
        front.Answer = path => path.EndsWith(ArchiveLayout.ReceiptName(blob), StringComparison.Ordinal) ? (403, "AuthorizationFailure") : null;

        var report = await CreateDrill(behind).RunAsync(RestoreDrill.DefaultObjects, seed: 1, progress: null, Cancellation);

        Assert.Equal((2, 0, 1), (report.Objects, report.Failed, report.Unread));
    }

    [Fact]
    public async Task Drill_fails_no_object_that_the_retention_policy_has_removed()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("Archive__RetentionDays", """{"us-east/callrecording":365}"""));
        var items = AddObjects(pipeline, 3);
        await pipeline.RunAsync();
        foreach (var (item, days, isContentKept) in new[] { (items[0], 366, false), (items[1], 366, true), (items[2], 364, false) })
        {
            var row = (await pipeline.FindAsync(item))!;
            row.ArchivedAt = TimeProvider.System.GetUtcNow().AddDays(-days);
            await pipeline.Get<ObjectLedger>().ReplaceAsync(row, Cancellation);
            await pipeline.Container.DeleteBlobAsync(isContentKept ? ArchiveLayout.ReceiptName(row.Blob!) : row.Blob, cancellationToken: Cancellation);
        }

        var report = await CreateDrill(pipeline).RunAsync(RestoreDrill.DefaultObjects, seed: 1, progress: null, Cancellation);

        Assert.Equal((1, 1, 2), (report.Objects, report.Failed, report.Unread));
        Assert.Equal(items[2].Id, Assert.Single(report.Problems).Id);
    }

    [Fact]
    public async Task Drill_reads_again_what_failed_in_the_one_before_until_it_is_repaired()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = AddObjects(pipeline, 30);
        await pipeline.RunAsync();
        var blob = await FindBlobAsync(pipeline, items[3]);
        var content = (await blob.DownloadContentAsync(Cancellation)).Value;
        await blob.SetHttpHeadersAsync(new BlobHttpHeaders { ContentType = "text/plain" }, cancellationToken: Cancellation);
        Assert.Equal(1, (await CreateDrill(pipeline).RunAsync(30, seed: 1, progress: null, Cancellation)).Failed);
        var failed = await CheckHealthAsync();
        Assert.Equal(HealthStatus.Unhealthy, failed.Status);
        Assert.Contains("downloaded 30 objects, of which 1 cannot be restored as archived", failed.Description, StringComparison.Ordinal);
        Assert.DoesNotContain(items[3].Id, failed.Description, StringComparison.Ordinal);

        for (var seed = 2; seed < 6; seed++)
        {
            Assert.Equal(1, (await CreateDrill(pipeline).RunAsync(1, seed, progress: null, Cancellation)).Failed);
        }

        // One that cannot be read has not been repaired, as far as is known.
        await using var front = await RefusingFront.StartAsync(pipeline.Account);
        await using var behind = await Pipeline.StartAsync(azurite, account: new StorageAccount(front.ConnectionString), simulator: pipeline.Simulator);
        front.Answer = path => path.EndsWith(blob.Name, StringComparison.Ordinal) ? (503, "ServerBusy") : null;
        var report = await CreateDrill(behind).RunAsync(1, seed: 6, progress: null, Cancellation);
        Assert.Equal(1, report.Failed);
        Assert.Contains("Content-Type", Assert.Single(report.Problems).Problem, StringComparison.Ordinal);

        await blob.SetHttpHeadersAsync(
            new BlobHttpHeaders
            {
                ContentType = content.Details.ContentType,
                ContentHash = content.Details.ContentHash,
                ContentDisposition = content.Details.ContentDisposition,
            },
            cancellationToken: Cancellation);
        Assert.True((await CreateDrill(pipeline).RunAsync(1, seed: 6, progress: null, Cancellation)).IsPassed);
        Assert.Equal(HealthStatus.Healthy, (await CheckHealthAsync()).Status);

        async Task<HealthReportEntry> CheckHealthAsync() =>
            (await pipeline.Get<HealthCheckService>().CheckHealthAsync(check => check.Name == "Drill", Cancellation)).Entries["Drill"];
    }

    [Fact]
    public async Task Drill_finds_a_receipt_that_differs_from_its_checksum()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = Assert.Single(AddObjects(pipeline, 1));
        await pipeline.RunAsync();
        var receipt = pipeline.Container.GetBlobClient(ArchiveLayout.ReceiptName((await pipeline.FindAsync(item))!.Blob!));
        var text = (await receipt.DownloadContentAsync(Cancellation)).Value.Content.ToString();
        var damaged = BinaryData.FromString(text.Replace("\"verification\"", " \"verification\"", StringComparison.Ordinal));
        Assert.NotEqual(text, damaged.ToString());
        var md5 = (await receipt.GetPropertiesAsync(cancellationToken: Cancellation)).Value.ContentHash;
        await receipt.UploadAsync(damaged, overwrite: true, Cancellation);
        await receipt.SetHttpHeadersAsync(new BlobHttpHeaders { ContentType = "application/json", ContentHash = md5 }, cancellationToken: Cancellation);

        var report = await CreateDrill(pipeline).RunAsync(RestoreDrill.DefaultObjects, seed: 1, progress: null, Cancellation);

        Assert.Contains("Its receipt is damaged", Assert.Single(report.Problems).Problem, StringComparison.Ordinal);
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

    private static List<SimulatedObject> AddObjects(Pipeline pipeline, int count) => [.. Enumerable.Range(0, count).Select(number =>
        pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = Now.AddHours(-1 - number), Bytes = 300 + number }))];

    private static RestoreDrill CreateDrill(Pipeline pipeline) => pipeline.Create<RestoreDrill>(TimeSpan.FromMilliseconds(1));

    private static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static async Task ReplaceAsync(BlobClient blob, BinaryData content)
    {
        var properties = (await blob.GetPropertiesAsync(cancellationToken: Cancellation)).Value;
        await blob.UploadAsync(content, new BlobUploadOptions { HttpHeaders = new BlobHttpHeaders { ContentType = properties.ContentType } }, Cancellation);
    }

    /// <summary>Has the receipt say of other content that it is what was archived.</summary>
    private static async Task ReplaceReceiptAsync(Pipeline pipeline, string blob, string md5, string sha256, int bytes)
    {
        var receipt = pipeline.Container.GetBlobClient(ArchiveLayout.ReceiptName(blob));
        var body = JsonNode.Parse((await receipt.DownloadContentAsync(Cancellation)).Value.Content.ToString())!;
        (body["content"]!["md5"], body["content"]!["sha256"], body["content"]!["bytes"]) = (md5, sha256, bytes);
        await ReplaceAsync(receipt, BinaryData.FromString(body.ToJsonString()));
    }
}
