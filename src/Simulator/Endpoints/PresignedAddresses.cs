using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.Features;
using Simulator.Faults;
using Simulator.Objects;

namespace Simulator.Endpoints;

/// <summary>
/// The host of content that 8x8 redirects to: another origin, where an address is good for half an hour, exactly as it
/// was given, and refused to a request that carries a token too.
/// </summary>
internal sealed class PresignedAddresses(ObjectStore objects, FaultInjector faults, Counters counters, TimeProvider timeProvider)
{
    private const string Root = "/s3/";
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);
    private readonly ConcurrentDictionary<string, (string Region, string Id, DateTimeOffset Expiry)> _targets = new(StringComparer.Ordinal);
    private long _number;

    /// <summary>The host's port.</summary>
    public int Port { get; set; }

    /// <summary>Fills in what a rule says of an address.</summary>
    public string Fill(HttpContext context, SimulatedObject? item, string template)
    {
        var text = Replace(template, "{path}", () => RawTarget(context));
        text = Replace(text, "{n}", () => Interlocked.Increment(ref _number).ToString(CultureInfo.InvariantCulture));
        if (item is null)
        {
            return text;
        }

        text = Replace(text, "{presigned}", () => Create(context, item));
        text = Replace(text, "{odd}", () => Create(context, item, "./a/%2E%2E/b%2Fc/../"));
        return Replace(text, "{expired}", () => Create(context, item, isExpired: true));
    }

    /// <summary>Answers requests for pre-signed addresses. By the address as it was sent: routing would resolve its dot segments.</summary>
    public async Task HandleAsync(HttpContext context, RequestDelegate next)
    {
        var target = RawTarget(context);
        if (!target.StartsWith(Root, StringComparison.Ordinal))
        {
            await next(context);
            return;
        }

        var isKnown = _targets.TryGetValue(target, out var found);
        var (answered, fault) = await faults.ApplyAsync(context, "presigned", found.Region, found.Id);
        if (answered)
        {
            return;
        }

        if (!isKnown || found.Expiry <= timeProvider.GetUtcNow() || context.Request.Headers.Authorization.Count > 0)
        {
            await FailAsync(context, StatusCodes.Status403Forbidden, "AccessDenied", "Request has expired, or carries two kinds of authorization");
        }
        else if (objects.Find(found.Region, found.Id) is { State: "AVAILABLE" } item)
        {
            await ContentWriter.WriteRangeAsync(context, item, fault, counters);
        }
        else
        {
            await FailAsync(context, StatusCodes.Status404NotFound, "NoSuchKey", "The specified key does not exist.");
        }
    }

    private string Create(HttpContext context, SimulatedObject item, string folder = "", bool isExpired = false)
    {
        var key = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
        var target = $"{Root}{folder}{key}?X-Amz-Signature={key}";
        var now = timeProvider.GetUtcNow();
        _targets[target] = (item.Region, item.Id, isExpired ? now : now + Lifetime);
        return string.Create(CultureInfo.InvariantCulture, $"{context.Request.Scheme}://{context.Request.Host.Host}:{Port}{target}");
    }

    private static string Replace(string text, string name, Func<string> value) =>
        text.Contains(name, StringComparison.Ordinal) ? text.Replace(name, value(), StringComparison.Ordinal) : text;

    private static string RawTarget(HttpContext context) => context.Features.Get<IHttpRequestFeature>()!.RawTarget;

    private static Task FailAsync(HttpContext context, int status, string code, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/xml";
        return context.Response.WriteAsync($"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    }
}
