using System.Net;
using Microsoft.AspNetCore.Http;

namespace LocalHost.Http;

/// <summary>
/// Refuses requests that a page of another site makes a browser send. By DNS rebinding such a page reaches loopback under a name of
/// its own, and with it recordings and <c>/admin</c>.
/// </summary>
internal static class LoopbackGuard
{
    /// <summary>Answers 403 to requests for a foreign host and from another site.</summary>
    public static Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        if (IsLoopback(http.Request.Host.Host) && IsSameOrigin(http.Request))
        {
            return next(http);
        }

        http.Response.StatusCode = StatusCodes.Status403Forbidden;
        return http.Response.WriteAsync(
            "This address answers only to this machine by a loopback name, and not to pages of other sites.\n",
            http.RequestAborted);
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static bool IsSameOrigin(HttpRequest request)
    {
        // Browsers set these headers, scripts cannot; programs that are no browser send neither.
        var origin = request.Headers.Origin.ToString();
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        return (origin.Length == 0 || origin.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase))
            && site is ("" or "same-origin" or "none");
    }
}
