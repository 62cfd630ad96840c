using Archiving.Settings;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Extensions.Azure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Archiving.Storage;

internal static class StorageServices
{
    /// <summary>Registers the clients of the storage accounts, and the table of operations.</summary>
    public static IServiceCollection AddStorage(this IServiceCollection services, IConfiguration configuration)
    {
        const string Runtime = "AzureWebJobsStorage";
        var archive = StorageConnection.IsGiven(configuration.GetSection("ArchiveStorage")) ? "ArchiveStorage" : Runtime;
        return services
            .AddSingleton(provider => Connection(provider, archive).CreateBlobServiceClient(new BlobClientOptions()))
            .AddSingleton(provider => Connection(provider, Runtime)
                .CreateQueueServiceClient(new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 }))
            .AddSingleton(provider => Connection(provider, Runtime).CreateTableServiceClient(new TableClientOptions()))
            .AddSingleton<OperationsTable>()
            .AddStorageResource<OperationsTable>();

        StorageConnection Connection(IServiceProvider provider, string name) =>
            new(name, configuration.GetSection(name), provider.GetRequiredService<AzureComponentFactory>());
    }

    /// <summary>Has what a service keeps in storage created when the app starts.</summary>
    public static IServiceCollection AddStorageResource<T>(this IServiceCollection services)
        where T : class, IStorageResource =>
        services.AddSingleton<IStorageResource>(provider => provider.GetRequiredService<T>());
}
