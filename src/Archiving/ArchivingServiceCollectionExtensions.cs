using Archiving.Archive;
using Archiving.Cases;
using Archiving.Copying;
using Archiving.Indexing;
using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Outages;
using Archiving.Planning;
using Archiving.Purging;
using Archiving.Queues;
using Archiving.Requeuing;
using Archiving.Restoring;
using Archiving.Settings;
using Archiving.Source;
using Archiving.Storage;
using Archiving.Telemetry;
using Archiving.Verifying;
using Microsoft.Extensions.Azure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Archiving;

/// <summary>Registers the archiver. Each folder registers its own services and uses only those of the folders above it in this list.</summary>
public static class ArchivingServiceCollectionExtensions
{
    /// <summary>Reads and validates the settings and registers the pipeline.</summary>
    /// <exception cref="SettingsException">A setting is missing or malformed.</exception>
    public static IServiceCollection AddArchiving(this IServiceCollection services, IConfiguration configuration)
    {
        var options = ArchiverOptions.Read(configuration);
        services.TryAddSingleton(TimeProvider.System);
        services.AddAzureClientsCore();
        return services
            .AddSettings(options)
            .AddStorage(configuration)
            .AddOutages()
            .AddSource(options)
            .AddTelemetry(options)
            .AddLedger()
            .AddArchive()
            .AddCases()
            .AddQueues()
            .AddPlanning()
            .AddListing()
            .AddCopying()
            .AddRestoring()
            .AddVerifying()
            .AddPurging()
            .AddRequeuing()
            .AddIndexing();
    }
}
