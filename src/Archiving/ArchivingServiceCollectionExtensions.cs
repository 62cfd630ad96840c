using Archiving.Archive;
using Archiving.Doctor;
using Archiving.Failures;
using Archiving.Health;
using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Objects;
using Archiving.Purge;
using Archiving.Queues;
using Archiving.Restore;
using Archiving.Scrub;
using Archiving.Search;
using Archiving.Settings;
using Archiving.Status;
using Archiving.Storage;
using Archiving.Telemetry;
using Archiving.Tokens;
using Azure.Core;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using EightByEight;
using Microsoft.Extensions.Azure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Archiving;

/// <summary>Registers the archiver.</summary>
public static class ArchivingServiceCollectionExtensions
{
    /// <summary>Reads and validates the settings and registers everything that the functions need.</summary>
    /// <exception cref="SettingsException">A setting is missing or malformed.</exception>
    public static IServiceCollection AddArchiving(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = ArchiverOptions.Read(configuration);
        services.AddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        services.AddAzureClientsCore();
        return services
            .AddStorage(configuration)
            .AddTokens(options)
            .AddSource(options)
            .AddMetrics()
            .AddSingleton<ArchivingMetrics>()
            .AddSingleton<StatusGauges>()
            .AddSingleton<MessageTelemetry>()
            .AddSingleton<HealthBoard>()
            .AddSingleton<FailingObjects>()
            .AddSingleton<SharedConditions>()
            .AddSingleton<OperationsTable>()
            .AddSingleton<HealthReporter>()
            .AddSingleton<WorkQueues>()
            .AddSingleton<Deferral>()
            .AddSingleton<WorkTimeout>()
            .AddSingleton<TimerHandler>()
            .AddSingleton<MessageHandler>()
            .AddSingleton<LedgerChanges>()
            .AddSingleton<ObjectLedger>()
            .AddSingleton<ListingStore>()
            .AddSingleton<RunCompletion>()
            .AddSingleton<RegionCatalog>()
            .AddSingleton<ListingPlanner>()
            .AddSingleton<KeysetPager>()
            .AddSingleton<ObjectIntake>()
            .AddSingleton<ReceiptDays>()
            .AddSingleton<ReceiptRestorer>()
            .AddSingleton<LedgerRebuilder>()
            .AddSingleton<ReconcileAudit>()
            .AddSingleton<ReconcileReports>()
            .AddSingleton<RunStarter>()
            .AddSingleton<RunReader>()
            .AddSingleton<WindowLister>()
            .AddSingleton<ArchiveStore>()
            .AddSingleton<ContentTransfer>()
            .AddSingleton<SourceRecords>()
            .AddSingleton<ServerSideCopy>()
            .AddSingleton<OutcomeRecorder>()
            .AddSingleton<ObjectArchiver>()
            .AddSingleton<DailyQuota>()
            .AddSingleton<ObjectRestorer>()
            .AddSingleton<PurgeAudit>()
            .AddSingleton<PurgePlanner>()
            .AddSingleton<ObjectPurger>()
            .AddSingleton<ScrubPlanner>()
            .AddSingleton<ObjectVerifier>()
            .AddSingleton<FailureRecorder>()
            .AddSingleton<WindowFailureRecorder>()
            .AddSingleton<ObjectRequeuer>()
            .AddSingleton<ContentLinks>()
            .AddSingleton<ObjectContents>()
            .AddSingleton<ObjectSearch>()
            .AddSingleton<ObjectFinder>()
            .AddSingleton<FailureRedriver>()
            .AddSingleton<DaySummaries>()
            .AddSingleton<StatusReader>()
            .AddSingleton<StatusHistory>()
            .AddSingleton<Checkup>()
            .AddStorageResource<WorkQueues>()
            .AddStorageResource<ObjectLedger>()
            .AddStorageResource<LedgerChanges>()
            .AddStorageResource<ListingStore>()
            .AddStorageResource<OperationsTable>()
            .AddStorageResource<PurgeAudit>()
            .AddStorageResource<ArchiveStore>();
    }

    private static IServiceCollection AddStorageResource<T>(this IServiceCollection services)
        where T : class, IStorageResource =>
        services.AddSingleton<IStorageResource>(provider => provider.GetRequiredService<T>());

    private static IServiceCollection AddStorage(this IServiceCollection services, IConfiguration configuration)
    {
        const string Runtime = "AzureWebJobsStorage";
        var archive = StorageConnection.IsGiven(configuration.GetSection("ArchiveStorage")) ? "ArchiveStorage" : Runtime;
        return services
            .AddSingleton(provider => Connection(provider, archive).CreateBlobServiceClient(new BlobClientOptions()))
            .AddSingleton(provider => Connection(provider, Runtime).CreateQueueServiceClient(new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 }))
            .AddSingleton(provider => Connection(provider, Runtime).CreateTableServiceClient(new TableClientOptions()));

        StorageConnection Connection(IServiceProvider provider, string name) =>
            new(name, configuration.GetSection(name), provider.GetRequiredService<AzureComponentFactory>());
    }

    private static IServiceCollection AddTokens(this IServiceCollection services, ArchiverOptions options)
    {
        var apiKey = options.EightByEight is { Key: { } key, Secret: { } secret } ? new ApiKey(key, secret) : null;
        services.AddSingleton<ITokenStore>(provider => options.KeyVault.Uri is null
            ? new MemoryTokenStore(apiKey!, provider.GetRequiredService<ILogger<MemoryTokenStore>>())
            : new KeyVaultTokenStore(
                VaultClientFactory.Create(
                    options.KeyVault,
                    () => provider.GetRequiredService<AzureComponentFactory>().CreateTokenCredential(provider.GetRequiredService<IConfiguration>().GetSection("KeyVault"))),
                apiKey,
                provider.GetRequiredService<ILogger<KeyVaultTokenStore>>()));
        services.AddSingleton<AccessTokens>();
        return services.AddSingleton<AccessTokenSource>(provider => provider.GetRequiredService<AccessTokens>());
    }

    private static IServiceCollection AddSource(this IServiceCollection services, ArchiverOptions options)
    {
        services.AddSingleton<RetryMeter>();
        services.AddSingleton<RequestGate>(provider => new ThrottleMeter(
            new PacedGate(provider.GetRequiredService<TimeProvider>(), options.EightByEight.MaxRequestsPerSecond),
            provider.GetRequiredService<ArchivingMetrics>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new TokenClient(
            options.EightByEight.BaseUrl,
            Measured(provider, new TokenClientOptions { TimeProvider = provider.GetRequiredService<TimeProvider>() })));
        return services.AddSingleton(provider => new CloudStorageClient(
            options.EightByEight.BaseUrl,
            provider.GetRequiredService<AccessTokenSource>(),
            Measured(provider, new CloudStorageClientOptions { Gate = provider.GetRequiredService<RequestGate>(), TimeProvider = provider.GetRequiredService<TimeProvider>() })));

        static T Measured<T>(IServiceProvider provider, T client)
            where T : ClientOptions
        {
            client.AddPolicy(provider.GetRequiredService<RetryMeter>(), HttpPipelinePosition.PerRetry);
            return client;
        }
    }
}
