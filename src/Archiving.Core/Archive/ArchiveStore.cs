using System.Globalization;
using System.Net.Http.Headers;
using Archiving.Model;
using Archiving.Settings;
using Archiving.Storage;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace Archiving.Archive;

/// <summary>A blob's headers, as the archive sets them.</summary>
/// <param name="ContentType">Content-Type.</param>
/// <param name="ContentDisposition">Content-Disposition.</param>
/// <param name="ContentEncoding">Content-Encoding; <see langword="null"/> for content that is not coded.</param>
public sealed record ContentHeaders(string ContentType, string? ContentDisposition, string? ContentEncoding = null);

/// <summary>What is stored under a name.</summary>
/// <param name="Bytes">Size.</param>
/// <param name="Md5">The MD5 that was stored with it; empty when there is none.</param>
public sealed record StoredContent(long Bytes, ReadOnlyMemory<byte> Md5)
{
    /// <summary>Its headers.</summary>
    public ContentHeaders? Headers { get; init; }

    /// <summary>Whether a legal hold is on it.</summary>
    public bool IsHeld { get; init; }
}

/// <summary>The beginning of a blob.</summary>
/// <param name="Content">Its first bytes.</param>
/// <param name="IsWhole">Whether that is all of it.</param>
/// <param name="ContentEncoding">How it is coded; <see langword="null"/> when it is not.</param>
public sealed record BlobBeginning(BinaryData Content, bool IsWhole, string? ContentEncoding = null);

/// <summary>
/// The container. Nothing archived is ever overwritten: every write of content or a receipt is on condition that nothing has the name.
/// Reports are replaced, where the container allows it.
/// </summary>
public sealed class ArchiveStore : IStorageResource
{
    private static readonly BlobRequestConditions OnlyIfNew = new() { IfNoneMatch = ETag.All };
    private readonly ArchiveOptions _options;
    private readonly BlobContainerClient _container;
    private readonly AccessTier? _tier;
    private readonly Initialization _created;

    /// <summary>Initializes the store.</summary>
    public ArchiveStore(BlobServiceClient blobs, ArchiverOptions options)
    {
        _options = options.Archive;
        _container = blobs.GetBlobContainerClient(options.Archive.Container);
        _tier = options.Archive.AccessTier is { } tier ? new AccessTier(tier) : default(AccessTier?);
        _created = new Initialization(CreateContainerAsync);
    }

    /// <summary>Whether an error says that a blob is in the account's archive tier, or on its way out of it, and cannot be read.</summary>
    /// <param name="code">The error code of the storage.</param>
    public static bool IsOfArchiveTier(string? code) => code == BlobErrorCode.BlobArchived || code == BlobErrorCode.BlobBeingRehydrated;

    /// <summary>Whether the account's lifecycle policy explains that a blob is missing.</summary>
    internal bool IsRemovedByPolicy(string blob, DateTimeOffset? archivedAt, DateTimeOffset now) => _options.IsRemovedByPolicy(blob, archivedAt, now);

    /// <summary>Stores content at one go.</summary>
    /// <returns><see langword="false"/> when the name is taken; then nothing was written.</returns>
    public Task<bool> TryPutAsync(
        string name,
        ReadOnlyMemory<byte> content,
        ReadOnlyMemory<byte> md5,
        ContentHeaders headers,
        CancellationToken cancellationToken) => CallAsync(
        async () =>
        {
            using var stream = Streams.Over(content);
            return await IfNewAsync(_container.GetBlockBlobClient(name).UploadAsync(
                stream,
                new BlobUploadOptions
                {
                    // The service calculates the MD5 of what arrives and rejects the write when it differs (Put Blob,
                    // x-ms-blob-content-md5). Calculating it in the client too would change nothing.
                    HttpHeaders = ToHttpHeaders(headers, md5),
                    Conditions = OnlyIfNew,
                    AccessTier = _tier,
                },
                cancellationToken));
        },
        cancellationToken);

