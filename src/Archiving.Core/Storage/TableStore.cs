using System.Runtime.CompilerServices;
using Azure;
using Azure.Data.Tables;

namespace Archiving.Storage;

/// <summary>
/// The gateway to one table. The table is created before its first use, and an outage of the account is thrown as
/// <see cref="Model.OutageException"/>.
/// <para>
/// A table that was deleted since is created again, and the call that found out is repeated once. Every table can be
/// rebuilt or starts as it did at first, so to fail the caller would only cost one of an object's attempts.
/// </para>
/// </summary>
internal sealed class TableStore : IStorageResource
{
    // A transaction holds 100 rows of one partition at most (Azure Table Storage, entity group transactions).
    public const int RowsPerTransaction = 100;

    private readonly TableClient _table;
    private readonly Func<string, CancellationToken, Task>? _writing;
    private readonly Func<CancellationToken, Task>? _deleted;
    private readonly Initialization _created;

    /// <summary>Initializes the gateway.</summary>
    /// <param name="tables">The account.</param>
    /// <param name="name">Name of the table.</param>
    /// <param name="writing">What to do before rows of a partition are written, and again before a write is repeated.</param>
    /// <param name="deleted">What to do before a table that was deleted is created again.</param>
    /// <param name="creates">Whether the table is created. One that is not, and is not there, holds nothing.</param>
    public TableStore(
        TableServiceClient tables,
        string name,
        Func<string, CancellationToken, Task>? writing = null,
        Func<CancellationToken, Task>? deleted = null,
        bool creates = true)
    {
        _table = tables.GetTableClient(name);
        _writing = writing;
        _deleted = deleted;
        _created = new Initialization(token => creates ? _table.CreateIfNotExistsAsync(token) : Task.CompletedTask);
    }

    /// <inheritdoc/>
    public Task CreateAsync(CancellationToken cancellationToken) => CallAsync(() => Task.FromResult(true), cancellationToken);

    /// <summary>One row; <see langword="null"/> when there is none.</summary>
    public Task<T?> FindAsync<T>(string partition, string row, CancellationToken cancellationToken)
        where T : class, ITableEntity => CallAsync(
        async () =>
        {
            var response = await _table.GetEntityIfExistsAsync<T>(partition, row, cancellationToken: cancellationToken);
            return response.HasValue ? response.Value : null;
        },
        cancellationToken);

    /// <summary>The rows that a filter of Table Storage lets through, page by page, with the given columns.</summary>
    public async IAsyncEnumerable<T> QueryAsync<T>(
        string? filter,
        IEnumerable<string>? columns,
        [EnumeratorCancellation] CancellationToken cancellationToken,
        int? maxPerPage = null)
        where T : class, ITableEntity
    {
        // After a table that was deleted is created again, the enumerator ends: there is nothing to read.
        await using var pages = _table.QueryAsync<T>(filter, maxPerPage, columns, cancellationToken).AsPages().GetAsyncEnumerator(cancellationToken);
        while (await CallAsync(async () => await pages.MoveNextAsync(), cancellationToken))
        {
            foreach (var row in pages.Current.Values)
            {
                yield return row;
            }
        }
    }

    /// <summary>All rows that a filter of Table Storage lets through.</summary>
    public ValueTask<List<T>> ReadAsync<T>(string filter, CancellationToken cancellationToken)
        where T : class, ITableEntity => QueryAsync<T>(filter, columns: null, cancellationToken).ToListAsync(cancellationToken);

    /// <summary>All rows of a partition.</summary>
    public ValueTask<List<T>> ReadPartitionAsync<T>(string partition, CancellationToken cancellationToken)
        where T : class, ITableEntity => ReadAsync<T>(TableClient.CreateQueryFilter($"PartitionKey eq {partition}"), cancellationToken);

    /// <summary>Writes a row, whether or not there is one: replaces all of it, or merges what the new one gives.</summary>
    public Task WriteAsync<T>(T row, TableUpdateMode mode, CancellationToken cancellationToken)
        where T : ITableEntity => WriteAsync(row.PartitionKey, () => _table.UpsertEntityAsync(row, mode, cancellationToken), cancellationToken);

    /// <summary>Writes whole rows of one partition together, all or none, and replaces those that exist.</summary>
    public Task WriteAsync<T>(IReadOnlyList<T> rows, CancellationToken cancellationToken)
        where T : ITableEntity => rows is [var only]
        ? WriteAsync(only, TableUpdateMode.Replace, cancellationToken)
        : WriteAsync(rows[0].PartitionKey, () => SubmitAsync(TableTransactionActionType.UpsertReplace, rows, cancellationToken), cancellationToken);

    /// <summary>Writes a whole row as it was read: adds one that was not, replaces one that has not been written since.</summary>
    /// <returns><see langword="false"/> when it has.</returns>
    public Task<bool> TryWriteAsync<T>(T row, CancellationToken cancellationToken)
        where T : ITableEntity => TryWriteAsync(
        row.PartitionKey,
        () => row.ETag == default
            ? _table.AddEntityAsync(row, cancellationToken)
            : _table.UpdateEntityAsync(row, row.ETag, TableUpdateMode.Replace, cancellationToken),
        cancellationToken);

