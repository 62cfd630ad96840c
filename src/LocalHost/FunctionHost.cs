using LocalHost.Functions;
using LocalHost.Http;
using LocalHost.Queues;
using LocalHost.Timers;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LocalHost;

/// <summary>Runs the listeners of an app's functions.</summary>
internal sealed partial class FunctionHost(IServiceProvider services, Func<IReadOnlyList<FunctionDescriptor>> find, string hostId, ILogger<FunctionHost> logger) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abandon = new();
    private readonly List<Task> _listening = [];
    private readonly Dictionary<string, TimerListener> _timers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, QueueListener> _queues = new(StringComparer.Ordinal);
    private IReadOnlyList<FunctionDescriptor>? _functions;

    public IReadOnlyList<FunctionDescriptor> Functions => _functions ??= find();

    private HostSettings Settings => services.GetRequiredService<HostSettings>();

    private TimeProvider TimeProvider => services.GetRequiredService<TimeProvider>();

    /// <summary>Checks storage and bindings. Nothing runs yet.</summary>
    /// <exception cref="FunctionAppException">The app cannot start.</exception>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        var accounts = services.GetRequiredService<StorageAccounts>();
        var invoker = services.GetRequiredService<FunctionInvoker>();
        await accounts.CheckAsync(StorageAccounts.Default, cancellationToken);
        var monitor = new ScheduleMonitor(accounts.Blobs(StorageAccounts.Default), hostId);
        foreach (var function in Functions)
        {
            switch (function.Trigger)
            {
                case TimerTriggerAttribute timer:
                    _timers[function.Name] = new TimerListener(function, Schedule(function, timer), monitor, invoker, TimeProvider, services.GetRequiredService<ILogger<TimerListener>>());
                    break;
                case QueueTriggerAttribute queue:
                    var connection = queue.Connection ?? StorageAccounts.Default;
                    _queues[function.Name] = new QueueListener(function, accounts.Queues(connection), Resolve(function, queue.QueueName), Settings, invoker, TimeProvider, services.GetRequiredService<ILogger<QueueListener>>());
                    break;
            }
        }

        await Task.WhenAll(_queues.Values.Select(listener => listener.CreateAsync(cancellationToken)));
    }

    /// <summary>Begins to listen.</summary>
    public void Start()
    {
        _listening.AddRange(_timers.Select(timer => Task.Run(() => ListenAsync(timer.Key, timer.Value.RunAsync))));
        _listening.AddRange(_queues.Select(queue => Task.Run(() => ListenAsync(queue.Key, queue.Value.RunAsync))));
    }

    /// <summary>Takes nothing new, waits for what runs, and cancels what still does after the drain time.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        var all = Task.WhenAll(_listening);
        if (await Task.WhenAny(all, Task.Delay(Settings.DrainTimeout)) != all)
        {
            await _abandon.CancelAsync();
        }

        await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Fires a function by hand.</summary>
    public Task FireAsync(FunctionDescriptor function, string input) =>
        _timers.TryGetValue(function.Name, out var timer) ? timer.FireAsync(_abandon.Token) : _queues[function.Name].FireAsync(input, _abandon.Token);

    /// <summary>What Core Tools prints of each function.</summary>
    public IEnumerable<string> Describe(string url)
    {
        var http = services.GetRequiredService<HttpFunctions>();
        foreach (var function in Functions)
        {
            yield return function.Trigger switch
            {
                HttpTriggerAttribute trigger => $"{function.Name}: [{(trigger.Methods is { Length: > 0 } methods ? string.Join(',', methods).ToUpperInvariant() : "ANY")}] {url}{http.Route(function)}",
                TimerTriggerAttribute => $"{function.Name}: timerTrigger",
                _ => $"{function.Name}: queueTrigger",
            };
        }
    }

    public void Dispose()
    {
        _stop.Dispose();
        _abandon.Dispose();
    }

    private async Task ListenAsync(string function, Func<CancellationToken, CancellationToken, Task> run)
    {
        try
        {
            await run(_stop.Token, _abandon.Token);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !_stop.IsCancellationRequested)
        {
            // Nobody waits for a listener before the host stops, so whatever ends it is told here or nowhere.
            Log.ListenerEnded(logger, function, exception);
        }
    }

    private TimerSchedule Schedule(FunctionDescriptor function, TimerTriggerAttribute timer)
    {
        var expression = Resolve(function, timer.Schedule);
        try
        {
            return TimerSchedule.Parse(expression, Settings.TimeZone);
        }
        catch (FormatException exception)
        {
            throw new FunctionAppException($"Function '{function.Name}', parameter '{function.TriggerParameter.Name}': the schedule {timer.Schedule} is wrong: {exception.Message}", exception);
        }
    }

    private string Resolve(FunctionDescriptor function, string text)
    {
        if (!text.StartsWith('%') || !text.EndsWith('%'))
        {
            return text;
        }

        var setting = text.Trim('%');
        return services.GetRequiredService<IConfiguration>()[setting.Replace("__", ":", StringComparison.Ordinal)] is { Length: > 0 } value
            ? value
            : throw new FunctionAppException($"Function '{function.Name}', parameter '{function.TriggerParameter.Name}': the setting {setting} is missing. Put it into local.settings.json or the environment.");
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 40, Level = LogLevel.Critical, Message = "The listener of 'Functions.{Function}' has ended. The function is not fired again until the host is started anew.")]
        public static partial void ListenerEnded(ILogger logger, string function, Exception exception);
    }
}
