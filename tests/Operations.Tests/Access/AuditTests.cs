using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Testing;
using Operations.Access;
using Operations.Commands;
using Testing;

namespace Operations.Tests;

/// <summary>The audit log: its chain, what breaks it, and reading it.</summary>
public sealed class AuditTests(AzuriteFixture azurite)
{
    private static readonly Caller Jane = Viewer("o-jane", "jane@contoso.com");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Verification_refuses_days_that_end_before_they_begin()
    {
        await using var error = new StringWriter();

        var exitCode = await AuditCommand.RunAsync(
            new ConfigurationBuilder().Build(),
            ["verify", "--from", "2026-11-30", "--to", "2026-11-01"],
            TextWriter.Null,
            error,
            Cancellation);

        Assert.NotEqual(0, exitCode);
        Assert.Contains("--to is before --from.", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_line_has_the_hash_of_the_one_before_it_and_accesses_at_the_same_moment_share_an_append()
    {
        var requests = new ConcurrentBag<string>();
        await using var pipeline = await Pipeline.StartAsync(azurite, storagePolicy: new CountingPolicy(requests));
        var log = pipeline.Get<AuditLog>();

        await Task.WhenAll(Enumerable.Range(0, 300).Select(number => log.AppendAsync(Entry(number), Cancellation)));
        await log.AppendAsync(Entry(300), Cancellation);

        var (name, lines) = Assert.Single(await ReadAsync(pipeline.Container));
        Assert.Matches("^_audit/[0-9]{4}/[0-9]{2}/[0-9]{2}/", name);
        Assert.Equal(301, lines.Length);
        Assert.DoesNotContain("\"previous\"", lines[0], StringComparison.Ordinal);
        Assert.All(
            lines.Zip(lines.Skip(1)),
            pair => Assert.EndsWith(
                $",\"previous\":\"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(pair.First)))}\"}}",
                pair.Second,
                StringComparison.Ordinal));
        Assert.StartsWith(
            """
            {"id":"o-jane","name":"jane@contoso.com"},"roles":["Viewer"],"action":"GetObjectText","region":"uk","id":"id-300","parameters":{"q":"300"},"outcome":
            """,
            lines[300][(lines[300].IndexOf("actor", StringComparison.Ordinal) + 7)..],
            StringComparison.Ordinal);
        Assert.InRange(requests.Count(request => request.Contains(name, StringComparison.Ordinal)), 3, 20);
        Assert.Equal(new AuditVerification(1, 301, null), await VerifyAsync(pipeline));
    }

    [Fact]
    public async Task Each_day_and_each_instance_has_its_own_blob_and_a_day_continues_the_one_before_it()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        await using var other = await Pipeline.StartAsync(azurite, time, pipeline.Account);
        for (var day = 0; day < 3; day++)
        {
            await Task.WhenAll(Enumerable.Range(0, 20).SelectMany(number => ((Pipeline[])[pipeline, other])
                .Select(one => one.Get<AuditLog>().AppendAsync(Entry(number), Cancellation))));
            time.Advance(TimeSpan.FromDays(1));
        }

        var blobs = await ReadAsync(pipeline.Container);

        Assert.Equal(6, blobs.Count);
        Assert.All(blobs, blob => Assert.Equal(20, blob.Lines.Length));
        Assert.Equal(4, blobs.Count(blob => blob.Lines[0].Contains("\"continues\":{\"blob\":\"_audit/", StringComparison.Ordinal)));
        Assert.Equal(new AuditVerification(6, 120, null), await VerifyAsync(pipeline));
    }

    [Theory]
    [InlineData("change", "line 5")]
    [InlineData("remove", "line 4")]
    [InlineData("remove-first", "line 1")]
    [InlineData("add", "line 5")]
    [InlineData("swap", "line 4")]
    [InlineData("cut", "line 10")]
    [InlineData("garble", "line 4")]
    [InlineData("empty-line", "line 4")]
    [InlineData("cut-lines", "which no line has")]
    [InlineData("delete", "is not there")]
    public async Task Verification_names_the_first_line_that_does_not_follow(string attack, string expected)
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        for (var number = 0; number < 20; number++)
        {
            time.Advance(number == 10 ? TimeSpan.FromDays(1) : TimeSpan.Zero);
            await pipeline.Get<AuditLog>().AppendAsync(Entry(number), Cancellation);
        }

        Assert.Equal(new AuditVerification(2, 20, null), await VerifyAsync(pipeline));
        var (name, lines) = (await ReadAsync(pipeline.Container))[0];
        var text = string.Concat(lines.Select(line => line + "\n"));
        var forged = attack switch
        {
            "change" => text.Replace("id-3\"", "id-4\"", StringComparison.Ordinal),
            "remove" => text.Replace(lines[3] + "\n", "", StringComparison.Ordinal),
            "remove-first" => text[(lines[0].Length + 1)..],
            "add" => text.Replace(lines[3] + "\n", lines[3] + "\n" + lines[3] + "\n", StringComparison.Ordinal),
            "swap" => text.Replace(lines[3] + "\n" + lines[4], lines[4] + "\n" + lines[3], StringComparison.Ordinal),
            "cut" => text[..^2],
            "garble" => text.Replace(lines[3], "{" + lines[3], StringComparison.Ordinal),
            "empty-line" => text.Replace(lines[3], "\n" + lines[3], StringComparison.Ordinal),
            "cut-lines" => string.Concat(lines.Take(5).Select(line => line + "\n")),
            _ => null,
        };
        Assert.NotEqual(text, forged);
        await pipeline.Container.DeleteBlobAsync(name, cancellationToken: Cancellation);
        if (forged is not null)
        {
            await pipeline.Container.UploadBlobAsync(name, BinaryData.FromString(forged), Cancellation);
        }

        var result = await VerifyAsync(pipeline);

        Assert.Contains(expected, result.Break, StringComparison.Ordinal);
        Assert.Contains(name, result.Break, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verification_takes_the_days_that_it_is_given()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time);
        var first = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        for (var day = 0; day < 3; day++)
        {
            await pipeline.Get<AuditLog>().AppendAsync(Entry(day), Cancellation);
            time.Advance(TimeSpan.FromDays(1));
        }

        Assert.Equal(2, (await pipeline.Get<AuditVerifier>().VerifyAsync(first.AddDays(1), first.AddDays(2), Cancellation)).Blobs);
        Assert.Equal(1, (await pipeline.Get<AuditVerifier>().VerifyAsync(first, first, Cancellation)).Blobs);
        Assert.Equal(0, (await pipeline.Get<AuditVerifier>().VerifyAsync(first.AddDays(-9), first.AddDays(-1), Cancellation)).Blobs);
    }

