using System.Diagnostics;
using System.Net;
using System.Text;
using LocalHost.Worker;
using LocalHost.Worker.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace LocalHost.Http;

/// <summary>
/// Routes HTTP functions as the Functions host does: the invocation goes to the worker by the protocol, the request itself to the
/// worker's web server, in either order.
/// </summary>
internal sealed partial class HttpFunctions(
    IHttpForwarder forwarder,
    WorkerSupervisor supervisor,
    HostSettings settings,
    ILogger<HttpFunctions> logger) : IDisposable
{
    // By this header the worker's web server finds the invocation of a request.
    private const string CorrelationHeader = "x-ms-invocation-id";

    // As long as Azure's load balancer waits for an answer (Microsoft Learn, Azure Functions HTTP trigger).
    private static readonly ForwarderRequestConfig Forwarding = new() { ActivityTimeout = TimeSpan.FromSeconds(230) };

    // A function ends with its response, or a moment later.
    private static readonly TimeSpan AnsweredTimeout = TimeSpan.FromSeconds(2);

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = false,
        ActivityHeadersPropagator = null,

        // As the web servers at both ends read headers.
        RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8,
    });

    /// <summary>Maps the functions. What none of them answers is answered with 404, a wrong method included.</summary>
    public void Map(IEndpointRouteBuilder endpoints, IEnumerable<FunctionDefinition> functions)
    {
        foreach (var function in functions.Where(function => function.TriggerType == FunctionDefinition.Http))
        {
            var handler = (RequestDelegate)(http => HandleAsync(http, function));
            var methods = function.GetTexts("methods");
            _ = methods.Count > 0 ? endpoints.MapMethods(GetRoute(function), methods, handler) : endpoints.Map(GetRoute(function), handler);
        }

        endpoints.MapFallback("{*path}", http =>
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }

    /// <summary>Path of a function.</summary>
    public string GetRoute(FunctionDefinition function) =>
        $"{(settings.RoutePrefix.Length > 0 ? "/" : "")}{settings.RoutePrefix}/{(function.GetText("route") ?? function.Name).TrimStart('/')}";

    public void Dispose() => _client.Dispose();

    private async Task HandleAsync(HttpContext http, FunctionDefinition function)
    {
        var level = function.GetText("authLevel");
        if (!string.Equals(level, "anonymous", StringComparison.OrdinalIgnoreCase) && !FunctionKey.Admits(settings.FunctionKey, http.Request))
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        var id = Guid.NewGuid().ToString();
        http.Request.Headers[CorrelationHeader] = id;
        var clock = Stopwatch.StartNew();
        Log.Executing(logger, function.Name, id);
        try
        {
            var worker = await supervisor.GetReadyAsync(http.RequestAborted);
            var request = new InvocationRequest
            {
                InvocationId = id,
                FunctionId = function.Id,
                TraceContext = TraceContext.Create(http.Request),
                InputData = { new ParameterBinding { Name = function.Parameter, Data = new TypedData { Http = new RpcHttp() } } },
            };
            foreach (var (name, value) in http.Request.RouteValues)
            {
                request.TriggerMetadata[name] = new TypedData { String = value as string ?? "" };
            }

            using var abort = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
            var invoking = worker.InvokeAsync(request, abort.Token);
            var error = await forwarder.SendAsync(http, worker.HttpUri!.ToString(), _client, Forwarding);
            if (error != ForwarderError.None)
            {
                // The function may never have seen the request, and would wait for it. The forwarder has answered.
                await AbandonAsync(error == ForwarderError.RequestCanceled ? "Canceled" : "Failed");
                return;
            }

            try
            {
                await invoking.WaitAsync(AnsweredTimeout);
                Log.Executed(logger, function.Name, "Succeeded", id, clock.ElapsedMilliseconds);
            }
            catch (TimeoutException)
            {
                // The worker's web server has refused the request, for its size perhaps, so no function has seen it.
                await AbandonAsync("Refused");
            }

            async Task AbandonAsync(string outcome)
            {
                await abort.CancelAsync();
                _ = invoking.ContinueWith(task => task.Exception, TaskScheduler.Default);
                Log.Executed(logger, function.Name, outcome, id, clock.ElapsedMilliseconds);
            }
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client has disconnected.
            Log.Executed(logger, function.Name, "Canceled", id, clock.ElapsedMilliseconds);
        }
        catch (Exception exception) when (exception is WorkerException or OperationCanceledException)
        {
            Log.Failed(logger, function.Name, id, clock.ElapsedMilliseconds, exception.Message);
            if (!http.Response.HasStarted)
            {
                http.Response.Clear();
                http.Response.StatusCode = StatusCodes.Status500InternalServerError;
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 10,
            Level = LogLevel.Information,
            Message = "Executing 'Functions.{Function}' (Reason='This function was programmatically called via the host APIs.', Id={InvocationId})")]
        public static partial void Executing(ILogger logger, string function, string invocationId);

        [LoggerMessage(
            EventId = 11,
            Level = LogLevel.Information,
            Message = "Executed 'Functions.{Function}' ({Outcome}, Id={InvocationId}, Duration={Milliseconds}ms)")]
        public static partial void Executed(ILogger logger, string function, string outcome, string invocationId, long milliseconds);

        [LoggerMessage(
            EventId = 12,
            Level = LogLevel.Error,
            Message = "Executed 'Functions.{Function}' (Failed, Id={InvocationId}, Duration={Milliseconds}ms): {Problem}")]
        public static partial void Failed(ILogger logger, string function, string invocationId, long milliseconds, string problem);
    }
}