    /// <summary>Lets the storage fetch content from an address and store it at one go, if it has the given MD5.</summary>
    /// <returns><see langword="false"/> when the name is taken; then nothing was written.</returns>
    public Task<bool> TryPutFromAddressAsync(
        string name,
        Uri address,
        ReadOnlyMemory<byte> md5,
        ContentHeaders headers,
        CancellationToken cancellationToken) => CallAsync(
        () => IfNewAsync(_container.GetBlockBlobClient(name).SyncUploadFromUriAsync(
            address,
            new BlobSyncUploadFromUriOptions
            {
                // The storage compares before it writes (Put Blob From URL, x-ms-source-content-md5).
                ContentHash = md5.ToArray(),
                HttpHeaders = ToHttpHeaders(headers, md5),
                CopySourceBlobProperties = false,
                DestinationConditions = OnlyIfNew,
                AccessTier = _tier,
            },
            cancellationToken)),
        cancellationToken);

    /// <summary>Stages a block. It is invisible until it is committed, and vanishes after a week if it never is.</summary>
    public Task StageAsync(string name, string blockId, ReadOnlyMemory<byte> block, CancellationToken cancellationToken) => CallAsync(
        async () =>
        {
            using var stream = Streams.Over(block);
            await _container.GetBlockBlobClient(name).StageBlockAsync(
                blockId,
                stream,
                new BlockBlobStageBlockOptions
                {
                    TransferValidation = new UploadTransferValidationOptions { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 },
                },
                cancellationToken);
            return true;
        },
        cancellationToken);

    /// <summary>Makes staged blocks visible as one blob.</summary>
    /// <returns><see langword="false"/> when the name is taken; then nothing was written.</returns>
    public Task<bool> TryCommitAsync(
        string name,
        IReadOnlyList<string> blockIds,
        ReadOnlyMemory<byte> md5,
        ContentHeaders headers,
        CancellationToken cancellationToken) => CallAsync(
        () => IfNewAsync(_container.GetBlockBlobClient(name).CommitBlockListAsync(
            blockIds,
            new CommitBlockListOptions { HttpHeaders = ToHttpHeaders(headers, md5), Conditions = OnlyIfNew, AccessTier = _tier },
            cancellationToken)),
        cancellationToken);

    /// <summary>What is stored under a name; <see langword="null"/> when nothing is.</summary>
    public Task<StoredContent?> FindAsync(string name, CancellationToken cancellationToken) => FindAsync(
        async () =>
        {
            var properties = (await _container.GetBlobClient(name).GetPropertiesAsync(cancellationToken: cancellationToken)).Value;
            return new StoredContent(properties.ContentLength, properties.ContentHash ?? [])
            {
                Headers = new ContentHeaders(properties.ContentType, properties.ContentDisposition, properties.ContentEncoding),
                IsHeld = properties.HasLegalHold,
            };
        },
        cancellationToken);

    /// <summary>Reads a blob to its end and measures it; <see langword="null"/> when there is none.</summary>
    public Task<ContentDigest?> MeasureAsync(string name, CancellationToken cancellationToken) => FindAsync(
        async () =>
        {
            using var blob = (await _container.GetBlobClient(name).DownloadStreamingAsync(cancellationToken: cancellationToken)).Value;
            return await ContentDigest.MeasureAsync(blob.Content, cancellationToken);
        },
        cancellationToken);

    /// <summary>Reads a small blob, such as a receipt; <see langword="null"/> when there is none.</summary>
    public Task<BinaryData?> ReadAsync(string name, CancellationToken cancellationToken) => FindAsync(
        async () => (await _container.GetBlobClient(name).DownloadContentAsync(cancellationToken)).Value.Content,
        cancellationToken);

