using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Security.Cryptography;
using Archiving.Archive;
using Archiving.Settings;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Configuration;
using Testing;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]

namespace Infrastructure.Tests;

/// <summary>The archive's code against real storage, held to the role that the template gives it.</summary>
public sealed class ArchiveRoleTests(TemplateFixture template, AzuriteFixture azurite)
{
    [Fact]
    public async Task Everything_that_the_archive_store_does_works_with_the_role_of_the_template()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var account = azurite.NewAccount();
        await account.Blobs.CreateBlobContainerAsync("recordings", cancellationToken: cancellationToken);
        var role = new RolePolicy(RightsTests.Rights(await template.PredictedAsync("default"), "Archive Writer *"));
        var options = new BlobClientOptions { Retry = { MaxRetries = 0 } };
        options.AddPolicy(role, HttpPipelinePosition.PerCall);
        var store = new ArchiveStore(new BlobServiceClient(account.ConnectionString, options), Options(account));
        var content = "content"u8.ToArray();
        var md5 = MD5.HashData(content);
        var headers = new ContentHeaders("text/plain", ContentDisposition: null);
        var called = new HashSet<string>(StringComparer.Ordinal);

        await CallAsync(nameof(store.ProbeAsync), () => store.ProbeAsync(cancellationToken));
        await CallAsync(
            nameof(store.TryPutAsync),
            async () => Assert.True(await store.TryPutAsync("uk3/t/2026/11/24/a.txt", content, md5, headers, cancellationToken)));
        await CallAsync(nameof(store.StageAsync), () => store.StageAsync("uk3/t/2026/11/24/b.txt", "AAAA", content, cancellationToken));
        await CallAsync(
            nameof(store.TryCommitAsync),
            async () => Assert.True(await store.TryCommitAsync("uk3/t/2026/11/24/b.txt", ["AAAA"], md5, headers, cancellationToken)));
        await CallAsync(nameof(store.FindAsync), async () => Assert.NotNull(await store.FindAsync("uk3/t/2026/11/24/b.txt", cancellationToken)));
        await CallAsync(nameof(store.MeasureAsync), async () => Assert.NotNull(await store.MeasureAsync("uk3/t/2026/11/24/b.txt", cancellationToken)));
        await CallAsync(nameof(store.ReadAsync), async () => Assert.NotNull(await store.ReadAsync("uk3/t/2026/11/24/b.txt", cancellationToken)));
        await CallAsync(
            nameof(store.ReadBeginningAsync),
            async () => Assert.NotNull(await store.ReadBeginningAsync("uk3/t/2026/11/24/b.txt", 3, cancellationToken)));
        await CallAsync(
            nameof(store.ListFoldersAsync),
            async () => Assert.Equal(["uk3/"], await store.ListFoldersAsync("", cancellationToken).ToListAsync(cancellationToken)));
        await CallAsync(nameof(store.ListReceiptsAsync), async () => Assert.Empty(
            await store.ListReceiptsAsync("uk3", new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero), cancellationToken).ToListAsync(cancellationToken)));
        await CallAsync(nameof(store.OpenAsync), async () => Assert.NotNull(await store.OpenAsync("uk3/t/2026/11/24/b.txt", cancellationToken)));

        // The role of the archive does not let it, and the emulator cannot do it: refused, and not thrown.
        await CallAsync(
            nameof(store.SetLegalHoldAsync),
            async () =>
            {
                Assert.NotNull(await store.SetLegalHoldAsync("uk3/t/2026/11/24/b.txt", isHeld: true, cancellationToken));
                Assert.Null(await store.SetLegalHoldAsync("uk3/t/2026/11/24/b.txt", isHeld: false, cancellationToken));
            });
        await CallAsync(
            nameof(store.WriteDatedReportAsync),
            async () => Assert.Equal(
                "_reports/2026-11-24",
                await store.WriteDatedReportAsync(
                    "_reports/",
                    new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero),
                    ".json",
                    BinaryData.FromString("{}"),
                    cancellationToken)));
        await CallAsync(
            nameof(store.TryWriteReportAsync),
            async () => Assert.True(await store.TryWriteReportAsync("_reports/x.json", BinaryData.FromString("{}"), "application/json", cancellationToken)));
        await store.StageAsync("_catalogue/schema.json", "AAAA", content, cancellationToken);
        await CallAsync(
            nameof(store.TryCommitReportAsync),
            async () => Assert.True(await store.TryCommitReportAsync("_catalogue/schema.json", ["AAAA"], "application/json", null, cancellationToken)));
        await CallAsync(nameof(store.FindETagAsync), async () => Assert.NotNull(await store.FindETagAsync("_catalogue/schema.json", cancellationToken)));
        await CallAsync(
            nameof(store.FindNewestAsync),
            async () => Assert.Equal("_reports/x.json", await store.FindNewestAsync("_reports/", ".json", cancellationToken)));
        await CallAsync(nameof(store.TryPutFromAddressAsync), async () =>
        {
            // The emulator cannot do it (501); what matters here is that the role lets it through.
            var refused = await Assert.ThrowsAnyAsync<RequestFailedException>(
                () => store.TryPutFromAddressAsync("uk3/t/2026/11/24/c.txt", new Uri("https://example.com/c"), md5, headers, cancellationToken));
            Assert.NotEqual(403, refused.Status);
        });

        Assert.Equal(["PUT ?restype=container", "PUT ?comp=legalhold"], role.Denied.Distinct(StringComparer.Ordinal));
        Assert.Empty(Methods().Except(called, StringComparer.Ordinal));

        async Task CallAsync(string method, Func<Task> call)
        {
            await call();
            called.Add(method);
        }
    }

    [Fact]
    public async Task The_role_keeps_the_app_from_deleting()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var account = azurite.NewAccount();
        var container = await account.Blobs.CreateBlobContainerAsync("recordings", cancellationToken: cancellationToken);
        await container.Value.UploadBlobAsync("a", BinaryData.FromString("a"), cancellationToken);
        var options = new BlobClientOptions { Retry = { MaxRetries = 0 } };
        options.AddPolicy(new RolePolicy(RightsTests.Rights(await template.PredictedAsync("default"), "Archive Writer *")), HttpPipelinePosition.PerCall);
        var limited = new BlobServiceClient(account.ConnectionString, options).GetBlobContainerClient("recordings");

        Assert.Equal(403, (await Assert.ThrowsAsync<RequestFailedException>(() => limited.DeleteBlobAsync("a", cancellationToken: cancellationToken))).Status);
        Assert.Equal(403, (await Assert.ThrowsAsync<RequestFailedException>(() => limited.DeleteAsync(cancellationToken: cancellationToken))).Status);
        Assert.Equal("a", (await limited.GetBlobClient("a").DownloadContentAsync(cancellationToken)).Value.Content.ToString());
    }

    private static ArchiverOptions Options(StorageAccount account) => ArchiverOptions.Read(new ConfigurationBuilder()
        .AddInMemoryCollection([
            new("AzureWebJobsStorage", account.ConnectionString),
            new("EightByEight:Key", "key"),
            new("EightByEight:Secret", "secret"),
            new("TokenRefreshSchedule", "0 */5 * * * *"),
            new("ListingSchedule", "0 */10 * * * *"),
            new("ReconcileSchedule", "0 0 3 * * 0"),
            new("VerifySchedule", "0 30 1 * * *"),
            new("Catalogue:Schedule", "0 0 4 * * *"),
        ])
        .Build());

    private static IEnumerable<string> Methods() => typeof(ArchiveStore)
        .GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        .Select(method => method.Name)
        .Where(name => name != nameof(IDisposable.Dispose));

    /// <summary>Answers as Azure does to whom lacks the right that a request needs.</summary>
    private sealed class RolePolicy(IReadOnlyList<string> rights) : HttpPipelinePolicy
    {
        public ConcurrentQueue<string> Denied { get; } = new();

        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            if (IsAllowed(message))
            {
                ProcessNext(message, pipeline);
            }
        }

        public override ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
            IsAllowed(message) ? ProcessNextAsync(message, pipeline) : ValueTask.CompletedTask;

        // Microsoft Learn, "Authorize with Microsoft Entra ID", permissions of blob operations.
        private static string Needed(string method, bool isContainer, string? operation) => (method, isContainer, operation) switch
        {
            ("GET", true, "list") => AzureCalls.ReadBlob,
            ("GET" or "HEAD", true, null) => AzureCalls.ReadContainer,
            ("PUT", true, null) => AzureCalls.WriteContainer,
            ("GET" or "HEAD", false, null) => AzureCalls.ReadBlob,
            ("PUT", false, null or "block" or "blocklist" or "metadata") => AzureCalls.WriteBlob,
            ("DELETE", true, null) => "Microsoft.Storage/storageAccounts/blobServices/containers/delete",
            ("DELETE", false, null) => "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete",
            _ => $"unknown: {method} {operation}",
        };

        private bool IsAllowed(HttpMessage message)
        {
            var query = System.Web.HttpUtility.ParseQueryString(message.Request.Uri.Query);
            if (rights.Contains(Needed(message.Request.Method.Method, query["restype"] == "container", query["comp"])))
            {
                return true;
            }

            Denied.Enqueue($"{message.Request.Method} {message.Request.Uri.Query}");
            message.Response = new DeniedResponse();
            return false;
        }
    }

    private sealed class DeniedResponse : Response
    {
        public override int Status => 403;

        public override string ReasonPhrase => "This request is not authorized to perform this operation using this permission.";

        public override Stream? ContentStream { get; set; } = Stream.Null;

        public override string ClientRequestId { get; set; } = "";

        public override void Dispose()
        {
            // Nothing to give back.
        }

        protected override bool ContainsHeader(string name) => name == "x-ms-error-code";

        protected override IEnumerable<HttpHeader> EnumerateHeaders() => [new HttpHeader("x-ms-error-code", "AuthorizationPermissionMismatch")];

        protected override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value)
        {
            value = name == "x-ms-error-code" ? "AuthorizationPermissionMismatch" : null;
            return value is not null;
        }

        protected override bool TryGetHeaderValues(string name, [NotNullWhen(true)] out IEnumerable<string>? values)
        {
            values = TryGetHeader(name, out var value) ? [value!] : null;
            return values is not null;
        }
    }
}
