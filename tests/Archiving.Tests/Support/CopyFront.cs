using System.Globalization;
using System.Security.Cryptography;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.AspNetCore.Http;
using Testing;

namespace Archiving.Tests;

/// <summary>
/// Stands before Azurite, passes everything on, and does what Azurite does not: Put Blob From URL, as the REST reference
/// of Blob Storage has it (source fetched without credentials, <c>x-ms-source-content-md5</c> compared before anything
/// is written, conditions on the destination, 201 with the properties, errors by their codes).
/// </summary>
internal sealed class CopyFront : BlobFront
{
    private int _copies;

    private CopyFront(StorageAccount account)
        : base(account)
    {
    }

    /// <summary>How many blobs were fetched from an address.</summary>
    public int Copies => _copies;

    /// <summary>What a copy is refused with, as for an address that the account may not reach; <see langword="null"/> to copy.</summary>
    public string? Refusal { get; set; }

    public static Task<CopyFront> StartAsync(StorageAccount account) => StartAsync(new CopyFront(account));

    protected override async Task<bool> TryHandleAsync(HttpContext context)
    {
        if (context.Request.Method != "PUT" || context.Request.Headers["x-ms-copy-source"] is not [{ } source])
        {
            return false;
        }

        await CopyAsync(context, new Uri(source));
        return true;
    }

    private async Task CopyAsync(HttpContext context, Uri source)
    {
        var headers = context.Request.Headers;
        if (headers["x-ms-blob-type"] != "BlockBlob" || headers["x-ms-version"].Count == 0 || headers.ContentLength != 0)
        {
            await FailAsync(context, 400, "InvalidHeaderValue");
            return;
        }

        if (Refusal is { } refusal)
        {
            await FailAsync(context, refusal == "CannotVerifyCopySource" ? 403 : 409, refusal);
            return;
        }

        using var fetched = await Client.GetAsync(source, context.RequestAborted);
        if (!fetched.IsSuccessStatusCode)
        {
            await FailAsync(context, (int)fetched.StatusCode, "CannotVerifyCopySource");
            return;
        }

        var bytes = await fetched.Content.ReadAsByteArrayAsync(context.RequestAborted);
        var md5 = MD5.HashData(bytes);
        if (headers["x-ms-source-content-md5"] is [{ } claimed] && claimed != Convert.ToBase64String(md5))
        {
            await FailAsync(context, 400, "Md5Mismatch");
            return;
        }

        var (container, name) = NameOf(context);
        try
        {
            var blob = Account.Blobs.GetBlobContainerClient(container).GetBlockBlobClient(name);
            var written = (await blob.UploadAsync(
                new MemoryStream(bytes),
                new BlobUploadOptions
                {
                    Conditions = headers.IfNoneMatch == "*" ? new BlobRequestConditions { IfNoneMatch = ETag.All } : null,
                    HttpHeaders = new BlobHttpHeaders
                    {
                        ContentType = headers["x-ms-blob-content-type"],
                        ContentDisposition = headers["x-ms-blob-content-disposition"],
                        ContentHash = headers["x-ms-blob-content-md5"] is [{ } stored] ? Convert.FromBase64String(stored) : md5,
                    },
                },
                context.RequestAborted)).Value;
            Interlocked.Increment(ref _copies);
            context.Response.StatusCode = 201;
            context.Response.Headers.ETag = written.ETag.ToString("H");
            context.Response.Headers.LastModified = written.LastModified.ToString("R", CultureInfo.InvariantCulture);
            context.Response.Headers.ContentMD5 = Convert.ToBase64String(md5);
            context.Response.Headers["x-ms-request-server-encrypted"] = "true";
        }
        catch (RequestFailedException exception)
        {
            await FailAsync(context, exception.Status, exception.ErrorCode!);
        }
    }
}
