using System.Text.Json;
using LocalHost.Worker;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.WebJobs;

namespace LocalHost.Http;

/// <summary>Fires timers and queue functions by hand: <c>POST /admin/functions/{name}</c> with <c>{"input":"…"}</c>, as with the Functions host.</summary>
internal sealed class AdminFunctions(IJobHost jobs, IReadOnlyDictionary<string, FunctionDefinition> functions, HostSettings settings)
{
    /// <summary>Maps the route.</summary>
    public void Map(IEndpointRouteBuilder endpoints) => endpoints.MapPost("/admin/functions/{name}", FireAsync);

    private async Task FireAsync(HttpContext http)
    {
        http.Response.StatusCode = !FunctionKey.Admits(settings.FunctionKey, http.Request) ? StatusCodes.Status401Unauthorized
            : functions.GetValueOrDefault((string)http.Request.RouteValues["name"]!) is not { TriggerType: not FunctionDefinition.Http } function
                ? StatusCodes.Status404NotFound
            : await ReadInputAsync(http) is not { } input ? StatusCodes.Status400BadRequest
            : Fire(function, input);
    }

    private static async Task<string?> ReadInputAsync(HttpContext http)
    {
        try
        {
            using var body = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
            return body.RootElement.TryGetProperty("input", out var input) ? input.GetString() ?? "" : "";
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private int Fire(FunctionDefinition function, string input)
    {
        // Answered before the function has run, as by the Functions host; what it throws has been logged.
        _ = jobs.CallAsync($"Functions.{function.Name}", new Dictionary<string, object>(StringComparer.Ordinal) { [function.Parameter] = input })
            .ContinueWith(task => task.Exception, TaskScheduler.Default);
        return StatusCodes.Status202Accepted;
    }
}
