using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Functions.Tests;

/// <summary>Receives OTLP over HTTP and keeps the bytes. Strings are in protobuf as they are, so it need not be decoded to be searched.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Path, string Body)> _received = new();
    private readonly WebApplication _app;

    private OtlpReceiver(WebApplication app)
    {
        _app = app;
    }

    public string Url => _app.Urls.Single();

    /// <summary>Everything that was sent.</summary>
    public string All => string.Join('\n', _received.Select(received => received.Body));

    /// <summary>Everything that was sent to a path.</summary>
    public string this[string path] => string.Join('\n', _received.Where(received => received.Path == path).Select(received => received.Body));

    public static async Task<OtlpReceiver> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var receiver = new OtlpReceiver(app);
        app.MapPost("/{**path}", receiver.ReceiveAsync);
        await app.StartAsync(cancellationToken);
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        await using var body = context.Request.Headers.ContentEncoding == "gzip"
            ? new GZipStream(context.Request.Body, CompressionMode.Decompress)
            : context.Request.Body;
        using var reader = new StreamReader(body, Encoding.UTF8);
        _received.Enqueue((context.Request.Path, await reader.ReadToEndAsync(context.RequestAborted)));
        context.Response.ContentType = "application/x-protobuf";
    }
}
