using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Exports;

/// <summary>Stands before one service of the emulator, counts what is asked of it, and passes on what it does not answer itself.</summary>
internal class CountingFront : IAsyncDisposable
{
    private static readonly string[] NotPassedOn = ["Host", "Transfer-Encoding", "Connection", "Keep-Alive", "Content-Length"];
    private readonly WebApplication _app;
    private readonly Uri _target;
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None });
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <param name="target">The service.</param>
    public CountingFront(Uri target)
    {
        _target = target;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        _app = builder.Build();
        _app.Run(async context =>
        {
            if (!await TryHandleAsync(context))
            {
                Count($"{context.Request.Method}, passed on");
                await PassOnAsync(context);
            }
        });
    }

    /// <summary>How often each thing was asked for since <see cref="Reset"/>.</summary>
    public IReadOnlyDictionary<string, long> Counts => _counts;

    /// <summary>Starts it.</summary>
    /// <returns>Its address.</returns>
    public async Task<string> StartAsync()
    {
        await _app.StartAsync();
        return _app.Urls.Single();
    }

    public void Reset() => _counts.Clear();

    public virtual async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _client.Dispose();
    }

    protected void Count(string kind) => _counts.AddOrUpdate(kind, 1, (_, count) => count + 1);

    /// <returns>Whether it was answered; else it is passed on.</returns>
    protected virtual Task<bool> TryHandleAsync(HttpContext context) => Task.FromResult(false);

    private async Task PassOnAsync(HttpContext context)
    {
        using var request = new HttpRequestMessage(
            new HttpMethod(context.Request.Method),
            new Uri(_target, context.Features.Get<IHttpRequestFeature>()!.RawTarget));
        if (context.Request.ContentLength is { } length)
        {
            request.Content = new StreamContent(context.Request.Body) { Headers = { ContentLength = length } };
        }

        foreach (var (name, values) in context.Request.Headers.Where(header => !NotPassedOn.Contains(header.Key, StringComparer.OrdinalIgnoreCase)))
        {
            if (!request.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
            }
        }

        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers))
        {
            if (!NotPassedOn.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                context.Response.Headers[name] = values.ToArray();
            }
        }

        if (context.Request.Method != "HEAD" && response.StatusCode is not (HttpStatusCode.NotModified or HttpStatusCode.NoContent))
        {
            await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
    }
}
