using Azure;
using Azure.Data.Tables;

namespace Archiving.Storage;

/// <summary>
/// A table that is created before its first use. One that was deleted since is created again by the call after the one
/// that finds out, and an outage of the account is thrown as such.
/// </summary>
internal sealed class TableStore : IDisposable
{
    private readonly Initialization _created;

    /// <summary>Initializes the store.</summary>
    public TableStore(TableServiceClient tables, string name)
    {
        ArgumentNullException.ThrowIfNull(tables);
        Table = tables.GetTableClient(name);
        _created = new Initialization(token => Table.CreateIfNotExistsAsync(token));
    }

    /// <summary>The table.</summary>
    public TableClient Table { get; }

    /// <summary>Creates the table unless it exists.</summary>
    public Task CreateAsync(CancellationToken cancellationToken) => _created.EnsureAsync(cancellationToken).AsTask();

    /// <summary>Calls the table.</summary>
    /// <exception cref="Model.OutageException">The account does not work.</exception>
    public async Task<T> CallAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            await _created.EnsureAsync(cancellationToken);
            return await call();
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == "TableNotFound")
        {
            _created.Forget();
            throw;
        }
        catch (Exception exception) when (StorageOutage.Runtime(exception) is { } outage)
        {
            throw outage;
        }
    }

    public void Dispose() => _created.Dispose();
}
