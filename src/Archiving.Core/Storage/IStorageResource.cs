namespace Archiving.Storage;

/// <summary>Something in a storage account that the app needs: a table, a container, queues.</summary>
internal interface IStorageResource
{
    /// <summary>Creates it unless it exists.</summary>
    Task CreateAsync(CancellationToken cancellationToken);
}