    /// <summary>Reads the beginning of a blob; <see langword="null"/> when there is none.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="maxBytes">Maximum number of bytes to read.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    public Task<BlobBeginning?> ReadBeginningAsync(string name, int maxBytes, CancellationToken cancellationToken) => FindAsync(
        async () =>
        {
            try
            {
                var options = new BlobDownloadOptions { Range = new HttpRange(0, maxBytes) };
                var blob = (await _container.GetBlobClient(name).DownloadContentAsync(options, cancellationToken)).Value;
                var length = ContentRangeHeaderValue.Parse(blob.Details.ContentRange).Length;
                return new BlobBeginning(blob.Content, IsWhole: !(length > blob.Content.ToMemory().Length), blob.Details.ContentEncoding);
            }
            catch (RequestFailedException exception) when (exception.Status == 416)
            {
                // Nothing begins in an empty blob.
                return new BlobBeginning(BinaryData.Empty, IsWhole: true);
            }
        },
        cancellationToken);

    /// <summary>Opens a blob to read it to its end; <see langword="null"/> when there is none.</summary>
    public Task<BlobDownloadStreamingResult?> OpenAsync(string name, CancellationToken cancellationToken) => FindAsync(
        async () => (await _container.GetBlobClient(name).DownloadStreamingAsync(cancellationToken: cancellationToken)).Value,
        cancellationToken);

    /// <summary>Sets or clears the legal hold of a blob (Set Blob Legal Hold), which neither reads nor writes the blob.</summary>
    /// <returns>Why the storage refused, and what to do; <see langword="null"/> when the blob is as it should be.</returns>
    public Task<string?> SetLegalHoldAsync(string name, bool isHeld, CancellationToken cancellationToken) => CallAsync(
        async () =>
        {
            var blob = _container.GetBlobBaseClient(name);
            try
            {
                await blob.SetLegalHoldAsync(isHeld, cancellationToken);
                return null;
            }
            catch (RequestFailedException exception) when (IsGone(exception))
            {
                // What is gone needs no release, and cannot be held.
                return isHeld ? "The blob is not there." : null;
            }
            catch (RequestFailedException exception) when (exception.Status is 400 or 403 or 405 or 409 or 501)
            {
                // A storage that refuses holds has placed none, as a rule. Then there is nothing to clear.
                return !isHeld && !await HasLegalHoldAsync(blob, cancellationToken) ? null : DescribeRefusedHold(exception);
            }
        },
        cancellationToken);

    /// <summary>The names of the receipts that begin with a prefix.</summary>
    public async IAsyncEnumerable<string> ListReceiptsAsync(
        string prefix,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var blob in ListBlobsAsync(prefix, cancellationToken))
        {
            if (blob.Name.EndsWith(ArchiveLayout.ReceiptSuffix, StringComparison.Ordinal))
            {
                yield return blob.Name;
            }
        }
    }

    /// <summary>
    /// The folders right below a folder, each with the whole path and a slash at its end. Top folders that begin with an
    /// underscore hold no objects and are left out.
    /// </summary>
    public async IAsyncEnumerable<string> ListFoldersAsync(
        string prefix,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var items = PagedAsync(() => _container.GetBlobsByHierarchyAsync(BlobTraits.None, BlobStates.None, "/", prefix, cancellationToken), cancellationToken);
        await foreach (var item in items)
        {
            if (item.IsPrefix && (prefix.Length > 0 || !item.Prefix.StartsWith('_')))
            {
                yield return item.Prefix;
            }
        }
    }

    /// <summary>The names of the receipts of a region's objects that were made on a day, UTC.</summary>
    public async IAsyncEnumerable<string> ListReceiptsAsync(
        string region,
        DateTimeOffset day,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var type in ListFoldersAsync(ArchiveLayout.RegionFolder(region), cancellationToken))
        {
            await foreach (var name in ListReceiptsAsync(type + ArchiveLayout.DayFolder(day), cancellationToken))
            {
                yield return name;
            }
        }
    }

    /// <summary>Writes a report. One of the same name is replaced, unless the container forbids it.</summary>
    /// <returns><see langword="false"/> when the container forbids it.</returns>
    public Task<bool> TryWriteReportAsync(string name, BinaryData content, string contentType, CancellationToken cancellationToken) => CallAsync(
        () => IfNewAsync(_container.GetBlobClient(name).UploadAsync(
            content,
            new BlobUploadOptions { HttpHeaders = new BlobHttpHeaders { ContentType = contentType } },
            cancellationToken)),
        cancellationToken);

    /// <summary>
    /// Writes a report under its day. One of the same day is replaced; where the container forbids that, the report goes beside
    /// it, under its time.
    /// </summary>
    /// <param name="folder">Where it goes.</param>
    /// <param name="at">Its time.</param>
    /// <param name="suffix">What its name ends with.</param>
    /// <param name="content">The report.</param>
    /// <param name="cancellationToken">Stops before the request.</param>
    /// <returns>Its name without the suffix.</returns>
    public async Task<string> WriteDatedReportAsync(
        string folder,
        DateTimeOffset at,
        string suffix,
        BinaryData content,
        CancellationToken cancellationToken)
    {
        const string Json = "application/json";
        var name = folder + at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        if (await TryWriteReportAsync(name + suffix, content, Json, cancellationToken))
        {
            return name;
        }

        name = folder + at.UtcDateTime.ToString("yyyy-MM-dd'T'HHmmss", CultureInfo.InvariantCulture);
        await TryWriteReportAsync(name + suffix, content, Json, cancellationToken);
        return name;
    }

    /// <summary>The ETag of a blob; <see langword="null"/> when there is none.</summary>
    public Task<string?> FindETagAsync(string name, CancellationToken cancellationToken) => FindAsync(
        async () => (await _container.GetBlobClient(name).GetPropertiesAsync(cancellationToken: cancellationToken)).Value.ETag.ToString(),
        cancellationToken);

    /// <summary>
    /// Makes staged blocks visible as one report, in the place of any of the same name and all at once: a reader gets the old one or
    /// the new one (Put Block List).
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="blockIds">The blocks.</param>
    /// <param name="contentType">Its type.</param>
    /// <param name="replaced">The ETag of the blob that it replaces; <see langword="null"/> when there is none.</param>
    /// <param name="cancellationToken">Stops before the request.</param>
    /// <returns><see langword="false"/> when the container forbids to replace it.</returns>
    /// <exception cref="RequestFailedException">Another blob is there, see <see cref="IsReplaced"/>.</exception>
    public Task<bool> TryCommitReportAsync(
        string name,
        IReadOnlyList<string> blockIds,
        string contentType,
        string? replaced,
        CancellationToken cancellationToken) => CallAsync(
        async () =>
        {
            var condition = replaced is null ? OnlyIfNew : new BlobRequestConditions { IfMatch = new ETag(replaced) };
            try
            {
                await _container.GetBlockBlobClient(name).CommitBlockListAsync(
                    blockIds,
                    new CommitBlockListOptions { HttpHeaders = new BlobHttpHeaders { ContentType = contentType }, Conditions = condition },
                    cancellationToken);
                return true;
            }
            catch (RequestFailedException exception) when (exception.ErrorCode is "UnauthorizedBlobOverwrite" or "BlobImmutableDueToPolicy")
            {
                return false;
            }
        },
        cancellationToken);

    /// <summary>Whether a commit failed because another was made before it, which drops the blocks that it does not name, or its blocks have expired.</summary>
    public static bool IsReplaced(RequestFailedException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception.ErrorCode is "InvalidBlockList" or "ConditionNotMet" or "BlobAlreadyExists";
    }

    /// <summary>The name of the blob below a prefix that was written last and ends as given; <see langword="null"/> when there is none.</summary>
    public async Task<string?> FindNewestAsync(string prefix, string suffix, CancellationToken cancellationToken)
    {
        BlobItem? newest = null;
        await foreach (var blob in ListBlobsAsync(prefix, cancellationToken))
        {
            if (blob.Name.EndsWith(suffix, StringComparison.Ordinal) && (newest is null || blob.Properties.LastModified >= newest.Properties.LastModified))
            {
                newest = blob;
            }
        }

        return newest?.Name;
    }

    /// <summary>Shows whether the app may write: stages a block that is never committed, and so never visible.</summary>
    /// <exception cref="OutageException">It may not.</exception>
    public Task ProbeAsync(CancellationToken cancellationToken) =>
        StageAsync("_health/probe", Convert.ToBase64String("probe"u8), "probe"u8.ToArray(), cancellationToken);

    /// <inheritdoc/>
    Task IStorageResource.CreateAsync(CancellationToken cancellationToken) => CallAsync(() => Task.FromResult(true), cancellationToken);

    private static async Task<bool> IfNewAsync<T>(Task<Response<T>> write)
    {
        try
        {
            await write;
            return true;
        }
        catch (RequestFailedException exception) when (exception.ErrorCode
            is "BlobAlreadyExists" or "ConditionNotMet" or "UnauthorizedBlobOverwrite" or "BlobImmutableDueToPolicy")
        {
            return false;
        }
    }

    private static BlobHttpHeaders ToHttpHeaders(ContentHeaders headers, ReadOnlyMemory<byte> md5) => new()
    {
        ContentType = headers.ContentType,
        ContentDisposition = headers.ContentDisposition,
        ContentEncoding = headers.ContentEncoding,
        ContentHash = md5.ToArray(),
    };

    private async Task CreateContainerAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _container.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        }
        catch (RequestFailedException exception) when (exception.Status == 403)
        {
            // The deployment creates the container and may not let the app create it. A missing container shows at the first write.
        }
    }

    private IAsyncEnumerable<BlobItem> ListBlobsAsync(string prefix, CancellationToken cancellationToken) =>
        PagedAsync(() => _container.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix, cancellationToken), cancellationToken);

    private async IAsyncEnumerable<T> PagedAsync<T>(
        Func<AsyncPageable<T>> list,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        where T : notnull
    {
        var pages = list().AsPages().GetAsyncEnumerator(cancellationToken);
        await using (pages)
        {
            while (await CallAsync(async () => await pages.MoveNextAsync(), cancellationToken))
            {
                foreach (var item in pages.Current.Values)
                {
                    yield return item;
                }
            }
        }
    }

    /// <summary>Reads a blob; <see langword="null"/> when there is none.</summary>
    private Task<T?> FindAsync<T>(Func<Task<T>> read, CancellationToken cancellationToken)
        where T : class => CallAsync(
        async () =>
        {
            try
            {
                return await read();
            }
            catch (RequestFailedException exception) when (IsGone(exception))
            {
                return null;
            }
        },
        cancellationToken);

    /// <summary>Whether a blob is on legal hold. One that is gone is not.</summary>
    private static async Task<bool> HasLegalHoldAsync(BlobBaseClient blob, CancellationToken cancellationToken)
    {
        try
        {
            return (await blob.GetPropertiesAsync(cancellationToken: cancellationToken)).Value.HasLegalHold;
        }
        catch (RequestFailedException exception) when (IsGone(exception))
        {
            return false;
        }
    }

    private static bool IsGone(RequestFailedException exception) => exception.Status == 404 && exception.ErrorCode != "ContainerNotFound";

    // Everything else may work: the right to hold is a right of its own.
    private static string DescribeRefusedHold(RequestFailedException exception) => exception.Status == 403
        ? $"The storage account does not let the app set legal holds (403 {exception.ErrorCode}). Deploy with the "
            + "template's parameter legalHolds set to true, or give its identity a role with this right."
        : $"The storage account cannot hold blobs ({exception.Status} {exception.ErrorCode}). It needs versioning and support for "
            + "version-level immutability, which the template's parameter immutableStorage gives to a new account.";

    private async Task<T> CallAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            await _created.EnsureAsync(cancellationToken);
            return await call();
        }
        catch (Exception exception) when (exception is not OutageException && StorageOutage.Archive(exception) is { } outage)
        {
            if (exception is RequestFailedException { ErrorCode: "ContainerNotFound" })
            {
                _created.Forget();
            }

            throw outage;
        }
    }
}