    [Fact]
    public async Task Log_that_cannot_be_written_says_so_and_goes_on_in_another_blob()
    {
        var failing = new FailingAppends();
        await using var pipeline = await Pipeline.StartAsync(azurite, storagePolicy: failing);
        var log = pipeline.Get<AuditLog>();
        await log.AppendAsync(Entry(0), Cancellation);
        Assert.Null(log.Problem);

        failing.Status = 403;
        var failure = await Assert.ThrowsAsync<AuditLogException>(() => log.AppendAsync(Entry(1), Cancellation));
        Assert.Contains("without it nothing is given", failure.Message, StringComparison.Ordinal);
        Assert.Equal(failure.Message, log.Problem);

        failing.Status = null;
        await log.AppendAsync(Entry(2), Cancellation);
        Assert.Null(log.Problem);
        Assert.Equal(2, (await ReadAsync(pipeline.Container)).Count);
        Assert.Equal(new AuditVerification(2, 2, null), await VerifyAsync(pipeline));
    }

    [Fact]
    public async Task Log_that_can_be_written_again_is_found_so_without_a_line_and_one_that_cannot_is_logged_every_five_minutes()
    {
        var time = new MovableTime();
        var failing = new FailingAppends { Status = 403, FailsCreation = true };
        await using var pipeline = await Pipeline.StartAsync(azurite, time, storagePolicy: failing);
        var logger = new FakeLogger<AuditLog>();
        using var log = new AuditLog(pipeline.Get<AuditContainer>(), time, logger);
        await Assert.ThrowsAsync<AuditLogException>(() => log.AppendAsync(Entry(0), Cancellation));
        await Assert.ThrowsAsync<AuditLogException>(() => log.AppendAsync(Entry(1), Cancellation));
        time.Advance(TimeSpan.FromMinutes(6));
        await log.ProbeAsync(Cancellation);
        Assert.NotNull(log.Problem);
        Assert.Equal(2, logger.Collector.Lines.Count);

        failing.Status = null;
        await log.ProbeAsync(Cancellation);
        Assert.NotNull(log.Problem);
        time.Advance(TimeSpan.FromMinutes(6));
        await log.ProbeAsync(Cancellation);

        Assert.Null(log.Problem);
        Assert.Equal(new AuditVerification(1, 0, null), await VerifyAsync(pipeline));
        await log.AppendAsync(Entry(2), Cancellation);
        Assert.Equal(new AuditVerification(1, 1, null), await VerifyAsync(pipeline));
    }

