using System.Collections.Concurrent;
using System.Threading.Channels;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using LocalHost.Worker.Protocol;
using Microsoft.Extensions.Logging;
using Content = LocalHost.Worker.Protocol.StreamingMessage.ContentOneofCase;

namespace LocalHost.Worker;

/// <summary>The stream of one worker: the handshake, then invocations and logs.</summary>
internal sealed class WorkerChannel(string workerId, TimeSpan functionTimeout, ILoggerFactory loggers)
{
    private readonly Channel<StreamingMessage> _outgoing = Channel.CreateUnbounded<StreamingMessage>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Channel<StreamingMessage> _handshake = Channel.CreateUnbounded<StreamingMessage>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<string, TaskCompletionSource<InvocationResponse>> _invocations = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _streamEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile WorkerException? _closed;

    /// <summary>The name by which the worker opens its stream.</summary>
    public string WorkerId => workerId;

    /// <summary>Whether the worker has ended, or closed its stream.</summary>
    public bool IsClosed => _closed is not null;

    /// <summary>Address of the worker's web server; <see langword="null"/> when it has no HTTP functions.</summary>
    public Uri? HttpUri { get; private set; }

    /// <summary>What the worker can run, once it has started.</summary>
    public IReadOnlyList<FunctionDefinition> Functions { get; private set; } = [];

    /// <summary>Greets the worker, asks which functions it has, and has it load them.</summary>
    /// <exception cref="WorkerException">The worker reports an error, or ends.</exception>
    public async Task InitializeAsync(string appFolder, CancellationToken cancellationToken)
    {
        await ReceiveAsync(Content.StartStream, cancellationToken);
        Send(
            new StreamingMessage
            {
                WorkerInitRequest = new WorkerInitRequest { HostVersion = "4.1000.0", WorkerDirectory = appFolder, FunctionAppDirectory = appFolder },
            });
        var init = (await ReceiveAsync(Content.WorkerInitResponse, cancellationToken)).WorkerInitResponse;
        ThrowIfFailed(init.Result, "The worker does not start");
        HttpUri = init.Capabilities.TryGetValue("HttpUri", out var uri) ? new Uri(uri) : null;
        Send(new StreamingMessage { FunctionsMetadataRequest = new FunctionsMetadataRequest { FunctionAppDirectory = appFolder } });
        var metadata = (await ReceiveAsync(Content.FunctionMetadataResponse, cancellationToken)).FunctionMetadataResponse;
        ThrowIfFailed(metadata.Result, "The worker cannot list its functions");
        foreach (var function in metadata.FunctionMetadataResults)
        {
            Send(new StreamingMessage { FunctionLoadRequest = new FunctionLoadRequest { FunctionId = function.FunctionId, Metadata = function } });
            var loaded = (await ReceiveAsync(Content.FunctionLoadResponse, cancellationToken)).FunctionLoadResponse;
            ThrowIfFailed(loaded.Result, $"The worker cannot load {function.Name}");
        }

        Functions = [.. metadata.FunctionMetadataResults.Select(FunctionDefinition.Read)];
    }

