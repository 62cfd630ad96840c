using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Testing;

namespace Archiving.Testing;

/// <summary>Stands before Azurite's Blob Storage and passes everything on but what a derived class does itself.</summary>
internal abstract class BlobFront : IAsyncDisposable
{
    private static readonly string[] NotPassedOn = ["Host", "Transfer-Encoding", "Connection", "Keep-Alive", "Content-Length"];
    private readonly WebApplication _application;
    private readonly Uri _azurite;

    protected BlobFront(StorageAccount account)
    {
        Account = account;
        _azurite = new Uri(account.Blobs.Uri.GetLeftPart(UriPartial.Authority));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        _application = builder.Build();
        _application.Run(async context =>
        {
            if (!await TryHandleAsync(context))
            {
                await PassOnAsync(context);
            }
        });
    }

    public string ConnectionString { get; private set; } = "";

    protected StorageAccount Account { get; }

    protected HttpClient Client { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None });

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        Client.Dispose();
    }

    protected static async Task<T> StartAsync<T>(T front)
        where T : BlobFront
    {
        await front._application.StartAsync(TestContext.Current.CancellationToken);
        var address = front._application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        front.ConnectionString = front.Account.ConnectionString.Replace(
            $"BlobEndpoint={front._azurite.GetLeftPart(UriPartial.Authority)}",
            $"BlobEndpoint={address}",
            StringComparison.Ordinal);
        Assert.Contains(address, front.ConnectionString, StringComparison.Ordinal);
        return front;
    }

    /// <summary>Handles a request.</summary>
    /// <returns>Whether it was handled; else it is passed on.</returns>
    protected abstract Task<bool> TryHandleAsync(HttpContext context);

    /// <summary>The container and the blob of a request.</summary>
    protected static (string Container, string Blob) NameOf(HttpContext context) =>
        Uri.UnescapeDataString(context.Request.Path.Value!).TrimStart('/').Split('/', 3) is [_, var container, var blob] ? (container, blob) : ("", "");

    protected static Task FailAsync(HttpContext context, int status, string code)
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

        using var response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
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
