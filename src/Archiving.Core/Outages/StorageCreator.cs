using Archiving.Model;
using Archiving.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Archiving.Outages;

/// <summary>
/// Creates queues, tables and the container when the app starts: the Functions host creates none, and logs a warning at
/// each poll of a queue that does not exist. It runs beside the start and delays nothing. What it cannot create is
/// created when it is first used.
/// </summary>
public sealed partial class StorageCreator : BackgroundService
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private readonly IServiceProvider _services;
    private readonly HealthBoard _health;
    private readonly ILogger<StorageCreator> _logger;

    /// <summary>Initializes the service.</summary>
    public StorageCreator(IServiceProvider services, HealthBoard health, ILogger<StorageCreator> logger)
    {
        _services = services;
        _health = health;
        _logger = logger;
    }

    /// <summary>Creates what does not exist. A failure is reported, and never thrown.</summary>
    public async Task CreateAllAsync(CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Timeout);

        // Resolved here, beside the start: to build the clients of three services takes its time.
        await Task.WhenAll(_services.GetServices<IStorageResource>().Select(resource => CreateAsync(resource, timeout.Token, cancellationToken)));
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => CreateAllAsync(stoppingToken);

    private async Task CreateAsync(IStorageResource resource, CancellationToken timeout, CancellationToken cancellationToken)
    {
        try
        {
            await resource.CreateAsync(timeout);
        }
        catch (OutageException outage)
        {
            _health.Report(outage);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // The app is stopping.
        }
        catch (Exception exception) when (StorageOutage.Runtime(exception) is { } outage)
        {
            _health.Report(outage);
        }
        catch (Exception exception)
        {
            Log.NotCreated(_logger, resource.GetType().Name, exception.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1004, Level = LogLevel.Warning, Message = "Storage for {Resource} could not be created at startup: {Error}")]
        public static partial void NotCreated(ILogger logger, string resource, string error);
    }
}
