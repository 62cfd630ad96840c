using System.Diagnostics;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Archiving.Archive;
using Archiving.Cases;
using Archiving.Model;
using Archiving.Queues;
using Azure;
using Azure.Core;
using Azure.Data.Tables;
using Operations.Access;
using Operations.Cases;
using Simulator.Objects;
using Testing;

namespace Operations.Tests;

/// <summary>Exports: every byte that the archive has, under readable names, and nothing that differs.</summary>
public sealed class ExportTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static DateTimeOffset LongAgo { get; } = TimeProvider.System.GetUtcNow().AddHours(-5);

    [Fact]
    public async Task Export_unpacks_with_unzip_passes_sha256sum_and_equals_the_archive()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        string[] names =
        [
            "Jane Doe.mp3", "JANE DOE.mp3", "Größe.mp3", "Gro\u0308ße.mp3", "a/b\\c:d.mp3", "CON.mp3", "manifest.csv", "=1+1.mp3", "..",
            new string('ü', 300),
        ];
        var items = names.Select((name, index) => Add(pipeline, name, bytes: index * 1000)).Append(Add(pipeline, "large.mp3", bytes: 9_000_000)).ToList();
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);

        var export = await ExportAsync(pipeline, caseId);

        Assert.Equal("Done", export.State);
        Assert.Empty(export.Problems);
        Assert.Equal((items.Count, items.Sum(item => item.Content.Length)), ((int)export.Objects, export.Bytes));
        var part = Assert.Single(export.Parts);
        var folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            using var client = new HttpClient();
            var zip = Path.Combine(folder, part.Name);
            await using (var file = File.Create(zip))
            {
                await (await client.GetStreamAsync(part.Url, Cancellation)).CopyToAsync(file, Cancellation);
            }

            await using (var file = File.OpenRead(zip))
            {
                Assert.Equal((part.Bytes, part.Sha256), (file.Length, Convert.ToHexStringLower(await SHA256.HashDataAsync(file, Cancellation))));
            }

            await File.WriteAllBytesAsync(Path.Combine(folder, "SHA256SUMS"), await client.GetByteArrayAsync(export.ChecksumsUrl, Cancellation), Cancellation);
            await RunAsync(folder, "unzip", "-q", part.Name);
            var report = await RunAsync(folder, "sha256sum", "-c", "SHA256SUMS");
            var lines = report.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(items.Count * 2, lines.Count(line => line.EndsWith(": OK", StringComparison.Ordinal)));

            using var manifest = JsonDocument.Parse(await client.GetByteArrayAsync(export.ManifestJsonUrl, Cancellation));
            foreach (var item in items)
            {
                var listed = Assert.Single(
                    manifest.RootElement.GetProperty("items").EnumerateArray(),
                    listed => listed.GetProperty("id").GetString() == item.Id);
                var expected = new byte[item.Content.Length];
                item.Content.Fill(expected, 0);
                var bytes = await File.ReadAllBytesAsync(Path.Combine(folder, listed.GetProperty("name").GetString()!), Cancellation);
                Assert.True(expected.AsSpan().SequenceEqual(bytes), listed.ToString());
                Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(expected)), listed.GetProperty("sha256").GetString());
            }

            var csv = (await client.GetStringAsync(export.ManifestCsvUrl, Cancellation)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(items.Count + 1, csv.Length);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Export_has_every_content_of_an_object_that_8x8_changed()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        var (item, other) = (Add(pipeline, "Jane Doe.mp3", bytes: 100), Add(pipeline, "John Doe.mp3", bytes: 300));
        await pipeline.RunAsync();
        pipeline.Simulator.Objects.ReplaceContent(item.Region, item.Id, seed: 7, bytes: 200);
        time.Advance(TimeSpan.FromMinutes(10));
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);

        var export = await ExportAsync(pipeline, caseId);

        // Not by its links: Azure's clock is not the test's.
        Assert.Equal(("Done", 2L, 600L), (export.State, export.Objects, export.Bytes));
        var (store, folder) = (pipeline.Get<ArchiveStore>(), $"_exports/{caseId}/{export.ExportId}/");
        using var manifest = JsonDocument.Parse((await store.ReadAsync(folder + "manifest.json", Cancellation))!);
        var items = manifest.RootElement.GetProperty("items").EnumerateArray().ToList();
        var contents = items.Where(listed => listed.GetProperty("id").GetString() == item.Id).Select(listed => listed.GetProperty("bytes").GetInt32());
        Assert.Equal([100, 200], contents.Order());
        Assert.Single(items, listed => listed.GetProperty("id").GetString() == other.Id);
        Assert.Equal(3, items.Select(listed => listed.GetProperty("name").GetString()).Distinct(StringComparer.Ordinal).Count());
        var zip = new ZipArchive((await store.ReadAsync(folder + Assert.Single(export.Parts).Name, Cancellation))!.ToStream());
        await using (zip)
        {
            var entries = zip.Entries.Where(entry => !entry.Name.EndsWith(".meta.json", StringComparison.Ordinal));
            Assert.Equal([100, 200, 300], entries.Select(entry => entry.Length).Order());
        }
    }

    [Theory]
    [InlineData("=HYPERLINK(\"http://evil\")", "\"'=HYPERLINK(\"\"http://evil\"\")\"")]
    [InlineData("+1", "\"'+1\"")]
    [InlineData("-1", "\"'-1\"")]
    [InlineData("@SUM(1)", "\"'@SUM(1)\"")]
    [InlineData("\t=1", "\"'\t=1\"")]
    [InlineData("a=1", "a=1")]
    public async Task Manifest_has_no_text_that_a_spreadsheet_runs_as_a_formula_and_as_JSON_the_text_itself(string text, string expected)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        pipeline.Simulator.Objects.Add(new ObjectSpecification { Region = "uk", Id = text, Type = text, CreatedTime = LongAgo, Bytes = 100 });
        await pipeline.RunAsync();

        var export = await ExportAsync(pipeline, await CreateAsync(pipeline));

        using var client = new HttpClient();
        var csv = (await client.GetStringAsync(export.ManifestCsvUrl, Cancellation)).Split("\r\n");
        Assert.Contains($",uk,{expected},{expected},", csv[1], StringComparison.Ordinal);
        using var manifest = JsonDocument.Parse(await client.GetByteArrayAsync(export.ManifestJsonUrl, Cancellation));
        var item = Assert.Single(manifest.RootElement.GetProperty("items").EnumerateArray());
        Assert.Equal((text, text), (item.GetProperty("id").GetString(), item.GetProperty("type").GetString()));
    }

    [Fact]
    public async Task Export_fails_and_names_what_differs_and_what_is_missing_and_keeps_no_part_with_it()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = Enumerable.Range(0, 30).Select(index => Add(pipeline, "Jane Doe.mp3", bytes: index == 3 ? 2_000_000 : 100)).ToList();
        await pipeline.RunAsync();
        var blobs = (await Task.WhenAll(items.Select(pipeline.FindAsync))).Select(entry => entry!.Blob!).ToList();
        await pipeline.Container.GetBlobClient(blobs[3]).UploadAsync(BinaryData.FromBytes(new byte[2_000_000]), overwrite: true, Cancellation);
        await pipeline.Container.DeleteBlobAsync(blobs[7], cancellationToken: Cancellation);
        await pipeline.Container.DeleteBlobAsync($"{blobs[11]}.meta.json", cancellationToken: Cancellation);
        var caseId = await CreateAsync(pipeline);

        var export = await ExportAsync(pipeline, caseId);

        Assert.Equal("Failed", export.State);
        Assert.Empty(export.Parts);
        Assert.Null(export.ManifestCsvUrl);
        Assert.Equal(
            new[] { items[3].Id, items[7].Id, items[11].Id }.Order(StringComparer.Ordinal),
            export.Problems.Select(problem => problem.Id).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(await pipeline.ReadNamesAsync(), name => name.StartsWith("_exports/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("BlobArchived")]
    [InlineData("BlobBeingRehydrated")]
    public async Task Export_names_every_object_in_the_archive_tier(string code)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = Enumerable.Range(0, 3).Select(index => Add(pipeline, "Jane Doe.mp3", bytes: index == 1 ? 2_000_000 : 100)).ToList();
        await pipeline.RunAsync();
        var blobs = (await Task.WhenAll(items.Select(pipeline.FindAsync))).Select(entry => entry!.Blob!).ToList();
        await using var front = await RefusingFront.StartAsync(pipeline.Account);
        await using var behind = await Pipeline.StartAsync(azurite, account: new StorageAccount(front.ConnectionString), simulator: pipeline.Simulator);
        string[] archived = [$"/{blobs[0]}.meta.json", $"/{blobs[1]}"];
        front.Answer = path => archived.Any(blob => path.EndsWith(blob, StringComparison.Ordinal)) ? (409, code) : null;

        var export = await ExportAsync(behind, await CreateAsync(behind));

        Assert.Equal("Failed", export.State);
        Assert.Equal(
            new[] { items[0].Id, items[1].Id }.Order(StringComparer.Ordinal),
            export.Problems.Select(problem => problem.Id).Order(StringComparer.Ordinal));
        Assert.All(export.Problems, problem => Assert.Contains("archive tier", problem.Problem, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Export_of_an_object_that_is_not_archived_fails_before_it_reads_anything()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: [("Listing__StartFrom", LongAgo.AddHours(-1).ToString("O"))]);
        Add(pipeline, "Jane Doe.mp3", bytes: 100);
        await pipeline.PlanAndListAsync();
        var caseId = await CreateAsync(pipeline);

        var export = await ExportAsync(pipeline, caseId);

        Assert.Equal("Failed", export.State);
        Assert.Contains("Queued", Assert.Single(export.Problems).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_that_was_interrupted_anywhere_ends_as_one_that_was_not()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        foreach (var _ in Enumerable.Range(0, 20))
        {
            Add(pipeline, "Jane Doe.mp3", bytes: 300_000);
        }

        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        var started = await pipeline.Get<CaseBook>().ExportAsync((await pipeline.Get<CaseBook>().FindAsync(caseId, Cancellation))!, "test", Cancellation);
        var message = CaseMessage.About(caseId, started.ExportId);
        var random = new Random(20261128);
        var interrupted = 0;
        while ((await ReadAsync(pipeline, caseId, started.ExportId)).State == "Running")
        {
            // A crash is a cancellation that nothing is written after.
            using var crash = new CancellationTokenSource(TimeSpan.FromMilliseconds(random.Next(1, (int)(40 * Math.Pow(1.1, interrupted)))));
            try
            {
                await pipeline.Get<CaseExporter>().ExportAsync(message, crash.Token);
            }
            catch (Exception) when (crash.IsCancellationRequested)
            {
                interrupted++;
            }
        }

        Assert.True(interrupted > 3, $"{interrupted} interruptions");
        var export = await ReadAsync(pipeline, caseId, started.ExportId);
        Assert.Equal(("Done", 20L), (export.State, export.Objects));
        var part = Assert.Single(export.Parts);
        using var client = new HttpClient();
        var bytes = await client.GetByteArrayAsync(part.Url, Cancellation);
        Assert.Equal(part.Sha256, Convert.ToHexStringLower(SHA256.HashData(bytes)));
        await using var zip = new ZipArchive(new MemoryStream(bytes));
        var sums = (await client.GetStringAsync(export.ChecksumsUrl, Cancellation)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(40, zip.Entries.Count);
        foreach (var line in sums)
        {
            await using var entry = await zip.GetEntry(line[66..])!.OpenAsync(Cancellation);
            Assert.Equal(line[..64], Convert.ToHexStringLower(await SHA256.HashDataAsync(entry, Cancellation)));
        }
    }

    [Fact]
    public async Task Export_has_all_objects_of_its_plan_when_a_second_delivery_plans_a_case_that_has_fewer_by_then()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = Enumerable.Range(0, 20).Select(_ => Add(pipeline, "Jane Doe.mp3", bytes: 100)).ToList();
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        var (export, message) = await StartAsync(pipeline, caseId);
        await pipeline.Get<CaseExporter>().ExportAsync(message, Cancellation);
        await RemoveAsync(pipeline, caseId, items.Take(5));

        // What a delivery does that read the export before the first one had planned it.
        Assert.False(await pipeline.Get<ExportPlanner>().TryPlanAsync(export, Cancellation));
        await DeliverAsync(pipeline);

        var done = await ReadAsync(pipeline, caseId, export.ExportId);
        Assert.Equal(("Done", 20L), (done.State, done.Objects));
        using var client = new HttpClient();
        using var manifest = JsonDocument.Parse(await client.GetByteArrayAsync(done.ManifestJsonUrl, Cancellation));
        Assert.Equal(
            items.Select(item => item.Id).Order(StringComparer.Ordinal),
            manifest.RootElement.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Plan_of_an_export_that_another_delivery_has_taken_over_counts_no_more_and_leaves_no_rows()
    {
        var beforeBatch = new RequestHook(request => request.Uri.Path.EndsWith("/$batch", StringComparison.Ordinal));
        await using var pipeline = await Pipeline.StartAsync(azurite, storagePolicy: beforeBatch);
        foreach (var _ in Enumerable.Range(0, 40))
        {
            Add(pipeline, "Jane Doe.mp3", bytes: 100);
        }

        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        var (export, message) = await StartAsync(pipeline, caseId);
        var second = 0;
        beforeBatch.Action = async () =>
        {
            await pipeline.Get<CaseExporter>().ExportAsync(message, Cancellation);
            second = (await ReadRowsAsync(pipeline, export)).Count;
        };

        await pipeline.Get<CaseExporter>().ExportAsync(message, Cancellation);

        Assert.Equal(41, second);
        Assert.Equal(41, (await ReadRowsAsync(pipeline, export)).Count);
        await DeliverAsync(pipeline);
        var done = await ReadAsync(pipeline, caseId, export.ExportId);
        Assert.Equal(("Done", 40L), (done.State, done.Objects));
    }

    [Fact]
    public async Task Part_that_another_delivery_completed_stays_complete_when_this_one_fails()
    {
        var isEnded = false;
        var hook = new RequestHook(request => isEnded
            ? request.Uri.Path.EndsWith("part-0001.zip", StringComparison.Ordinal)
            : request.Method == RequestMethod.Put && Uri.UnescapeDataString(request.Uri.Path).Contains("RowKey='part|", StringComparison.Ordinal));
        await using var pipeline = await Pipeline.StartAsync(azurite, storagePolicy: hook);
        Add(pipeline, "Jane Doe.mp3", bytes: 100);
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        var (export, message) = await StartAsync(pipeline, caseId);
        var exporter = pipeline.Get<CaseExporter>();
        await exporter.ExportAsync(message, Cancellation);
        hook.Action = async () =>
        {
            await DeliverAsync(pipeline);
            Assert.Equal("Done", (await ReadAsync(pipeline, caseId, export.ExportId)).State);
            isEnded = true;
            hook.Action = () => throw new InvalidOperationException("The app ended here.");
        };

        await Record.ExceptionAsync(() => exporter.ExportAsync(message, Cancellation));

        Assert.True(isEnded);
        var done = await ReadAsync(pipeline, caseId, export.ExportId);
        Assert.Equal(("Done", 1), (done.State, done.Parts.Count));
    }

    [Theory]
    [InlineData("object|", "19 of the 20 objects of part-0001.zip are on record.")]
    [InlineData("part|", "0 of its 1 parts are on record.")]
    public async Task Export_that_lacks_a_row_of_its_plan_fails_and_says_which(string prefix, string problem)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        foreach (var _ in Enumerable.Range(0, 20))
        {
            Add(pipeline, "Jane Doe.mp3", bytes: 100);
        }

        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        var (export, message) = await StartAsync(pipeline, caseId);
        await pipeline.Get<CaseExporter>().ExportAsync(message, Cancellation);
        var lost = (await ReadRowsAsync(pipeline, export)).Find(row => row.RowKey.StartsWith(prefix, StringComparison.Ordinal))!;
        await pipeline.Account.Tables.GetTableClient(CaseStore.TableName).DeleteEntityAsync(lost.PartitionKey, lost.RowKey, ETag.All, Cancellation);

        await DeliverAsync(pipeline);

        var failed = await ReadAsync(pipeline, caseId, export.ExportId);
        Assert.Equal(("Failed", $"The export is not complete: {problem} Export the case again."), (failed.State, failed.Problem));
        Assert.Null(failed.ManifestCsvUrl);
    }

    [Fact]
    public async Task Export_forgets_the_error_of_an_attempt_when_the_next_one_writes_the_part()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        Add(pipeline, "Jane Doe.mp3", bytes: 100);
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        var (export, message) = await StartAsync(pipeline, caseId);
        await pipeline.Get<CaseExporter>().ExportAsync(message, Cancellation);
        var planned = (await pipeline.Get<CaseStore>().FindExportAsync(caseId, export.ExportId, Cancellation))!;
        planned.Problem = "An attempt failed.";
        Assert.True(await pipeline.Get<CaseStore>().TryWriteAsync(planned, Cancellation));

        await pipeline.Get<CaseExporter>().ExportAsync(message, Cancellation);

        var written = (await pipeline.Get<CaseStore>().FindExportAsync(caseId, export.ExportId, Cancellation))!;
        Assert.Equal(("Running", null), (written.State, written.Problem));
    }

    [Fact]
    public async Task Export_has_what_an_instance_added_whose_clock_is_fast()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        Add(pipeline, "Jane Doe.mp3", bytes: 100);
        await pipeline.RunAsync();
        time.Advance(TimeSpan.FromSeconds(30));
        var caseId = await CreateAsync(pipeline);
        time.Advance(TimeSpan.FromSeconds(-30));

        var export = await ExportAsync(pipeline, caseId);

        Assert.Equal(("Done", 1L), (export.State, export.Objects));
        Assert.Single(export.Parts);
    }

    [Fact]
    public async Task Export_fails_when_the_case_has_fewer_objects_than_when_it_was_requested_and_the_next_one_does_not()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var items = Enumerable.Range(0, 3).Select(_ => Add(pipeline, "Jane Doe.mp3", bytes: 100)).ToList();
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        var (export, message) = await StartAsync(pipeline, caseId);
        await RemoveAsync(pipeline, caseId, items.Take(1));
        await pipeline.Get<CaseExporter>().ExportAsync(message, Cancellation);

        var failed = await ReadAsync(pipeline, caseId, export.ExportId);
        var again = await ExportAsync(pipeline, caseId);

        Assert.Equal("Failed", failed.State);
        Assert.Equal("The case had 3 objects when the export was requested, and 2 of them were found. Export it again.", failed.Problem);
        Assert.Equal(("Done", 2L), (again.State, again.Objects));
    }

    [Fact]
    public async Task Export_of_a_case_that_has_fewer_objects_fails_when_the_first_delivery_ended_before_it_could_say_so()
    {
        var beforeCase = new RequestHook(request => request.Method == RequestMethod.Put
            && Uri.UnescapeDataString(request.Uri.Path).Contains($"PartitionKey='{CaseRow.Partition}'", StringComparison.Ordinal));
        await using var pipeline = await Pipeline.StartAsync(azurite, storagePolicy: beforeCase);
        var items = Enumerable.Range(0, 3).Select(_ => Add(pipeline, "Jane Doe.mp3", bytes: 100)).ToList();
        await pipeline.RunAsync();
        var caseId = await CreateAsync(pipeline);
        var (export, message) = await StartAsync(pipeline, caseId);
        await RemoveAsync(pipeline, caseId, items.Take(1));
        beforeCase.Action = () => throw new InvalidOperationException("The count is not written.");
        await Assert.ThrowsAsync<InvalidOperationException>(() => pipeline.Get<CaseExporter>().ExportAsync(message, Cancellation));

        await pipeline.Get<CaseExporter>().ExportAsync(message, Cancellation);
        await DeliverAsync(pipeline);

        var failed = await ReadAsync(pipeline, caseId, export.ExportId);
        Assert.Equal("Failed", failed.State);
        Assert.Equal("The case had 3 objects when the export was requested, and 2 of them were found. Export it again.", failed.Problem);
    }

    [Fact]
    public void Export_names_are_unique_on_every_system_and_fit()
    {
        var names = new ExportNames();
        string[] wanted = ["a.mp3", "A.MP3", "a.mp3.meta.json", "e\u0301.mp3", "é.mp3", new string('漢', 199) + ".mp3", "SHA256sums"];
        var taken = Enumerable.Range(0, 500).SelectMany(_ => wanted).Select(names.Take).ToList();

        Assert.Equal(taken.Count, taken.Select(FoldedText.Of).Distinct(StringComparer.Ordinal).Count());
        var all = taken.SelectMany(name => new[] { name, $"{name}.meta.json" }).ToList();
        Assert.Equal(all.Count, all.Select(FoldedText.Of).Distinct(StringComparer.Ordinal).Count());
        Assert.All(all, name => Assert.InRange(Encoding.UTF8.GetByteCount(name), 1, 255));
        Assert.DoesNotContain(taken, name => string.Equals(name, "SHA256SUMS", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(["part-0001 (2).zip", "Part-10000 (2).ZIP"], ((string[])["part-0001.zip", "Part-10000.ZIP"]).Select(names.Take));
    }

    private static SimulatedObject Add(Pipeline pipeline, string name, long bytes) => pipeline.Simulator.Objects.Add(
        new ObjectSpecification { Region = "uk", CreatedTime = LongAgo, MimeType = "audio/mpeg", ObjectName = name, Bytes = bytes });

    private static async Task<string> CreateAsync(Pipeline pipeline)
    {
        var book = pipeline.Get<CaseBook>();
        var caseId = (await book.CreateAsync("Doe against Smith", "A letter of 3 May", Caller.FunctionKey, Cancellation)).CaseId;
        await book.AddAsync((await book.FindAsync(caseId, Cancellation))!, [], new CaseSearch(Region: "uk"), Cancellation);
        while (await pipeline.DeliverAsync(QueueNames.ChangeCases, pipeline.ChangeCaseAsync) > 0)
        {
        }

        return caseId;
    }

    private static async Task<ExportDetails> ExportAsync(Pipeline pipeline, string caseId)
    {
        var book = pipeline.Get<CaseBook>();
        var started = await book.ExportAsync((await book.FindAsync(caseId, Cancellation))!, "test", Cancellation);
        Assert.Equal(started, await book.ExportAsync((await book.FindAsync(caseId, Cancellation))!, "test", Cancellation));
        await DeliverAsync(pipeline);
        return await ReadAsync(pipeline, caseId, started.ExportId);
    }

    /// <summary>Asks for an export, and takes its message out of the queue.</summary>
    private static async Task<(ExportRow Export, CaseMessage Message)> StartAsync(Pipeline pipeline, string caseId)
    {
        var book = pipeline.Get<CaseBook>();
        var started = await book.ExportAsync((await book.FindAsync(caseId, Cancellation))!, "test", Cancellation);
        await pipeline.Account.Queues.GetQueueClient(QueueNames.ExportCases).ClearMessagesAsync(Cancellation);
        var export = await pipeline.Get<CaseStore>().FindExportAsync(caseId, started.ExportId, Cancellation);
        return (export!, CaseMessage.About(caseId, started.ExportId));
    }

    private static async Task DeliverAsync(Pipeline pipeline)
    {
        while (await pipeline.DeliverAsync(QueueNames.ExportCases, pipeline.ExportCaseAsync) > 0)
        {
        }
    }

    private static async Task RemoveAsync(Pipeline pipeline, string caseId, IEnumerable<SimulatedObject> items)
    {
        var book = pipeline.Get<CaseBook>();
        var row = (await book.FindAsync(caseId, Cancellation))!;
        var (members, _) = await book.FindMembersAsync(row, [.. items.Select(item => new CaseObject(item.Region, item.Id, item.CreatedTime))], Cancellation);
        await book.RemoveAsync(row, members, search: null, Cancellation);
    }

    /// <summary>The rows of an export's parts and objects.</summary>
    private static ValueTask<List<TableEntity>> ReadRowsAsync(Pipeline pipeline, ExportRow export) => pipeline.Account.Tables
        .GetTableClient(CaseStore.TableName)
        .QueryAsync<TableEntity>(row => row.PartitionKey == CaseStore.ExportPartition(export), cancellationToken: Cancellation)
        .ToListAsync(Cancellation);

    private static async Task<ExportDetails> ReadAsync(Pipeline pipeline, string caseId, string exportId) =>
        (await pipeline.Get<ExportReader>().ReadAsync(caseId, exportId, Cancellation))!;

    private static async Task<string> RunAsync(string folder, string program, params string[] arguments)
    {
        // unzip writes names in UTF-8 only where the locale has it.
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C.UTF-8";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Cancellation);
        var error = await process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        var text = await output;
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {text}{error}");
        return text;
    }
}
