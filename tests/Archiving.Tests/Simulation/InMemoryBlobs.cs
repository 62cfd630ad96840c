using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace Archiving.Tests.Simulation;

/// <summary>Blob Storage in memory, as far as the archiver uses it for small objects.</summary>
internal sealed class InMemoryBlobs(World world) : BlobServiceClient
{
    public SortedDictionary<string, (byte[] Bytes, byte[] Md5)> Blobs { get; } = new(StringComparer.Ordinal);

    public override BlobContainerClient GetBlobContainerClient(string blobContainerName) => new Container(world, Blobs);

    private sealed class Container(World world, SortedDictionary<string, (byte[] Bytes, byte[] Md5)> blobs) : BlobContainerClient
    {
        public override Task<Response<BlobContainerInfo>> CreateIfNotExistsAsync(
            PublicAccessType publicAccessType = PublicAccessType.None,
            IDictionary<string, string>? metadata = null,
            BlobContainerEncryptionScopeOptions? encryptionScopeOptions = null,
            CancellationToken cancellationToken = default) =>
            Task.FromResult<Response<BlobContainerInfo>>(null!);

        public override BlobClient GetBlobClient(string blobName) => new Blob(world, blobs, blobName);

        protected override BlockBlobClient GetBlockBlobClientCore(string blobName) => new BlockBlob(world, blobs, blobName);
    }

    private sealed class Blob(World world, SortedDictionary<string, (byte[] Bytes, byte[] Md5)> blobs, string name) : BlobClient
    {
        public override Task<Response<BlobProperties>> GetPropertiesAsync(
            BlobRequestConditions? conditions = null,
            CancellationToken cancellationToken = default) => world.StepAsync(() =>
        {
            var (bytes, md5) = Find();
            return Response.FromValue(BlobsModelFactory.BlobProperties(contentLength: bytes.Length, contentHash: md5), null!);
        });

        public override Task<Response<BlobDownloadResult>> DownloadContentAsync(CancellationToken cancellationToken) =>
            world.StepAsync(() => Response.FromValue(BlobsModelFactory.BlobDownloadResult(BinaryData.FromBytes(Find().Bytes)), null!));

        public override Task<Response<BlobDownloadResult>> DownloadContentAsync(
            BlobDownloadOptions? options = null,
            CancellationToken cancellationToken = default) =>
            world.StepAsync(() =>
            {
                var all = Find().Bytes;
                if (all.Length == 0)
                {
                    throw new RequestFailedException(416, "empty", "InvalidRange", null);
                }

                Assert.Equal(0, options!.Range.Offset);
                var part = all[..(int)Math.Min(options.Range.Length ?? all.Length, all.Length)];
                var details = BlobsModelFactory.BlobDownloadDetails(contentRange: $"bytes 0-{part.Length - 1}/{all.Length}");
                return Response.FromValue(BlobsModelFactory.BlobDownloadResult(BinaryData.FromBytes(part), details), null!);
            });

        public override Task<Response<BlobDownloadStreamingResult>> DownloadStreamingAsync(
            BlobDownloadOptions? options = null,
            CancellationToken cancellationToken = default) =>
            world.StepAsync(() => Response.FromValue(BlobsModelFactory.BlobDownloadStreamingResult(new MemoryStream(Find().Bytes, writable: false)), null!));

        private (byte[] Bytes, byte[] Md5) Find() =>
            blobs.TryGetValue(name, out var blob) ? blob : throw new RequestFailedException(404, "missing", "BlobNotFound", null);
    }

    private sealed class BlockBlob(World world, SortedDictionary<string, (byte[] Bytes, byte[] Md5)> blobs, string name) : BlockBlobClient
    {
        public override async Task<Response<BlobContentInfo>> UploadAsync(
            Stream content,
            BlobUploadOptions options,
            CancellationToken cancellationToken = default)
        {
            using var copy = new MemoryStream();
            await content.CopyToAsync(copy, cancellationToken);
            Assert.Equal(ETag.All, options.Conditions.IfNoneMatch);
            return await world.StepAsync(() =>
            {
                if (!blobs.TryAdd(name, (copy.ToArray(), options.HttpHeaders.ContentHash)))
                {
                    throw new RequestFailedException(409, "exists", "BlobAlreadyExists", null);
                }

                return (Response<BlobContentInfo>)null!;
            });
        }
    }
}
