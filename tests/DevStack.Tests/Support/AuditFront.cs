using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Testing;

namespace DevStack.Tests;

/// <summary>Stands before the blobs of Azurite, passes everything on, and refuses to write the audit log when told so.</summary>
internal sealed class AuditFront : IAsyncDisposable
{
    private static readonly string[] NotPassedOn = ["Host", "Transfer-Encoding", "Connection", "Keep-Alive", "Content-Length"];
    private readonly WebApplication _application;
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None });
    private readonly Uri _azurite;

    private AuditFront(StorageAccount account)
    {
        _azurite = new Uri(account.Blobs.Uri.GetLeftPart(UriPartial.Authority));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _application = builder.Build();
        _application.Run(HandleAsync);
    }

    /// <summary>Whether the log can be written.</summary>
    public bool IsWritable { get; set; } = true;

    /// <summary>Of the account, with blobs behind this.</summary>
    public string ConnectionString { get; private set; } = "";

    public static async Task<AuditFront> StartAsync(StorageAccount account)
    {
        var front = new AuditFront(account);
        await front._application.StartAsync(TestContext.Current.CancellationToken);
        front.ConnectionString = account.ConnectionString.Replace(
            $"BlobEndpoint={front._azurite.GetLeftPart(UriPartial.Authority)}",
            $"BlobEndpoint={front._application.Urls.Single()}",
            StringComparison.Ordinal);
        return front;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _client.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        if (!IsWritable && request.Method == "PUT" && request.Path.Value!.Contains("/_audit", StringComparison.Ordinal))
        {
            response.StatusCode = StatusCodes.Status403Forbidden;
            response.Headers["x-ms-error-code"] = "AuthorizationPermissionMismatch";
            return;
        }

        using var sent = new HttpRequestMessage(new HttpMethod(request.Method), new Uri(_azurite, request.Path.ToUriComponent() + request.QueryString));
        sent.Headers.Host = _azurite.Authority;
        sent.Content = request.ContentLength is { } length ? new StreamContent(request.Body) { Headers = { ContentLength = length } } : null;
        foreach (var (name, values) in request.Headers.Where(header => !NotPassedOn.Contains(header.Key, StringComparer.OrdinalIgnoreCase)))
        {
            if (!sent.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
            {
                sent.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
            }
        }

        using var answer = await _client.SendAsync(sent, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (!NotPassedOn.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                response.Headers[name] = values.ToArray();
            }
        }

        await answer.Content.CopyToAsync(response.Body, context.RequestAborted);
    }
}
