using Azure;
using Azure.Data.Tables;

namespace Archiving.Storage;

/// <summary>The table <c>operations</c>: the little that instances share besides the ledger, such as the day's quotas and present outages.</summary>
public sealed class OperationsTable : IStorageResource, IDisposable
{
    /// <summary>Name of the table.</summary>
    public const string TableName = "operations";

    private readonly TableStore _store;

    /// <summary>Initializes the table.</summary>
    public OperationsTable(TableServiceClient tables)
    {
        ArgumentNullException.ThrowIfNull(tables);
        _store = new TableStore(tables, TableName);
    }

    /// <summary>One row; <see langword="null"/> when there is none.</summary>
    public Task<T?> FindAsync<T>(string partition, string row, CancellationToken cancellationToken)
        where T : class, ITableEntity => _store.CallAsync(
        async () =>
        {
            var response = await _store.Table.GetEntityIfExistsAsync<T>(partition, row, cancellationToken: cancellationToken);
            return response.HasValue ? response.Value : null;
        },
        cancellationToken);

    /// <summary>Every row of a partition.</summary>
    public Task<List<T>> ReadAsync<T>(string partition, CancellationToken cancellationToken)
        where T : class, ITableEntity => _store.CallAsync(
        async () =>
        {
            var rows = new List<T>();
            await foreach (var row in _store.Table.QueryAsync<T>(TableClient.CreateQueryFilter($"PartitionKey eq {partition}"), cancellationToken: cancellationToken))
            {
                rows.Add(row);
            }

            return rows;
        },
        cancellationToken);

    /// <summary>Writes a whole row and replaces any that exists.</summary>
    public Task WriteAsync<T>(T row, CancellationToken cancellationToken)
        where T : ITableEntity => _store.CallAsync(async () => await _store.Table.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellationToken), cancellationToken);

    /// <summary>Writes a whole row, unless it was written since it was read.</summary>
    /// <returns><see langword="false"/> when it was.</returns>
    public Task<bool> TryWriteAsync<T>(T row, CancellationToken cancellationToken)
        where T : ITableEntity => _store.CallAsync(
        async () =>
        {
            try
            {
                if (row.ETag == default)
                {
                    await _store.Table.AddEntityAsync(row, cancellationToken);
                }
                else
                {
                    await _store.Table.UpdateEntityAsync(row, row.ETag, TableUpdateMode.Replace, cancellationToken);
                }

                return true;
            }
            catch (RequestFailedException exception) when (RowConflict.Is(exception))
            {
                return false;
            }
        },
        cancellationToken);

    /// <summary>Deletes a row, if there is one.</summary>
    public Task DeleteAsync(string partition, string row, CancellationToken cancellationToken) =>
        _store.CallAsync(async () => await _store.Table.DeleteEntityAsync(partition, row, cancellationToken: cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _store.Dispose();

    /// <inheritdoc/>
    Task IStorageResource.CreateAsync(CancellationToken cancellationToken) => _store.CreateAsync(cancellationToken);
}
