using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Operations.Access;

namespace Functions.Access;

/// <summary>The caller of a request, which <see cref="AccessMiddleware"/> has found out.</summary>
public static class CallerExtensions
{
    /// <summary>Who sends the request. Not for functions that allow anonymous callers.</summary>
    /// <exception cref="InvalidOperationException">The function allows anonymous callers.</exception>
    public static Caller GetCaller(this HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        return http.Features.Get<Caller>() ?? throw new InvalidOperationException("The function does not ask who calls it.");
    }

    /// <inheritdoc cref="GetCaller(HttpContext)"/>
    public static Caller GetCaller(this FunctionContext context) => context.GetHttpContext()!.GetCaller();

    internal static void SetCaller(this HttpContext http, Caller caller) => http.Features.Set(caller);
}
