using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Testing;

namespace Operations.Tests;

/// <summary>Stands before the blobs of an account and answers in their place where a test says so, as Azure Storage would.</summary>
internal sealed class StorageProxy : IAsyncDisposable
{
    private static readonly HttpClient Client = new();
    private readonly WebApplication _app;

    private StorageProxy(WebApplication app) => _app = app;

    /// <summary>The status and error code of a request that is not let through; <see langword="null"/> lets it through.</summary>
    public Func<string, (int Status, string Code)?> Answer { get; set; } = _ => null;

    /// <summary>The account as those see it who come through here.</summary>
    public required StorageAccount Account { get; init; }

    public static async Task<StorageProxy> StartAsync(StorageAccount account, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var origin = account.Blobs.Uri.GetLeftPart(UriPartial.Authority);
        StorageProxy? proxy = null;
        app.Run(context => proxy!.ForwardAsync(context, origin));
        await app.StartAsync(cancellationToken);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return proxy = new StorageProxy(app) { Account = new StorageAccount(account.ConnectionString.Replace(origin, address, StringComparison.Ordinal)) };
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task ForwardAsync(HttpContext context, string origin)
    {
        if (Answer(Uri.UnescapeDataString(context.Request.Path)) is var (status, code))
        {
            context.Response.StatusCode = status;
            context.Response.Headers["x-ms-error-code"] = code;
            return;
        }

        var address = origin + context.Request.Path.ToUriComponent() + context.Request.QueryString;
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), address);
        request.Content = new StreamContent(context.Request.Body);
        foreach (var (name, values) in context.Request.Headers.Where(header => header.Key is not ("Host" or "Transfer-Encoding")))
        {
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                request.Content.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        request.Content = context.Request.ContentLength is > 0 ? request.Content : null;
        using var response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers).Where(header => header.Key is not "Transfer-Encoding"))
        {
            context.Response.Headers[name] = values.ToArray();
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
    }
}
