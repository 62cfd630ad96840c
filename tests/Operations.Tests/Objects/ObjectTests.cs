using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Azurite;
using Operations.Access;
using Operations.Objects;
using Operations.Search;
using Simulator.Objects;
using Testing;

namespace Operations.Tests;

/// <summary>One object: its content by a link, its text, and archiving it again.</summary>
public sealed class ObjectTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static DateTimeOffset LongAgo { get; } = TimeProvider.System.GetUtcNow().AddHours(-5);

    [Theory]
    [InlineData("8x8 refuses the object (403). 8x8 answered: {\"owner\":\"Jane\"}", "8x8 refuses the object (403). 8x8 sent: ***")]
    [InlineData("The record cannot be read. 8x8 sent: {\"id\":1,\"name\":\"Jane\"", "The record cannot be read. 8x8 sent: ***")]
    [InlineData("Its state is unknown. 8x8 sent for objectState: Jane", "Its state is unknown. 8x8 sent: ***")]
    [InlineData("The host is a.example, which answered: 8x8 sent: Jane", "The host is a.example 8x8 sent: ***")]
    [InlineData("8x8 has no content.", "8x8 has no content.")]
    public async Task Object_shows_what_its_reason_quotes_only_to_who_may_see_names(string reason, string expected)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var entry = new LedgerEntry { Region = "uk", Id = "a", Type = "callrecording", LastError = reason };
        var caller = new Caller("id", "Ann", [Role.Operator], ObjectScope.Everything, ObjectScope.Nothing);
        var retention = pipeline.Get<ArchiverOptions>().Retention;

        Assert.Equal(expected, ObjectItem.Of(entry, retention, caller).LastError);
        Assert.Equal(reason, ObjectItem.Of(entry, retention, Caller.FunctionKey).LastError);
    }

    [Fact]
    public async Task Content_link_is_for_reading_and_for_five_minutes()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("Archive__DownloadName", "{createdTime} {direction} {objectName}{ext}"));
        const string Name = "a/../Überprüfung \"x\"\r\nX-Evil: 1";
        var item = pipeline.Simulator.Objects.Add(
            new ObjectSpecification { CreatedTime = LongAgo, MimeType = "audio/mpeg", ObjectName = Name, Bytes = 5000 });
        await pipeline.RunAsync();
        var entry = await pipeline.FindAsync(item);

        var link = await pipeline.Get<ObjectContents>().LinkAsync(entry!, save: false, isNamed: true, Cancellation);

        using var client = new HttpClient();
        using var answer = await client.GetAsync(link.Url, Cancellation);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(5000, (await answer.Content.ReadAsByteArrayAsync(Cancellation)).Length);
        Assert.Equal("audio/mpeg", answer.Content.Headers.ContentType!.ToString());
        Assert.Equal("inline", answer.Content.Headers.ContentDisposition!.DispositionType);
        var name = LongAgo.UtcDateTime.ToString("yyyy-MM-dd HHmm", CultureInfo.InvariantCulture) + " a_.._Überprüfung _x_ X-Evil_ 1.mp3";
        Assert.Equal(name, answer.Content.Headers.ContentDisposition.FileNameStar);
        Assert.Equal(name.Replace('Ü', '_').Replace('ü', '_'), answer.Content.Headers.ContentDisposition.FileName);
        Assert.False(answer.Headers.Contains("X-Evil"));
        Assert.InRange(link.ExpiresOn - time.GetUtcNow(), TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5));
        await AssertReadsOnlyAsync(client, link);
        var saved = await pipeline.Get<ObjectContents>().LinkAsync(entry!, save: true, isNamed: true, Cancellation);
        using var attachment = await client.GetAsync(saved.Url, Cancellation);
        Assert.Equal("attachment", attachment.Content.Headers.ContentDisposition!.DispositionType);

        var played = await pipeline.Get<ObjectContents>().LinkAsync(entry!, save: false, isNamed: false, Cancellation);
        Assert.DoesNotContain("berpr", Uri.UnescapeDataString(played.Url.AbsoluteUri), StringComparison.Ordinal);
        using var media = await client.GetAsync(played.Url, Cancellation);
        Assert.Equal("inline", media.Content.Headers.ContentDisposition!.ToString());

        time.Advance(TimeSpan.FromMinutes(-6));
        var old = await pipeline.Get<ObjectContents>().LinkAsync(entry!, save: false, isNamed: true, Cancellation);
        using var late = await client.GetAsync(old.Url, Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, late.StatusCode);
    }

    [Theory]
    [InlineData("text/html", "application/octet-stream", "attachment")]
    [InlineData("TEXT/HTML; charset=utf-8", "application/octet-stream", "attachment")]
    [InlineData("image/svg+xml", "application/octet-stream", "attachment")]
    [InlineData("application/xhtml+xml", "application/octet-stream", "attachment")]
    [InlineData("application/pdf", "application/octet-stream", "attachment")]
    [InlineData("text/javascript", "application/octet-stream", "attachment")]
    [InlineData("no type at all", "application/octet-stream", "attachment")]
    [InlineData(null, "application/octet-stream", "attachment")]
    [InlineData("audio/mpeg, text/html", "application/octet-stream", "attachment")]
    [InlineData("Audio/WAV", "audio/wav", "inline")]
    [InlineData("video/mp4; codecs=\"avc1\"", "video/mp4", "inline")]
    [InlineData("text/plain", "text/plain; charset=utf-8", "inline")]
    [InlineData("application/json", "application/json", "inline")]
    public async Task Content_link_lets_a_browser_show_nothing_that_can_hold_a_script(string? mimeType, string type, string disposition)
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var entry = new LedgerEntry { Id = "1", State = nameof(LedgerState.Archived), MimeType = mimeType, Blob = "uk/x/1" };

        var link = await pipeline.Get<ObjectContents>().LinkAsync(entry, save: false, isNamed: true, Cancellation);

        var query = System.Web.HttpUtility.ParseQueryString(link.Url.Query);
        Assert.Equal(type, query["rsct"]);
        Assert.StartsWith(disposition + ";", query["rscd"], StringComparison.Ordinal);
        Assert.Equal("r", query["sp"]);
        Assert.Equal("b", query["sr"]);
    }

    [Fact]
    public async Task Content_link_is_signed_with_a_key_that_the_storage_gives_the_apps_identity()
    {
        await using var server = await AzuriteServer.StartAsync(secure: true, cancellationToken: Cancellation);
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.Add(server.Certificate!);
        using var handler = new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = trust } };
        using var transport = new HttpClientTransport(handler);
        var requests = new System.Collections.Concurrent.ConcurrentBag<string>();
        var options = new BlobClientOptions { Transport = transport };
        options.AddPolicy(new CountingPolicy(requests), HttpPipelinePosition.PerRetry);
        var address = new BlobServiceClient(server.NewAccountConnectionString(), new BlobClientOptions { Transport = transport }).Uri;
        var blobs = new BlobServiceClient(address, new StaticCredential(), options);
        var container = blobs.GetBlobContainerClient("recordings");
        await container.CreateAsync(cancellationToken: Cancellation);
        await container.GetBlobClient("uk/x/1.wav").UploadAsync(BinaryData.FromString("sound"), Cancellation);
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var time = new MovableTime();
        using var links = new ContentLinks(blobs, pipeline.Get<ArchiverOptions>(), time);
        requests.Clear();

        var link = await links.CreateAsync("uk/x/1.wav", "audio/wav", "call.wav", save: false, Cancellation);

        using var client = new HttpClient(handler, disposeHandler: false);
        using var answer = await client.GetAsync(link.Url, Cancellation);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal("sound", await answer.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal("audio/wav", answer.Content.Headers.ContentType!.ToString());
        Assert.Contains("spr=https&", link.Url.Query, StringComparison.Ordinal);
        Assert.Contains("skoid=", link.Url.Query, StringComparison.Ordinal);
        await AssertReadsOnlyAsync(client, link);

        // One key does for most of its hour, and no link outlives it.
        time.Advance(TimeSpan.FromMinutes(45));
        await links.CreateAsync("uk/x/1.wav", "audio/wav", "call.wav", save: false, Cancellation);
        Assert.Single(requests);
        time.Advance(TimeSpan.FromMinutes(10));
        await links.CreateAsync("uk/x/1.wav", "audio/wav", "call.wav", save: false, Cancellation);
        Assert.Equal(2, requests.Count);
    }

    [Fact]
    public async Task Content_link_says_when_the_storage_gives_no_key()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        using var transport = new HttpClientTransport(new RefusingHandler());
        var blobs = new BlobServiceClient(
            new Uri("https://account.blob.core.windows.net"),
            new StaticCredential(),
            new BlobClientOptions { Transport = transport });
        using var links = new ContentLinks(blobs, pipeline.Get<ArchiverOptions>(), TimeProvider.System);

        var outage = await Assert.ThrowsAsync<OutageException>(() => links.CreateAsync("b", mimeType: null, "call", save: false, Cancellation));

        Assert.Contains("Storage Blob Delegator", outage.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Place_is_found_as_far_as_texts_are_searched()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        await pipeline.Container.CreateAsync(cancellationToken: Cancellation);
        var lines = string.Concat(Enumerable.Repeat("Good morning.\n", ArchivedText.MaxSearchedBytes / 14 - 10));
        await pipeline.Container.GetBlobClient("long").UploadAsync(BinaryData.FromString($"{lines}The zeppelin has come."), cancellationToken: Cancellation);
        var entry = new LedgerEntry { State = "Archived", MimeType = "text/plain", Blob = "long" };

        Assert.True(lines.Length > ObjectContents.MaxTextBytes);
        var searched = (await pipeline.Get<ObjectContents>().ReadSearchedTextAsync(entry, Cancellation)).Text;
        Assert.Equal("The zeppelin has come.", SpokenPlace.Find(searched, "zeppelin"));
        Assert.Null(SpokenPlace.Find(searched, "refund"));
    }

    [Fact]
    public async Task Content_that_is_text_is_shown_and_nothing_else()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        await pipeline.Container.CreateAsync(cancellationToken: Cancellation);
        var contents = pipeline.Get<ObjectContents>();

        Assert.Equal(new ObjectText("Grüße ☎", IsWhole: true), await ReadAsync("Grüße ☎"u8.ToArray(), "text/vtt"));
        Assert.Equal(new ObjectText("", IsWhole: true), await ReadAsync([], "application/json"));
        Assert.Equal(new ObjectText("<script>", IsWhole: true), await ReadAsync("<script>"u8.ToArray(), "text/html"));
        Assert.Equal(
            new ObjectText("hé", IsWhole: true),
            await ReadAsync([.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("hé")], "text/plain"));
        var exact = await ReadAsync(Encoding.UTF8.GetBytes(new string('a', ObjectContents.MaxTextBytes)), "text/plain");
        Assert.Equal((ObjectContents.MaxTextBytes, true), (exact.Text.Length, exact.IsWhole));
        var cut = await ReadAsync(Encoding.UTF8.GetBytes("a" + string.Concat(Enumerable.Repeat("é", 200_000))), "text/plain");
        Assert.Equal((ObjectContents.MaxTextBytes / 2, false), (cut.Text.Length, cut.IsWhole));
        Assert.EndsWith("é", cut.Text, StringComparison.Ordinal);
        var garbage = await ReadAsync([.. Enumerable.Repeat((byte)0xFF, ObjectContents.MaxTextBytes)], "text/plain");
        Assert.InRange(Encoding.UTF8.GetByteCount(garbage.Text), 0, ObjectContents.MaxTextBytes);
        await Assert.ThrowsAsync<RefusedException>(() => ReadAsync("x"u8.ToArray(), "audio/mpeg"));
        await Assert.ThrowsAsync<RefusedException>(
            () => contents.ReadTextAsync(new LedgerEntry { State = "Archived", MimeType = "text/plain", Blob = "not there" }, Cancellation));

        async Task<ObjectText> ReadAsync(byte[] content, string mimeType)
        {
            var blob = Guid.NewGuid().ToString();
            await pipeline.Container.GetBlobClient(blob).UploadAsync(BinaryData.FromBytes(content), Cancellation);
            return await contents.ReadTextAsync(new LedgerEntry { State = "Archived", MimeType = mimeType, Blob = blob }, Cancellation);
        }
    }

    [Fact]
    public async Task Object_that_is_not_archived_or_is_damaged_has_no_content()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var contents = pipeline.Get<ObjectContents>();

        foreach (var entry in (LedgerEntry[])[
            new() { State = "Queued", MimeType = "text/plain" },
            new() { State = "Queued", MimeType = "text/plain", Blob = "b", Damaged = "b" }])
        {
            await Assert.ThrowsAsync<RefusedException>(() => contents.LinkAsync(entry, save: false, isNamed: true, Cancellation));
            await Assert.ThrowsAsync<RefusedException>(() => contents.ReadTextAsync(entry, Cancellation));
        }
    }

    [Fact]
    public async Task Requeue_archives_a_failed_object_again()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = LongAgo });
        var entry = LedgerEntry.Queued(
            item.Region,
            EightByEight.StorageObject.Parse(BinaryData.FromObjectAsJson(new { id = item.Id, createdTime = "2026-11-01T10:00:00" })),
            LongAgo);
        (entry.State, entry.Attempts, entry.LastError, entry.CreatedTime) = (nameof(LedgerState.Failed), 5, "It failed.", LongAgo);
        entry.PartitionKey = LedgerKey.Partition(item.Region, LongAgo);
        await pipeline.Get<ObjectLedger>().ReplaceAsync(entry, Cancellation);

        Assert.Equal(QueueNames.ArchiveObjects, await RequeueAsync(pipeline, item));
        Assert.Equal("Queued", await pipeline.StateAsync(item));
        await pipeline.DeliverAllAsync();

        await pipeline.AssertArchivedAsync(item);
    }

    [Fact]
    public async Task Requeue_never_makes_an_archived_object_less()
    {
        await using var pipeline = await Pipeline.StartAsync(azurite);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { CreatedTime = LongAgo });
        await pipeline.RunAsync();

        Assert.Equal(QueueNames.ArchiveObjects, await RequeueAsync(pipeline, item));
        Assert.Equal("Archived", await pipeline.StateAsync(item));
        await pipeline.DeliverAllAsync();
        await pipeline.AssertArchivedAsync(item);

        pipeline.Simulator.Objects.Remove(item.Region, item.Id);
        await RequeueAsync(pipeline, item);
        await pipeline.DeliverAllAsync();
        await pipeline.AssertArchivedAsync(item);

        var entry = (await pipeline.FindAsync(item))!;
        entry.State = nameof(LedgerState.Purged);
        await pipeline.Get<ObjectLedger>().ReplaceAsync(entry, Cancellation);
        await Assert.ThrowsAsync<RefusedException>(() => RequeueAsync(pipeline, item));
        Assert.Equal(0, await pipeline.CountAsync(QueueNames.ArchiveObjects));
    }

    [Fact]
    public async Task Requeue_takes_over_a_restore_that_is_under_way_without_paying_twice()
    {
        var time = new MovableTime();
        await using var pipeline = await Pipeline.StartAsync(azurite, time, settings: ("Restore__PollInterval", "00:05:00"));
        pipeline.Simulator.Account.RestoreTime = TimeSpan.FromHours(1);
        var item = pipeline.Simulator.Objects.Add(new ObjectSpecification { State = "ARCHIVED", CreatedTime = LongAgo });
        await pipeline.RunAsync();
        Assert.Equal("Restoring", await pipeline.StateAsync(item));

        Assert.Equal(QueueNames.RestoreObjects, await RequeueAsync(pipeline, item));
        Assert.Equal("Restoring", await pipeline.StateAsync(item));
        time.Advance(TimeSpan.FromHours(2));
        await Eventually.HoldsAsync(
            async () =>
            {
                await pipeline.DeliverAllAsync();
                return await pipeline.StateAsync(item) == "Archived";
            },
            "it is archived");

        await pipeline.AssertArchivedAsync(item);
        Assert.Equal(1, pipeline.Simulator.Counters["restore"]);
    }

    private static async Task<string> RequeueAsync(Pipeline pipeline, SimulatedObject item) =>
        await pipeline.Get<ObjectRequeuer>().RequeueAsync((await pipeline.FindAsync(item))!, Cancellation);

    private static async Task AssertReadsOnlyAsync(HttpClient client, ContentLink link)
    {
        using var put = new HttpRequestMessage(HttpMethod.Put, link.Url) { Content = new StringContent("other") };
        put.Headers.Add("x-ms-blob-type", "BlockBlob");
        using var refusedPut = await client.SendAsync(put, Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, refusedPut.StatusCode);
        using var refusedDelete = await client.DeleteAsync(link.Url, Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, refusedDelete.StatusCode);
        using var other = await client.GetAsync(new UriBuilder(link.Url) { Path = link.Url.AbsolutePath + ".meta.json" }.Uri, Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, other.StatusCode);
    }

    /// <summary>A token as the emulator takes it: well-formed, unsigned.</summary>
    private sealed class StaticCredential : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            var now = TimeProvider.System.GetUtcNow();
            var claims = new
            {
                aud = "https://storage.azure.com",
                iss = "https://sts.windows.net/11111111-1111-1111-1111-111111111111/",
                nbf = now.AddMinutes(-5).ToUnixTimeSeconds(),
                iat = now.AddMinutes(-5).ToUnixTimeSeconds(),
                exp = now.AddHours(2).ToUnixTimeSeconds(),
                oid = Guid.Empty,
                tid = Guid.Empty,
            };
            return new AccessToken(
                $"{Encode("""{"alg":"RS256","typ":"JWT"}""")}.{Encode(JsonSerializer.Serialize(claims))}.{Encode("unsigned")}",
                now.AddHours(2));
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new(GetToken(requestContext, cancellationToken));

        private static string Encode(string text) => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
    }

    private sealed class RefusingHandler : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = new HttpResponseMessage(HttpStatusCode.Forbidden) { RequestMessage = request };
            answer.Headers.Add("x-ms-error-code", "AuthorizationPermissionMismatch");
            return Task.FromResult(answer);
        }
    }
}