    /// <summary>Writes rows of one partition together: all or none.</summary>
    /// <returns><see langword="false"/> when one of them was written meanwhile.</returns>
    public Task<bool> TrySubmitAsync<T>(TableTransactionActionType action, IReadOnlyList<T> rows, CancellationToken cancellationToken)
        where T : ITableEntity => TryWriteAsync(rows[0].PartitionKey, () => SubmitAsync(action, rows, cancellationToken), cancellationToken);

    /// <summary>
    /// Writes whole rows of one partition together as they were read, all or none: adds those that were not, replaces those that
    /// have not been written since.
    /// </summary>
    /// <returns><see langword="false"/> when one of them has.</returns>
    public Task<bool> TryWriteTogetherAsync(IReadOnlyList<ITableEntity> rows, CancellationToken cancellationToken) => TryWriteAsync(
        rows[0].PartitionKey,
        () => _table.SubmitTransactionAsync(rows.Select(AsRead), cancellationToken),
        cancellationToken);

    /// <summary>Deletes a row, if there is one.</summary>
    public Task DeleteAsync(string partition, string row, CancellationToken cancellationToken) =>
        CallAsync(() => _table.DeleteEntityAsync(partition, row, ETag.All, cancellationToken), cancellationToken);

    /// <summary>Deletes a row as it was read.</summary>
    /// <returns><see langword="false"/> when it was written or deleted meanwhile.</returns>
    public Task<bool> TryDeleteAsync<T>(T row, CancellationToken cancellationToken)
        where T : ITableEntity => TryWriteAsync(
        row.PartitionKey,
        () => _table.DeleteEntityAsync(row.PartitionKey, row.RowKey, row.ETag, cancellationToken),
        cancellationToken);

    /// <summary>Deletes rows of one partition as they were read, and writes another of it as it was read: all or none.</summary>
    /// <returns><see langword="false"/> when one of them was written or deleted meanwhile.</returns>
    public Task<bool> TryDeleteTogetherAsync<T>(IReadOnlyList<T> rows, ITableEntity written, CancellationToken cancellationToken)
        where T : ITableEntity => TryWriteAsync(
        written.PartitionKey,
        () => _table.SubmitTransactionAsync(
            rows.Select(row => new TableTransactionAction(TableTransactionActionType.Delete, row, row.ETag)).Append(AsRead(written)),
            cancellationToken),
        cancellationToken);

    /// <summary>Deletes rows of one partition, written or deleted meanwhile or not.</summary>
    public async Task DeleteAsync<T>(IEnumerable<T> rows, CancellationToken cancellationToken)
        where T : ITableEntity
    {
        foreach (var chunk in rows.Chunk(RowsPerTransaction))
        {
            var actions = chunk.Select(row => new TableTransactionAction(TableTransactionActionType.Delete, row, ETag.All));
            if (await TryWriteAsync(chunk[0].PartitionKey, () => _table.SubmitTransactionAsync(actions, cancellationToken), cancellationToken))
            {
                continue;
            }

            // One is gone already, which fails the transaction.
            foreach (var row in chunk)
            {
                await DeleteAsync(row.PartitionKey, row.RowKey, cancellationToken);
            }
        }
    }

    /// <summary>
    /// Writes, unless another writer has written, created or deleted a row meanwhile. A missing table has the same status but
    /// is a different error, because reading the row again does not help (Azure Table Storage, error codes).
    /// </summary>
    private Task<bool> TryWriteAsync<T>(string partition, Func<Task<T>> write, CancellationToken cancellationToken) => WriteAsync(
        partition,
        async () =>
        {
            try
            {
                await write();
                return true;
            }
            catch (RequestFailedException exception) when (exception.ErrorCode is "EntityAlreadyExists" or "UpdateConditionNotSatisfied" or "ResourceNotFound")
            {
                return false;
            }
        },
        cancellationToken);

    private static TableTransactionAction AsRead(ITableEntity row) =>
        new(row.ETag == default ? TableTransactionActionType.Add : TableTransactionActionType.UpdateReplace, row, row.ETag);

    private Task<Response<IReadOnlyList<Response>>> SubmitAsync<T>(TableTransactionActionType action, IEnumerable<T> rows, CancellationToken cancellationToken)
        where T : ITableEntity =>
        _table.SubmitTransactionAsync(rows.Select(row => new TableTransactionAction(action, row, row.ETag)), cancellationToken);

    private Task<T> WriteAsync<T>(string partition, Func<Task<T>> write, CancellationToken cancellationToken) => CallAsync(
        async () =>
        {
            await (_writing?.Invoke(partition, cancellationToken) ?? Task.CompletedTask);
            return await write();
        },
        cancellationToken);

    private async Task<T> CallAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            await _created.EnsureAsync(cancellationToken);
            try
            {
                return await call();
            }
            catch (RequestFailedException exception) when (exception.ErrorCode == "TableNotFound")
            {
                _created.Forget();
            }

            await (_deleted?.Invoke(cancellationToken) ?? Task.CompletedTask);
            await _created.EnsureAsync(cancellationToken);
            return await call();
        }
        catch (Exception exception) when (StorageOutage.Runtime(exception) is { } outage)
        {
            throw outage;
        }
    }
}
