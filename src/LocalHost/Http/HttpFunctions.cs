using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LocalHost.Functions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker;

namespace LocalHost.Http;

/// <summary>Maps HTTP functions to routes, with the Functions host's answers: 401 without a key, 404 for a wrong method, 500 with an empty body for what escapes.</summary>
internal sealed class HttpFunctions(HostSettings settings, FunctionInvoker invoker)
{
    public void Map(WebApplication app, IReadOnlyList<FunctionDescriptor> functions, Func<FunctionDescriptor, string, Task>? fire)
    {
        app.Use(NotFoundForWrongMethodAsync);
        foreach (var function in functions.Where(function => function.Trigger is HttpTriggerAttribute))
        {
            var trigger = (HttpTriggerAttribute)function.Trigger;
            var route = Route(function);
            var handler = (RequestDelegate)(http => HandleAsync(http, function, trigger));
            if (trigger.Methods is { Length: > 0 } methods)
            {
                app.MapMethods(route, methods.Select(method => method.ToUpperInvariant()), handler);
            }
            else
            {
                app.Map(route, handler);
            }
        }

        app.MapPost("/admin/functions/{name}", http => FireAsync(http, functions, fire));
        app.MapGet("/", http => http.Response.WriteAsync("The function app runs.\n", http.RequestAborted));
    }

    public string Route(FunctionDescriptor function) =>
        $"/{settings.RoutePrefix.Trim('/')}/{(((HttpTriggerAttribute)function.Trigger).Route ?? function.Name).TrimStart('/')}".Replace("//", "/", StringComparison.Ordinal);

    private static async Task NotFoundForWrongMethodAsync(HttpContext http, RequestDelegate next)
    {
        await next(http);
        if (http.Response is { StatusCode: StatusCodes.Status405MethodNotAllowed, HasStarted: false } && http.GetEndpoint()?.DisplayName?.Contains("405", StringComparison.Ordinal) == true)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            http.Response.Headers.Remove("Allow");
        }
    }

    private async Task HandleAsync(HttpContext http, FunctionDescriptor function, HttpTriggerAttribute trigger)
    {
        if (trigger.AuthLevel != AuthorizationLevel.Anonymous && !HasKey(http.Request))
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        var data = http.Request.RouteValues.ToDictionary(value => value.Key, value => value.Value, StringComparer.OrdinalIgnoreCase);
        var invocation = new Invocation(function, http.Request, data, http.RequestAborted);
        invocation.Items[Invocation.HttpContextKey] = http;
        try
        {
            await invoker.InvokeAsync(invocation, "This function was programmatically called via the host APIs.");
            await WriteAsync(http, invocation.Result);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be answered.
        }
        catch (Exception) when (!http.Response.HasStarted)
        {
            // Logged by the invoker. The Functions host answers so, too.
            http.Response.Clear();
            http.Response.StatusCode = StatusCodes.Status500InternalServerError;
        }
    }

    private static async Task WriteAsync(HttpContext http, object? result)
    {
        switch (result)
        {
            case null:
                break;
            case IActionResult action:
                await action.ExecuteResultAsync(new ActionContext(http, http.GetRouteData(), new ActionDescriptor()));
                break;
            case IResult typed:
                await typed.ExecuteAsync(http);
                break;
            case string text:
                await http.Response.WriteAsync(text, http.RequestAborted);
                break;
            default:
                await http.Response.WriteAsJsonAsync(result, result.GetType(), http.RequestAborted);
                break;
        }
    }

    private async Task FireAsync(HttpContext http, IReadOnlyList<FunctionDescriptor> functions, Func<FunctionDescriptor, string, Task>? fire)
    {
        if (!HasKey(http.Request))
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        var name = http.Request.RouteValues["name"] as string;
        if (functions.FirstOrDefault(function => string.Equals(function.Name, name, StringComparison.OrdinalIgnoreCase)) is not { Trigger: not HttpTriggerAttribute } function || fire is null)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var input = "";
        try
        {
            using var body = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
            input = body.RootElement.ValueKind == JsonValueKind.Object && body.RootElement.TryGetProperty("input", out var value) ? value.GetString() ?? "" : "";
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        // Answered before it has run, as the Functions host does; what it throws has been logged.
        _ = Task.Run(() => fire(function, input), CancellationToken.None).ContinueWith(task => task.Exception, TaskScheduler.Default);
        http.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    private bool HasKey(HttpRequest request)
    {
        if (settings.FunctionKey is not { } key)
        {
            return true;
        }

        var given = request.Headers["x-functions-key"].FirstOrDefault() ?? request.Query["code"].FirstOrDefault() ?? "";
        return CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given)), SHA256.HashData(Encoding.UTF8.GetBytes(key)));
    }
}
