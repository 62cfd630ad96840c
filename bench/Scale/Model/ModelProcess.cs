using Archiving;
using Archiving.Source;
using Archiving.Storage;
using Azure.Data.Tables;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using EightByEight;
using Metering;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Operations;

namespace Scale.Model;

/// <summary>The function app's own services on a model's storage. Nothing is in its memory when it starts.</summary>
internal static class ModelProcess
{
    private static readonly string Key = Convert.ToBase64String(new byte[64]);

    /// <summary>Starts a process, whose tables and queues are there.</summary>
    public static ServiceProvider Start(VirtualTime time, ModelTransport transport)
    {
        var settings = AppSettings.For("UseDevelopmentStorage=true");
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        var services = new ServiceCollection().AddLogging().AddSingleton<IConfiguration>(configuration).AddSingleton<TimeProvider>(time);
        services.AddArchiving(configuration).AddOperations();
        var credential = new StorageSharedKeyCredential("model", Key);
        services.Replace(ServiceDescriptor.Singleton(new TableServiceClient(
            new Uri("http://table.model"),
            new TableSharedKeyCredential("model", Key),
            new TableClientOptions { Transport = transport })));
        services.Replace(ServiceDescriptor.Singleton(new QueueServiceClient(
            new Uri("http://queue.model"),
            credential,
            new QueueClientOptions { Transport = transport, MessageEncoding = QueueMessageEncoding.Base64 })));
        services.Replace(ServiceDescriptor.Singleton(new BlobServiceClient(
            new Uri("http://blob.model"),
            credential,
            new BlobClientOptions { Transport = transport })));
        services.Replace(ServiceDescriptor.Singleton<ITokenStore>(new Vault(time, transport)));
        var process = services.BuildServiceProvider();

        // As the app does when it starts.
        time.Run(
            async () =>
            {
                await Task.WhenAll(process.GetServices<IStorageResource>().Select(resource => resource.CreateAsync(CancellationToken.None)));
                return true;
            },
            usesPool: false);
        return process;
    }

    /// <summary>A vault that holds a token.</summary>
    private sealed class Vault(VirtualTime time, ModelTransport transport) : ITokenStore
    {
        public bool IsShared => true;

        public Task<ApiKey> ReadApiKeyAsync(CancellationToken cancellationToken) => Task.FromResult(new ApiKey("key", "secret"));

        public async Task<AccessToken?> ReadTokenAsync(CancellationToken cancellationToken)
        {
            transport.CountRequest();
            await time.WaitAsync(time.Now + ModelLimits.Latency.Ticks);
            return new AccessToken("token", time.GetUtcNow(), time.GetUtcNow().AddHours(1));
        }

        public Task WriteTokenAsync(AccessToken token, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<string?> FindSecretAsync(string name, CancellationToken cancellationToken) => Task.FromResult<string?>(null);
    }
}