    [Fact]
    public async Task Append_that_arrived_and_whose_answer_did_not_is_not_written_twice()
    {
        var failing = new FailingAppends { LosesAnswers = true };
        await using var pipeline = await Pipeline.StartAsync(azurite, storagePolicy: failing);

        for (var number = 0; number < 3; number++)
        {
            await pipeline.Get<AuditLog>().AppendAsync(Entry(number), Cancellation);
        }

        Assert.Equal(3, failing.Lost);
        Assert.Equal(3, Assert.Single(await ReadAsync(pipeline.Container)).Lines.Length);
        Assert.Equal(new AuditVerification(1, 3, null), await VerifyAsync(pipeline));
    }

    [Fact]
    public async Task Log_is_read_newest_first_page_by_page_over_days_and_instances()
    {
        var time = new MovableTime();
        await using var one = await Pipeline.StartAsync(azurite, time);
        await using var other = await Pipeline.StartAsync(azurite, time, one.Account);
        var first = time.GetUtcNow();
        for (var number = 0; number < 400; number++)
        {
            var entry = Entry(number, number % 3 == 0 ? Viewer("o-sam", "Sam") : Jane, padding: number % 100 == 7 ? 90_000 : 200);
            await (number % 7 == 0 ? other : one).Get<AuditLog>().AppendAsync(entry, Cancellation);
            time.Advance(number % 120 == 0 ? TimeSpan.FromDays(1) : TimeSpan.FromSeconds(1));
        }

        var all = Enumerable.Range(0, 400).Reverse().ToList();
        Assert.Equal(all, await ReadAllAsync(one, new AuditFilter(), 200));
        Assert.Equal(all, await ReadAllAsync(one, new AuditFilter(), 37));
        Assert.Equal(all.Where(number => number % 3 == 0), await ReadAllAsync(one, new AuditFilter { Actor = "SAM" }, 50));
        Assert.Equal(all.Where(number => number % 3 != 0), await ReadAllAsync(one, new AuditFilter { Actor = "o-jane" }, 50));
        Assert.Equal([200], await ReadAllAsync(one, new AuditFilter { Object = "id-200" }, 50));
        Assert.Equal([200], await ReadAllAsync(one, new AuditFilter { Object = "uk/id-200" }, 50));
        Assert.Empty(await ReadAllAsync(one, new AuditFilter { Object = "ca/id-200" }, 50));

        var page = await one.Get<AuditReader>().ReadAsync(new AuditFilter(), null, 200, Cancellation);
        var (from, to) = (page.Items[150].Time, page.Items[40].Time);
        Assert.Equal(all[41..151], await ReadAllAsync(one, new AuditFilter { From = from, To = to }, 50));
        Assert.Empty(await ReadAllAsync(one, new AuditFilter { To = first }, 50));
        Assert.Empty(await ReadAllAsync(one, new AuditFilter { From = time.GetUtcNow() }, 50));
    }

    [Fact]
    public async Task Changed_line_is_shown_as_unreadable()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        await pipeline.Get<AuditLog>().AppendAsync(Entry(0), Cancellation);
        var (name, _) = Assert.Single(await ReadAsync(pipeline.Container));
        await pipeline.Container.GetAppendBlobClient(name).AppendBlockAsync(new MemoryStream("nonsense\n{}\n"u8.ToArray()), cancellationToken: Cancellation);

        var page = await pipeline.Get<AuditReader>().ReadAsync(new AuditFilter(), null, 50, Cancellation);

