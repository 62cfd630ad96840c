using Azure.Data.Tables;

namespace Archiving.Storage;

/// <summary>The table <c>operations</c>: the little that instances share besides the ledger, such as the day's quotas and present outages.</summary>
public sealed class OperationsTable(TableServiceClient tables) : IStorageResource
{
    /// <summary>Name of the table.</summary>
    public const string TableName = "operations";

    private readonly TableStore _table = new(tables, TableName);

    /// <summary>One row; <see langword="null"/> when there is none.</summary>
    public Task<T?> FindAsync<T>(string partition, string row, CancellationToken cancellationToken)
        where T : class, ITableEntity => _table.FindAsync<T>(partition, row, cancellationToken);

    /// <summary>Every row of a partition.</summary>
    public async Task<List<T>> ReadAsync<T>(string partition, CancellationToken cancellationToken)
        where T : class, ITableEntity => await _table.ReadPartitionAsync<T>(partition, cancellationToken);

    /// <summary>The rows that a filter of Table Storage lets through, by their keys alone.</summary>
    public ValueTask<List<TableEntity>> FindKeysAsync(string filter, CancellationToken cancellationToken) => _table
        .QueryAsync<TableEntity>(filter, [nameof(ITableEntity.PartitionKey), nameof(ITableEntity.RowKey)], cancellationToken)
        .ToListAsync(cancellationToken);

    /// <summary>Writes a whole row and replaces any that exists.</summary>
    public Task WriteAsync<T>(T row, CancellationToken cancellationToken)
        where T : ITableEntity => _table.WriteAsync(row, TableUpdateMode.Replace, cancellationToken);

    /// <summary>Writes a whole row, unless it was written since it was read.</summary>
    /// <returns><see langword="false"/> when it was.</returns>
    public Task<bool> TryWriteAsync<T>(T row, CancellationToken cancellationToken)
        where T : ITableEntity => _table.TryWriteAsync(row, cancellationToken);

    /// <summary>Deletes a row, if there is one.</summary>
    public Task DeleteAsync(string partition, string row, CancellationToken cancellationToken) => _table.DeleteAsync(partition, row, cancellationToken);

    /// <summary>Deletes rows of one partition, if they are there.</summary>
    public Task DeleteAsync<T>(IEnumerable<T> rows, CancellationToken cancellationToken)
        where T : ITableEntity => _table.DeleteAsync(rows, cancellationToken);

    /// <inheritdoc/>
    Task IStorageResource.CreateAsync(CancellationToken cancellationToken) => _table.CreateAsync(cancellationToken);
}