    /// <summary>Runs a function. It is cancelled with the token, and when it takes longer than a function may.</summary>
    /// <exception cref="WorkerException">The function failed, or the worker ended meanwhile.</exception>
    /// <exception cref="OperationCanceledException">The function ended because it was cancelled.</exception>
    public async Task InvokeAsync(InvocationRequest request, CancellationToken cancellationToken)
    {
        var response = new TaskCompletionSource<InvocationResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
        _invocations[request.InvocationId] = response;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(functionTimeout);
            if (!Send(new StreamingMessage { InvocationRequest = request }))
            {
                throw _closed!;
            }

            await using var cancel = limit.Token.Register(
                () => Send(new StreamingMessage { InvocationCancel = new InvocationCancel { InvocationId = request.InvocationId } }));
            var result = (await response.Task).Result;
            if (limit.IsCancellationRequested && result.Status != StatusResult.Types.Status.Success)
            {
                throw new OperationCanceledException(result.Exception?.Message, cancellationToken);
            }

            ThrowIfFailed(result, "The function failed");
        }
        finally
        {
            _invocations.TryRemove(request.InvocationId, out _);
        }
    }

    /// <summary>Tells the worker to end, and waits until it has closed its stream or the time is over.</summary>
    public async Task TerminateAsync(TimeSpan gracePeriod)
    {
        Send(new StreamingMessage { WorkerTerminate = new WorkerTerminate { GracePeriod = Duration.FromTimeSpan(gracePeriod) } });
        if (_closed is null)
        {
            await _streamEnded.Task.WaitAsync(gracePeriod).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Fails everything that waits for the worker, because it has ended.</summary>
    public void Close(string reason)
    {
        _closed ??= new WorkerException(reason);
        _outgoing.Writer.TryComplete();
        _handshake.Writer.TryComplete(_closed);
        foreach (var invocation in _invocations.Values)
        {
            invocation.TrySetException(_closed);
        }
    }

    /// <summary>Sends and receives until the stream ends.</summary>
    public async Task RunAsync(IAsyncStreamReader<StreamingMessage> incoming, IServerStreamWriter<StreamingMessage> outgoing, CancellationToken aborted)
    {
        var sending = SendAllAsync(outgoing, aborted);
        try
        {
            await foreach (var message in incoming.ReadAllAsync(aborted))
            {
                Receive(message);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or Grpc.Core.RpcException)
        {
            // The process has ended. The supervisor watches it and logs that.
        }

        Close("The worker closed its stream.");
        _streamEnded.TrySetResult();
        await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Handles a message of the worker.</summary>
    public void Receive(StreamingMessage message)
    {
        switch (message.ContentCase)
        {
            case Content.InvocationResponse when _invocations.TryGetValue(message.InvocationResponse.InvocationId, out var invocation):
                invocation.TrySetResult(message.InvocationResponse);
                break;
            case Content.InvocationResponse:
                break;
            case Content.RpcLog:
                Write(message.RpcLog);
                break;
            default:
                _handshake.Writer.TryWrite(message);
                break;
        }
    }

    private static void ThrowIfFailed(StatusResult? result, string what)
    {
        if (result is { Status: not StatusResult.Types.Status.Success })
        {
            throw new WorkerException($"{what}: {result.Exception?.Message ?? result.Result}");
        }
    }

    private async Task SendAllAsync(IServerStreamWriter<StreamingMessage> outgoing, CancellationToken aborted)
    {
        await foreach (var message in _outgoing.Reader.ReadAllAsync(aborted))
        {
            await outgoing.WriteAsync(message, aborted);
        }
    }

    /// <returns>Whether the worker can still be reached.</returns>
    private bool Send(StreamingMessage message) => _outgoing.Writer.TryWrite(message);

    private async Task<StreamingMessage> ReceiveAsync(Content expected, CancellationToken cancellationToken)
    {
        StreamingMessage message;
        try
        {
            message = await _handshake.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException)
        {
            throw _closed!;
        }

        return message.ContentCase == expected
            ? message
            : throw new WorkerException($"The worker sent {message.ContentCase} where the protocol has {expected}.");
    }

#pragma warning disable CA2254, CA1873 // The message is the worker's, formatted there, and so is the choice of its level.
    private void Write(RpcLog log)
    {
        if (log.LogCategory != RpcLog.Types.Category.CustomMetric)
        {
            var exception = log.Exception is { Message.Length: > 0 } thrown
                ? $"{Environment.NewLine}{thrown.Message}{Environment.NewLine}{thrown.StackTrace}"
                : "";
            loggers.CreateLogger(log.Category).Log((LogLevel)log.Level, new EventId(0, log.EventId), "{Message}{Exception}", log.Message, exception);
        }
    }
#pragma warning restore CA2254, CA1873
}
