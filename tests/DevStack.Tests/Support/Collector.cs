using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DevStack.Tests;

/// <summary>
/// Takes telemetry as an OTLP collector and as Azure Monitor do, and keeps the bytes. Texts stand in both forms as they
/// are, so whether something was told shows without understanding the rest.
/// </summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Path, string Body)> _received = new();
    private readonly WebApplication _app;

    private Collector(WebApplication app)
    {
        _app = app;
    }

    public string Url => _app.Urls.Single();

    public static async Task<Collector> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var collector = new Collector(app);
        app.MapPost("/{**path}", collector.TakeAsync);
        await app.StartAsync(cancellationToken);
        return collector;
    }

    /// <summary>Everything that was sent to a path.</summary>
    public string this[string path] => string.Join('\n', _received.Where(received => received.Path == path).Select(received => received.Body));

    /// <summary>Everything, the paths included.</summary>
    public string All => string.Join('\n', _received.Select(received => $"{received.Path}\n{received.Body}"));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        await using var body = context.Request.Headers.ContentEncoding == "gzip"
            ? new GZipStream(context.Request.Body, CompressionMode.Decompress)
            : context.Request.Body;
        using var bytes = new MemoryStream();
        await body.CopyToAsync(bytes, context.RequestAborted);
        var text = Encoding.UTF8.GetString(bytes.ToArray());
        _received.Enqueue((context.Request.Path, text));
        if (context.Request.Path.Value!.EndsWith("/track", StringComparison.Ordinal))
        {
            var items = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
            await context.Response
                .WriteAsJsonAsync(new { itemsReceived = items, itemsAccepted = items, errors = Array.Empty<JsonElement>() }, context.RequestAborted);
            return;
        }

        context.Response.ContentType = "application/x-protobuf";
    }
}
