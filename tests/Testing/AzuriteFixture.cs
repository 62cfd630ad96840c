using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Azurite;
using Xunit;

namespace Testing;

/// <summary>One Azurite for all tests of an assembly. That it cannot start fails the run.</summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    private AzuriteServer? _server;

    /// <summary>Storage of its own for a test.</summary>
    public StorageAccount NewAccount() => new(Server.NewAccountConnectionString());

    /// <summary>The server.</summary>
    public AzuriteServer Server => _server ?? throw new InvalidOperationException("Azurite has not started.");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        // Its files are deleted at the end, and writing them takes most of its time when many tests have used it.
        _server = await AzuriteServer.StartAsync(saves: false);
        var account = NewAccount();
        await account.Blobs.GetPropertiesAsync();
        await account.Queues.GetPropertiesAsync();
        await account.Tables.GetPropertiesAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}

/// <summary>A storage account of Azurite.</summary>
/// <param name="ConnectionString">Its connection string.</param>
public sealed record StorageAccount(string ConnectionString)
{
    /// <summary>Its blobs.</summary>
    public BlobServiceClient Blobs { get; } = new(ConnectionString);

    /// <summary>Its queues, with messages in Base64 as the Functions host has them.</summary>
    public QueueServiceClient Queues { get; } = new(ConnectionString, new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });

    /// <summary>Its tables.</summary>
    public TableServiceClient Tables { get; } = new(ConnectionString);
}
