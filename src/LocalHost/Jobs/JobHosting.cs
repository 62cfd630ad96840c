using System.Security.Cryptography;
using System.Text;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using LocalHost.Worker;
using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Extensions.Timers;
using Microsoft.Azure.WebJobs.Host;
using Microsoft.Azure.WebJobs.Host.Executors;
using Microsoft.Azure.WebJobs.Host.Indexers;
using Microsoft.Azure.WebJobs.Host.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LocalHost.Jobs;

/// <summary>Listens to queues and timers with the WebJobs SDK, which the Functions host is made of too.</summary>
internal sealed class JobHosting : IAsyncDisposable
{
    private static readonly TimeSpan StorageTimeout = TimeSpan.FromSeconds(8);

    // A function that is cancelled has about as long to end on a Functions host.
    private static readonly TimeSpan CancelTimeout = TimeSpan.FromSeconds(10);
    private readonly IHost _host;
    private readonly HostSettings _settings;
    private readonly JobInvoker _invoker;

    private JobHosting(IHost host, HostSettings settings, JobInvoker invoker)
    {
        _host = host;
        _settings = settings;
        _invoker = invoker;
    }

    /// <summary>Runs functions by hand.</summary>
    public IJobHost Jobs => _host.Services.GetRequiredService<IJobHost>();

    /// <summary>Prepares to listen. Nothing runs yet.</summary>
    /// <param name="configuration">Settings, with <c>host.json</c> in the section in which the SDK looks for it.</param>
    /// <param name="settings">Settings of this host.</param>
    /// <param name="functions">The functions.</param>
    /// <param name="invoker">Runs them.</param>
    /// <param name="configureLogging">Sets up logging.</param>
    public static JobHosting Create(
        IConfiguration configuration,
        HostSettings settings,
        IEnumerable<FunctionDefinition> functions,
        JobInvoker invoker,
        Action<ILoggingBuilder> configureLogging)
    {
        var builder = new HostBuilder()
            .ConfigureHostConfiguration(host => host.AddConfiguration(configuration))
            .ConfigureLogging(configureLogging)
            .ConfigureWebJobs((_, jobs) => jobs.AddAzureStorageCoreServices().AddAzureStorageQueues().AddTimers(), _ => { })
            .ConfigureServices(services =>
            {
                var hostId = configuration["AzureFunctionsWebHost:hostid"] ?? CreateHostId();
                services.AddSingleton<IJobInvoker>(invoker);
                services.AddSingleton<ITypeLocator>(new JobTypes(functions));
                services.AddSingleton<INameResolver>(new SettingNames(configuration));
                services.AddSingleton<IHostIdProvider>(new FixedHostId(hostId));

                // As the Functions host in development: after a crash, timers wait for the locks of the crashed host.
                services.PostConfigure<SingletonOptions>(options => options.ListenerLockPeriod = options.LockPeriod);
                services.Replace(ServiceDescriptor.Singleton<ScheduleMonitor>(provider => new BlobScheduleMonitor(GetContainer(provider), hostId)));
                services.Replace(ServiceDescriptor.Singleton<IHostLifetime, ManualLifetime>());
            });
        try
        {
            return new JobHosting(builder.Build(), settings, invoker);
        }
        catch (Exception exception) when (exception is not LocalHostException)
        {
            throw Refuse(exception);
        }
    }

    /// <summary>Describes an option that the SDK cannot take.</summary>
    public static LocalHostException Refuse(Exception exception) =>
        new(
            $"The WebJobs SDK refuses a value of host.json or of AzureFunctionsJobHost__… in the environment: {exception.GetBaseException().Message}",
            exception);

    /// <summary>Checks that the storage account answers.</summary>
    /// <exception cref="LocalHostException">It does not, or the setting does not name one.</exception>
    public async Task CheckStorageAsync(CancellationToken cancellationToken)
    {
        const string Setting = "AzureWebJobsStorage";
        var container = GetContainer(_host.Services);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StorageTimeout);
        try
        {
            await container.ExistsAsync(limit.Token);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            var problem = exception is OperationCanceledException ? "it does not answer."
                : exception is AggregateException { InnerExceptions: [.., var last] } ? last.Message.Split('\n')[0].Trim()
                : exception.Message.Split('\n')[0].Trim();
            throw new LocalHostException(
                $"The storage account of {Setting} ({container.GetParentBlobServiceClient().Uri}) does not work: "
                + $"{problem}{Environment.NewLine}Start the emulator (npx azurite --skipApiVersionCheck), or let {Setting} name a storage account "
                + "that this machine can reach.",
                exception);
        }
    }

    /// <summary>Starts to listen.</summary>
    /// <exception cref="LocalHostException">A function cannot be bound.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _host.StartAsync(cancellationToken);
        }
        catch (FunctionIndexingException exception)
        {
            throw new LocalHostException($"{exception.Message} {exception.GetBaseException().Message}", exception);
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.Reflection.TargetInvocationException or ArgumentException)
        {
            throw Refuse(exception);
        }
    }

    /// <summary>Takes nothing new, waits for what runs, and cancels what still does after the drain timeout.</summary>
    public async Task StopAsync()
    {
        // Draining waits for what runs, and the SDK's own stop waits for it too; so what takes too long is cancelled here.
        var draining = _host.Services.GetRequiredService<IDrainModeManager>().EnableDrainModeAsync(CancellationToken.None);
        await draining.WaitAsync(_settings.DrainTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _invoker.CancelAsync();
        await draining.WaitAsync(CancelTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _host.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync();
        }
    }

    private static BlobContainerClient GetContainer(IServiceProvider services)
    {
        // Tells malformed from missing by its log only, whose text can hold the connection string.
        return services.GetRequiredService<IAzureBlobStorageProvider>().TryCreateHostingBlobContainerClient(out var container)
            ? container
            : throw new LocalHostException(
                "The setting AzureWebJobsStorage is missing or names no storage account: give a connection string, UseDevelopmentStorage=true, or "
                + "AzureWebJobsStorage__accountName. Its value is not shown, because it can hold a key.");
    }

    /// <summary>The same at each start on this machine, so that timers find when they last ran.</summary>
    private static string CreateHostId() =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Environment.MachineName}|{AppContext.BaseDirectory}")))[..32];

    private sealed class FixedHostId(string id) : IHostIdProvider
    {
        public Task<string> GetHostIdAsync(CancellationToken cancellationToken) => Task.FromResult(id);
    }
}
