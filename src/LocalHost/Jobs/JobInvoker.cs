using System.Text.Json;
using Google.Protobuf;
using LocalHost.Worker;
using LocalHost.Worker.Protocol;
using Microsoft.Azure.WebJobs;
using Binder = Microsoft.Azure.WebJobs.Binder;

namespace LocalHost.Jobs;

/// <summary>Sends messages and ticks to the worker, in the form in which the Functions host sends them.</summary>
internal sealed class JobInvoker(WorkerSupervisor supervisor, IReadOnlyDictionary<string, FunctionDefinition> functions) : IJobInvoker, IDisposable
{
    // The SDK's own entry among what a trigger says; it cannot be serialized, and no function reads it.
    private const string SdkEntry = "sys";

    private readonly CancellationTokenSource _stop = new();

    /// <summary>Cancels the functions that run.</summary>
    public Task CancelAsync() => _stop.CancelAsync();

    public void Dispose() => _stop.Dispose();

    public async Task InvokeAsync(string name, object trigger, Binder binder, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        // While a worker is being started again, the message waits and is not failed.
        var worker = await supervisor.GetReadyAsync(either.Token);
        var definition = functions[name];
        var request = new InvocationRequest
        {
            InvocationId = Guid.NewGuid().ToString(),
            FunctionId = definition.Id,
            TraceContext = TraceContext.Create(),
            InputData = { new ParameterBinding { Name = definition.Parameter, Data = Convert(trigger) } },
        };
        foreach (var (key, value) in binder.BindingData)
        {
            if (value is not null && key != SdkEntry)
            {
                request.TriggerMetadata[key] = Convert(value);
            }
        }

        await worker.InvokeAsync(request, either.Token);
    }

    private static TypedData Convert(object value) => value switch
    {
        ParameterBindingData data => new TypedData
        {
            ModelBindingData = new ModelBindingData
            {
                Version = data.Version,
                Source = data.Source,
                ContentType = data.ContentType,
                Content = ByteString.CopyFrom(data.Content.ToMemory().Span),
            },
        },
        TimerInfo timer => new TypedData { Json = JsonSerializer.Serialize(new { timer.ScheduleStatus, timer.IsPastDue }) },
        string text => new TypedData { String = text },

        // Numbers too: the worker has no reader for the protocol's int.
        _ => new TypedData { Json = JsonSerializer.Serialize(value, value.GetType()) },
    };
}
