using System.Diagnostics;
using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LocalHost.Functions;

/// <summary>Runs functions: a scope, the middleware, the method.</summary>
internal sealed partial class FunctionInvoker
{
    /// <summary>The source of the spans of invocations, named as the real worker's.</summary>
    public const string SpanSource = "Microsoft.Azure.Functions.Worker";

    private static readonly ActivitySource Spans = new(SpanSource);
    private readonly IServiceProvider _services;
    private readonly ILogger<FunctionInvoker> _logger;
    private readonly FunctionExecutionDelegate _pipeline;

    public FunctionInvoker(IServiceProvider services, IEnumerable<Func<FunctionExecutionDelegate, FunctionExecutionDelegate>> middleware, ILogger<FunctionInvoker> logger)
    {
        _services = services;
        _logger = logger;
        _pipeline = middleware.Reverse().Aggregate((FunctionExecutionDelegate)ExecuteAsync, (next, layer) => layer(next));
    }

    /// <summary>Runs a function. What it throws comes out, and has been logged once.</summary>
    public async Task InvokeAsync(Invocation invocation, string reason)
    {
        // Queue functions run by the thousand; what became of each is on the level below, failures aside.
        var level = invocation.Function.Trigger is QueueTriggerAttribute ? LogLevel.Debug : LogLevel.Information;
        Log.Executing(_logger, level, invocation.Function.Name, reason, invocation.InvocationId);
        var clock = Stopwatch.StartNew();
        using var span = StartSpan(invocation);
        try
        {
            await using var scope = _services.CreateAsyncScope();
            invocation.InstanceServices = scope.ServiceProvider;
            await _pipeline(invocation);
            Log.Executed(_logger, level, invocation.Function.Name, invocation.InvocationId, clock.ElapsedMilliseconds);
        }
        catch (OperationCanceledException) when (invocation.CancellationToken.IsCancellationRequested)
        {
            Log.Canceled(_logger, invocation.Function.Name, invocation.InvocationId, clock.ElapsedMilliseconds);
            throw;
        }
        catch (Exception exception)
        {
            span?.SetStatus(ActivityStatusCode.Error);
            Log.Failed(_logger, invocation.Function.Name, invocation.InvocationId, clock.ElapsedMilliseconds, exception);
            throw;
        }
    }

    private static Activity? StartSpan(Invocation invocation)
    {
        if (Activity.Current is { Recorded: false })
        {
            // The web server's own, which nobody records: the invocation would inherit that.
            Activity.Current = null;
        }

        return Spans.StartActivity(
            $"function {invocation.Function.Name}",
            ActivityKind.Internal,
            parentContext: default,
            [new("faas.invocation_id", invocation.InvocationId), new("faas.name", invocation.Function.Name)]);
    }

    private static async Task ExecuteAsync(FunctionContext context)
    {
        var invocation = (Invocation)context;
        var method = invocation.Function.Method;
        var instance = ActivatorUtilities.CreateInstance(context.InstanceServices, method.DeclaringType!);
        try
        {
            var returned = method.Invoke(instance, BindingFlags.DoNotWrapExceptions, binder: null, ParameterBinder.Bind(invocation), culture: null);
            invocation.Result = await UnwrapAsync(returned);
        }
        finally
        {
            switch (instance)
            {
                case IAsyncDisposable asynchronous:
                    await asynchronous.DisposeAsync();
                    break;
                case IDisposable synchronous:
                    synchronous.Dispose();
                    break;
            }
        }
    }

    private static async Task<object?> UnwrapAsync(object? returned)
    {
        if (returned is ValueTask valueTask)
        {
            returned = valueTask.AsTask();
        }

        if (returned is not Task task)
        {
            return returned;
        }

        await task;
        var type = task.GetType();
        return type.IsGenericType && type.GetGenericArguments()[0].Name != "VoidTaskResult"
            ? type.GetProperty(nameof(Task<>.Result))!.GetValue(task)
            : null;
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Message = "Executing 'Functions.{Function}' (Reason='{Reason}', Id={InvocationId})")]
        public static partial void Executing(ILogger logger, LogLevel level, string function, string reason, string invocationId);

        [LoggerMessage(EventId = 2, Message = "Executed 'Functions.{Function}' (Succeeded, Id={InvocationId}, Duration={Milliseconds}ms)")]
        public static partial void Executed(ILogger logger, LogLevel level, string function, string invocationId, long milliseconds);

        [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message = "Executed 'Functions.{Function}' (Failed, Id={InvocationId}, Duration={Milliseconds}ms)")]
        public static partial void Failed(ILogger logger, string function, string invocationId, long milliseconds, Exception exception);

        [LoggerMessage(EventId = 4, Level = LogLevel.Information, Message = "Executed 'Functions.{Function}' (Canceled, Id={InvocationId}, Duration={Milliseconds}ms)")]
        public static partial void Canceled(ILogger logger, string function, string invocationId, long milliseconds);
    }
}