        Assert.Equal([AuditItem.Unreadable, AuditItem.Unreadable, "GetObjectText"], page.Items.Select(item => item.Action));
        Assert.Contains(name, page.Items[0].Outcome, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Unreadable_line_is_shown_on_whichever_page_it_is(int limit)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        for (var number = 0; number < 5; number++)
        {
            await pipeline.Get<AuditLog>().AppendAsync(Entry(number), Cancellation);
        }

        var (name, lines) = Assert.Single(await ReadAsync(pipeline.Container));
        var written = lines.ToList();
        written[2] = "x" + written[2];
        await pipeline.Container.DeleteBlobAsync(name, cancellationToken: Cancellation);
        await pipeline.Container.UploadBlobAsync(name, BinaryData.FromString(string.Join('\n', written) + "\n"), Cancellation);

        var shown = new List<string>();
        AuditPosition? after = null;
        do
        {
            var page = await pipeline.Get<AuditReader>().ReadAsync(new AuditFilter(), after, limit, Cancellation);
            shown.AddRange(page.Items.Select(item => item.Action));
            after = page.Next;
        }
        while (after is not null);

        Assert.Equal(["GetObjectText", "GetObjectText", AuditItem.Unreadable, "GetObjectText", "GetObjectText"], shown);
    }

    [Theory]
    [InlineData("")]
    [InlineData("AQ")]
    [InlineData("MQ==")]
    [InlineData("OTk5OTk5OTk5OTk5OTk5OTk5OTkgMCBh")]
    [InlineData("LTEgMCBh")]
    public void Cursor_that_is_none_is_refused(string cursor) => Assert.Null(AuditPosition.Parse(cursor));

    [Fact]
    public async Task Log_goes_to_the_container_of_its_setting()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite, settings: ("Audit__Container", "audit"));

        await pipeline.Get<AuditLog>().AppendAsync(Entry(0), Cancellation);

        Assert.Single(await ReadAsync(pipeline.Account.Blobs.GetBlobContainerClient("audit")));
        Assert.Equal(1, (await VerifyAsync(pipeline)).Lines);
    }

    private static Caller Viewer(string id, string name) => new(id, name, [Role.Viewer], ObjectScope.Everything, ObjectScope.Everything);

    private static AuditEntry Entry(int number, Caller? caller = null, int padding = 0)
    {
        var text = number.ToString(CultureInfo.InvariantCulture);
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal) { ["q"] = text };
        if (padding > 0)
        {
            parameters["body"] = new string('x', padding);
        }

        return new AuditEntry(caller ?? Jane, "GetObjectText", AuditOutcome.Given, "uk", $"id-{text}", parameters);
    }

    private static async Task<List<int>> ReadAllAsync(Pipeline pipeline, AuditFilter filter, int limit)
    {
        var read = new List<int>();
        AuditPosition? position = null;
        do
        {
            var page = await pipeline.Get<AuditReader>().ReadAsync(filter, position, limit, Cancellation);
            Assert.InRange(page.Items.Count, 0, limit);
            read.AddRange(page.Items.Select(item => int.Parse(item.Parameters!["q"], CultureInfo.InvariantCulture)));
            position = page.Next is { } next ? AuditPosition.Parse(next.ToCursor()) : null;
        }
        while (position is not null);
        return read;
    }

    private static Task<AuditVerification> VerifyAsync(Pipeline pipeline) =>
        pipeline.Get<AuditVerifier>().VerifyAsync(DateOnly.MinValue, DateOnly.MaxValue, Cancellation);

    private static async Task<List<(string Name, string[] Lines)>> ReadAsync(BlobContainerClient container)
    {
        var blobs = new List<(string, string[])>();
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, "_audit/", Cancellation))
        {
            var text = (await container.GetBlobClient(blob.Name).DownloadContentAsync(Cancellation)).Value.Content.ToString();
            blobs.Add((blob.Name, text.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        }

        return blobs;
    }

    /// <summary>Appends that are refused, or whose answers get lost on the way once each.</summary>
    private sealed class FailingAppends : HttpPipelinePolicy
    {
        private bool _hasLost;

        public int? Status { get; set; }

        public bool LosesAnswers { get; init; }

        public bool FailsCreation { get; init; }

        public int Lost { get; private set; }

        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => throw new NotSupportedException();

        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            var isAppend = message.Request.Uri.Query.Contains("comp=appendblock", StringComparison.Ordinal);
            var isCreation = message.Request.Method == RequestMethod.Put && message.Request.Uri.Path.EndsWith(".jsonl", StringComparison.Ordinal);
            if ((isAppend || (isCreation && FailsCreation)) && Status is { } status)
            {
                throw new Azure.RequestFailedException(status, "refused");
            }

            await ProcessNextAsync(message, pipeline);
            if (isAppend && LosesAnswers && !_hasLost)
            {
                // What the retry of the client does.
                Lost++;
                _hasLost = true;
                await ProcessAsync(message, pipeline);
                _hasLost = false;
            }
        }
    }
}
