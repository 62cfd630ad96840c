using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Testing;

namespace Archiving.Tests;

/// <summary>
/// Stands before Azurite, passes everything on, and does what Azurite does not: Put Blob From URL, as the REST reference
/// of Blob Storage has it (source fetched without credentials, <c>x-ms-source-content-md5</c> compared before anything
/// is written, conditions on the destination, 201 with the properties, errors by their codes).
/// </summary>
internal sealed class CopyFront : IAsyncDisposable
{
    private static readonly string[] NotPassedOn = ["Host", "Transfer-Encoding", "Connection", "Keep-Alive", "Content-Length"];
    private readonly WebApplication _application;
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None });
    private readonly BlobServiceClient _blobs;
    private readonly Uri _azurite;
    private int _copies;

    private CopyFront(StorageAccount account)
    {
        _blobs = account.Blobs;
        _azurite = new Uri(_blobs.Uri.GetLeftPart(UriPartial.Authority));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        _application = builder.Build();
        _application.Run(HandleAsync);
    }

    /// <summary>How many blobs were fetched from an address.</summary>
    public int Copies => _copies;

    /// <summary>What a copy is refused with, as for an address that the account may not reach; <see langword="null"/> to copy.</summary>
    public string? Refusal { get; set; }

    public string ConnectionString { get; private set; } = "";

    public static async Task<CopyFront> StartAsync(StorageAccount account)
    {
        var front = new CopyFront(account);
        await front._application.StartAsync(TestContext.Current.CancellationToken);
        var address = front._application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        front.ConnectionString = account.ConnectionString.Replace(
            $"BlobEndpoint={front._azurite.GetLeftPart(UriPartial.Authority)}",
            $"BlobEndpoint={address}",
            StringComparison.Ordinal);
        Assert.Contains(address, front.ConnectionString, StringComparison.Ordinal);
        return front;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _client.Dispose();
    }

    private Task HandleAsync(HttpContext context) =>
        context.Request.Method == "PUT" && context.Request.Headers["x-ms-copy-source"] is [{ } source]
            ? CopyAsync(context, new Uri(source))
            : PassOnAsync(context);

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

        using var fetched = await _client.GetAsync(source, context.RequestAborted);
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

        var path = Uri.UnescapeDataString(context.Request.Path.Value!).TrimStart('/').Split('/', 3);
        try
        {
            var blob = _blobs.GetBlobContainerClient(path[1]).GetBlockBlobClient(path[2]);
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

    private static Task FailAsync(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        context.Response.Headers["x-ms-error-code"] = code;
        context.Response.ContentType = "application/xml";
        return context.Response.WriteAsync($"<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>refused</Message></Error>");
    }

    private async Task PassOnAsync(HttpContext context)
    {
        using var request = new HttpRequestMessage(
            new HttpMethod(context.Request.Method),
            new Uri(_azurite, context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget));
        if (context.Request.ContentLength is { } length)
        {
            request.Content = new StreamContent(context.Request.Body);
            request.Content.Headers.ContentLength = length;
        }

        foreach (var (name, value) in context.Request.Headers.Where(header => !NotPassedOn.Contains(header.Key, StringComparer.OrdinalIgnoreCase)))
        {
            if (!request.Headers.TryAddWithoutValidation(name, value.AsEnumerable()))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, value.AsEnumerable());
            }
        }

        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers)
            .Where(header => !NotPassedOn.Contains(header.Key, StringComparer.OrdinalIgnoreCase)))
        {
            context.Response.Headers[name] = values.ToArray();
        }

        context.Response.ContentLength = response.Content.Headers.ContentLength;
        if (context.Request.Method != "HEAD" && response.StatusCode != HttpStatusCode.NotModified)
        {
            await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
    }
}
