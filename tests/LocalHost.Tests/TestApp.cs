using System.Collections.Concurrent;
using Azure.Storage.Queues;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Testing;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]

namespace LocalHost.Tests;

/// <summary>What functions under test report to, and how a test tells them what to do.</summary>
public sealed class Recorder
{
    private readonly ConcurrentQueue<string> _calls = new();

    /// <summary>What was called, in order.</summary>
    public IReadOnlyList<string> Calls => [.. _calls];

    /// <summary>What the function does with its input; nothing when not set.</summary>
    public Func<string, CancellationToken, Task>? Do { get; set; }

    public async Task CallAsync(string call, CancellationToken cancellationToken = default)
    {
        _calls.Enqueue(call);
        if (Do is { } what)
        {
            await what(call, cancellationToken);
        }
    }

    public int Count(string call) => _calls.Count(made => made == call);
}

/// <summary>Keeps what is logged.</summary>
internal sealed class LogCapture : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<(LogLevel Level, string Message)> _lines = new();

    public IReadOnlyList<(LogLevel Level, string Message)> Lines => [.. _lines];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue((logLevel, formatter(state, exception) + exception));

    public void Dispose()
    {
    }
}

/// <summary>A function app of some classes on the local host, on a free port.</summary>
public sealed class TestApp : IAsyncDisposable
{
    private readonly string _folder;

    private TestApp(LocalFunctionsHost host, string folder)
    {
        Host = host;
        _folder = folder;
    }

    internal LocalFunctionsHost Host { get; }

    public HttpClient Client { get; private set; } = null!;

    internal static async Task<TestApp> StartAsync(
        StorageAccount? account,
        IEnumerable<Type> functions,
        Recorder? recorder = null,
        TimeProvider? time = null,
        string queues = """{"maxPollingInterval":"00:00:00.200","visibilityTimeout":"00:00:01","maxDequeueCount":3}""",
        TimeSpan? lease = null,
        Action<FunctionsApplicationBuilder>? configure = null,
        string? folder = null,
        params (string Name, string Value)[] settings)
    {
        folder ??= Directory.CreateTempSubdirectory("local-host-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "host.json"), $$$"""{"version":"2.0","extensions":{"queues":{{{queues}}}}}""");
        var all = settings.ToDictionary(setting => setting.Name, setting => (string?)setting.Value, StringComparer.Ordinal);
        all["urls"] = "http://127.0.0.1:0";
        if (account is not null)
        {
            all["AzureWebJobsStorage"] = account.ConnectionString;
        }

        var inner = LocalHostBuilder.Create([], folder, all);
        inner.FunctionTypes = functions;
        inner.Lease = lease;
        inner.Web.Logging.ClearProviders();
        var builder = new FunctionsApplicationBuilder(inner);
        builder.ConfigureFunctionsWebApplication();
        builder.Services.AddSingleton(recorder ?? new Recorder());
        if (time is not null)
        {
            builder.Services.Replace(ServiceDescriptor.Singleton(time));
        }

        configure?.Invoke(builder);
        var app = new TestApp((LocalFunctionsHost)builder.Build(), folder);
        await app.Host.StartAsync();
        if (app.Host.StartFailure is null)
        {
            app.Client = new HttpClient { BaseAddress = new Uri(app.Host.Url) };
        }

        return app;
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        await Host.StopAsync();
        await Host.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>Storage of its own for each test.</summary>
public abstract class HostTest(AzuriteFixture azurite)
{
    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected StorageAccount Account { get; } = azurite.NewAccount();

    protected Recorder Recorder { get; } = new();

    protected QueueClient Queue(string name) => Account.Queues.GetQueueClient(name);

    protected async Task<int> CountAsync(string queue) => (await Queue(queue).GetPropertiesAsync(Cancellation)).Value.ApproximateMessagesCount;
}
