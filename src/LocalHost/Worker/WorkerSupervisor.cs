using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LocalHost.Worker;

/// <summary>Runs the worker, and starts another when it ends without having been told to.</summary>
internal sealed partial class WorkerSupervisor(
    FunctionApp app,
    HostSettings settings,
    int attachPort,
    ILoggerFactory loggers,
    IHostApplicationLifetime lifetime) : IDisposable
{
    // As the Functions host, which gives up too.
    private const int MaxStarts = 3;

    // With this code the app ends when it refuses its settings, and would do so again.
    private const int RefusedExitCode = 1;

    // Enough for a machine that is busy with other things; a worker that ends is noticed at once.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);

    // A worker whose stream is closed is about to end by itself.
    private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(10);
    private readonly ILogger _logger = loggers.CreateLogger<WorkerSupervisor>();
    private volatile WorkerChannel? _channel;
    private volatile TaskCompletionSource<WorkerChannel> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isStopping;
    private readonly Lock _exitLock = new();
    private Process? _process;

    /// <summary>Address of the protocol's server. Set before the start.</summary>
    public string RpcUrl { get; set; } = "";

    /// <summary>The channel of the worker that opens its stream by a name; <see langword="null"/> for any other.</summary>
    public WorkerChannel? FindChannel(string workerId) => _channel is { } channel && channel.WorkerId == workerId ? channel : null;

    /// <summary>The worker, once it is ready.</summary>
    public Task<WorkerChannel> GetReadyAsync(CancellationToken cancellationToken) => _ready.Task.WaitAsync(cancellationToken);

    /// <summary>
    /// Starts the worker, or waits for one that a debugger starts, until it is ready. Another takes the place of one that crashes
    /// meanwhile: its web server, for one, chooses a port some time before it listens there, and another program may be faster.
    /// </summary>
    /// <exception cref="LocalHostException">It does not start.</exception>
    public async Task<WorkerChannel> StartAsync(CancellationToken cancellationToken)
    {
        for (var start = 1; ; start++)
        {
            try
            {
                return await StartOnceAsync(cancellationToken);
            }
            catch (WorkerException exception)
            {
                if (start == MaxStarts || exception.IsFinal || _isStopping)
                {
                    throw new LocalHostException($"The function app does not start: {exception.Message}", exception);
                }

                Log.StartsAgain(_logger, exception.Message);
            }
        }
    }

    /// <summary>Tells the worker to end, and ends it when it does not.</summary>
    public async Task StopAsync(TimeSpan gracePeriod)
    {
        _isStopping = true;
        if (!_ready.Task.IsCompletedSuccessfully)
        {
            gracePeriod = TimeSpan.Zero;
        }
        else if (_channel is { } channel)
        {
            await channel.TerminateAsync(gracePeriod);
        }

        await EndAsync(gracePeriod);
    }

    public void Dispose() => _process?.Dispose();

    private async Task<WorkerChannel> StartOnceAsync(CancellationToken cancellationToken)
    {
        var isAttached = attachPort > 0;
        var channel = _channel = new WorkerChannel(isAttached ? "attached" : Guid.NewGuid().ToString(), settings.FunctionTimeout, loggers);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (isAttached)
        {
            Console.WriteLine($"Waiting for a worker. Start src/Functions with the launch profile LocalHost, which connects to {RpcUrl}.");
        }
        else
        {
            StartProcess(channel);
            limit.CancelAfter(StartTimeout);
        }

        try
        {
            await channel.InitializeAsync(app.Folder, limit.Token);
        }
        catch (OperationCanceledException exception)
        {
            // One that is not ready in time must not stay beside the next.
            await EndAsync(TimeSpan.Zero);
            cancellationToken.ThrowIfCancellationRequested();
            throw new WorkerException($"the worker is not ready after {StartTimeout.TotalSeconds} seconds.", exception);
        }
        catch (WorkerException exception) when (channel.IsClosed && !isAttached)
        {
            throw await EndAsync(ExitTimeout) is { } code
                ? new WorkerException(Ended(_process!.Id, code), exception) { IsFinal = code == RefusedExitCode }
                : exception;
        }
        catch (WorkerException exception)
        {
            await EndAsync(TimeSpan.Zero);
            throw new WorkerException(exception.Message, exception) { IsFinal = true };
        }

        _ready.TrySetResult(channel);

        // It may have ended since it was initialized, when nothing waited for it yet.
        if (_process is { HasExited: true } process)
        {
            OnExited(process, channel);
        }

        return channel;
    }

    /// <summary>Waits until the process has ended, and ends it when the time is over.</summary>
    /// <returns>Its exit code; <see langword="null"/> when it did not end by itself.</returns>
    private async Task<int?> EndAsync(TimeSpan gracePeriod)
    {
        if (_process is not { } process)
        {
            return null;
        }

        using var limit = new CancellationTokenSource(gracePeriod);
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            return null;
        }
    }

    private void StartProcess(WorkerChannel channel)
    {
        var process = _process = new Process
        {
            StartInfo = app.CreateWorkerStart([
                "--functions-uri", RpcUrl,
                "--functions-worker-id", channel.WorkerId,
                "--functions-request-id", Guid.NewGuid().ToString(),
                "--functions-grpc-max-message-length", int.MaxValue.ToString(CultureInfo.InvariantCulture)]),
            EnableRaisingEvents = true,
        };
        process.Exited += (_, _) => OnExited(process, channel);
        process.Start();
        Log.Started(_logger, process.Id);
    }

    private void OnExited(Process process, WorkerChannel channel)
    {
        channel.Close(Ended(process.Id, process.ExitCode));
        lock (_exitLock)
        {
            var ready = _ready.Task;
            if (_isStopping || !ready.IsCompletedSuccessfully || ready.Result != channel)
            {
                // The channel tells the code that starts the worker, or another is being started already.
                return;
            }

            _ready = new TaskCompletionSource<WorkerChannel>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        Log.Ended(_logger, process.Id, process.ExitCode);
        _ = Task.Run(RestartAsync);
    }

    private static string Ended(int processId, int exitCode) =>
        string.Create(CultureInfo.InvariantCulture, $"the worker (process {processId}) ended with code {exitCode}.");

    private async Task RestartAsync()
    {
        try
        {
            await StartAsync(lifetime.ApplicationStopping);
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
        catch (LocalHostException exception) when (!_isStopping)
        {
            Log.GaveUp(_logger, exception.Message);
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Worker process {ProcessId} started")]
        public static partial void Started(ILogger logger, int processId);

        [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "Worker process {ProcessId} ended with code {ExitCode}; starting another")]
        public static partial void Ended(ILogger logger, int processId, int exitCode);

        [LoggerMessage(EventId = 3, Level = LogLevel.Critical, Message = "Stopped the host: {Reason}")]
        public static partial void GaveUp(ILogger logger, string reason);

        [LoggerMessage(EventId = 4, Level = LogLevel.Error, Message = "Worker did not start; starting another: {Reason}")]
        public static partial void StartsAgain(ILogger logger, string reason);
    }
}
