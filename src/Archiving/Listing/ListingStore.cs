using Archiving.Model;
using Archiving.Queues;
using Archiving.Storage;
using Azure;
using Azure.Data.Tables;

namespace Archiving.Listing;

/// <summary>The table <c>listings</c>: the watermark of each region, and the windows of each run.</summary>
public sealed class ListingStore : IStorageResource, IDisposable
{
    /// <summary>Name of the table.</summary>
    public const string TableName = "listings";

    private readonly TableClient _table;
    private readonly Initialization _created;

    /// <summary>Initializes the store.</summary>
    public ListingStore(TableServiceClient tables)
    {
        ArgumentNullException.ThrowIfNull(tables);
        _table = tables.GetTableClient(TableName);
        _created = new Initialization(token => _table.CreateIfNotExistsAsync(token));
    }

    /// <summary>The watermark of a region; <see langword="null"/> before its first listing.</summary>
    public Task<WatermarkRow?> FindWatermarkAsync(string region, CancellationToken cancellationToken) => CallAsync(
        async () =>
        {
            var row = await _table.GetEntityIfExistsAsync<WatermarkRow>(WatermarkRow.Partition, ObjectNames.Encode(region), cancellationToken: cancellationToken);
            return row.HasValue ? row.Value : null;
        },
        cancellationToken);

    /// <summary>Makes the next listing of a region include a time range, and queue again all that waits in it.</summary>
    public async Task ListAgainAsync(string region, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        while (await FindWatermarkAsync(region, cancellationToken) is { } row && !(row.ListAgainFrom <= from && row.ListAgainTo >= to))
        {
            row.ListAgainFrom = row.ListAgainFrom < from ? row.ListAgainFrom : from;
            row.ListAgainTo = row.ListAgainTo > to ? row.ListAgainTo : to;
            if (await TryWriteWatermarkAsync(row, cancellationToken))
            {
                return;
            }
        }
    }

    /// <summary>Whether a run was given up and another lists its time range instead: then its remaining windows need not be listed.</summary>
    public async Task<bool> IsReplacedAsync(string region, string runId, CancellationToken cancellationToken) =>
        await FindWatermarkAsync(region, cancellationToken) is { } watermark && watermark.ActiveRun != runId
        && await FindRunAsync(runId, cancellationToken) is { WasActive: true } run
        && (watermark.ActiveSince ?? watermark.LastCompleted) > run.StartedAt;

    /// <summary>Every region's watermark.</summary>
    public Task<List<WatermarkRow>> ReadWatermarksAsync(CancellationToken cancellationToken) => CallAsync(
        async () =>
        {
            var rows = new List<WatermarkRow>();
            await foreach (var row in _table.QueryAsync<WatermarkRow>(TableClient.CreateQueryFilter($"PartitionKey eq {WatermarkRow.Partition}"), cancellationToken: cancellationToken))
            {
                rows.Add(row);
            }

            return rows;
        },
        cancellationToken);

    /// <summary>Writes a watermark unless it was written since it was read.</summary>
    /// <returns><see langword="false"/> when it was.</returns>
    public Task<bool> TryWriteWatermarkAsync(WatermarkRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        row.RowKey = ObjectNames.Encode(row.Region);
        return CallAsync(
            async () =>
            {
                try
                {
                    if (row.ETag == default)
                    {
                        await _table.AddEntityAsync(row, cancellationToken);
                    }
                    else
                    {
                        await _table.UpdateEntityAsync(row, row.ETag, TableUpdateMode.Replace, cancellationToken);
                    }

                    return true;
                }
                catch (RequestFailedException exception) when (RowConflict.Is(exception))
                {
                    return false;
                }
            },
            cancellationToken);
    }

    /// <summary>Records windows as planned. A window that is on record already stays as it is.</summary>
    public async Task AddWindowsAsync(IReadOnlyCollection<WindowMessage> windows, CancellationToken cancellationToken)
    {
        foreach (var chunk in windows.GroupBy(window => window.RunId).SelectMany(run => run.Chunk(100)))
        {
            var rows = chunk.Select(window => ToRow(window)).ToList();
            var added = await CallAsync(
                async () =>
                {
                    try
                    {
                        await _table.SubmitTransactionAsync(rows.Select(row => new TableTransactionAction(TableTransactionActionType.Add, row)), cancellationToken);
                        return true;
                    }
                    catch (RequestFailedException exception) when (RowConflict.Is(exception))
                    {
                        return false;
                    }
                },
                cancellationToken);
            if (added)
            {
                continue;
            }

            foreach (var row in rows)
            {
                await CallAsync(
                    async () =>
                    {
                        try
                        {
                            await _table.AddEntityAsync(row, cancellationToken);
                        }
                        catch (RequestFailedException exception) when (RowConflict.Is(exception))
                        {
                            // Recorded already, perhaps done already: it is right as it is.
                        }

                        return true;
                    },
                    cancellationToken);
            }
        }
    }

    /// <summary>Records a window as done, with the counts that the row brings.</summary>
    public Task CompleteWindowAsync(WindowMessage window, WindowRow counts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(window);
        ArgumentNullException.ThrowIfNull(counts);
        var row = counts;
        row.PartitionKey = RunPartition(window.RunId!);
        row.RowKey = WindowKey(window);
        row.Region = window.Region;
        row.From = window.From;
        row.To = window.To;
        row.Done = true;
        return CallAsync(async () => await _table.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellationToken), cancellationToken);
    }

    /// <summary>A run; <see langword="null"/> when there is none of that id, or it was long ago.</summary>
    public Task<RunRow?> FindRunAsync(string runId, CancellationToken cancellationToken) => CallAsync(
        async () =>
        {
            var row = await _table.GetEntityIfExistsAsync<RunRow>(RunRow.Partition, ObjectNames.Encode(runId), cancellationToken: cancellationToken);
            return row.HasValue ? row.Value : null;
        },
        cancellationToken);

    /// <summary>Writes a run.</summary>
    public Task WriteRunAsync(string runId, RunRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        row.RowKey = ObjectNames.Encode(runId);
        return CallAsync(async () => await _table.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellationToken), cancellationToken);
    }

    /// <summary>Notes that a run is, or was, the one that its region's watermark waits for. The run may have ended meanwhile, so nothing else of it is touched.</summary>
    public Task NoteActiveAsync(string runId, CancellationToken cancellationToken)
    {
        var row = new TableEntity(RunRow.Partition, ObjectNames.Encode(runId)) { [nameof(RunRow.WasActive)] = true };
        return CallAsync(async () => await _table.UpsertEntityAsync(row, TableUpdateMode.Merge, cancellationToken), cancellationToken);
    }

    /// <summary>Deletes runs, and their windows, that began before a time.</summary>
    public async Task ForgetRunsAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        var old = new List<string>();
        await CallAsync(
            async () =>
            {
                await foreach (var run in _table.QueryAsync<RunRow>(TableClient.CreateQueryFilter($"PartitionKey eq {RunRow.Partition} and StartedAt lt {before}"), maxPerPage: 100, cancellationToken: cancellationToken))
                {
                    old.Add(run.RowKey);
                }

                return true;
            },
            cancellationToken);
        foreach (var runId in old)
        {
            // The run's own row last: until then the next check finds it again.
            var windows = await ReadWindowsAsync(runId, cancellationToken);
            await CallAsync(
                async () =>
                {
                    foreach (var chunk in windows.Chunk(100))
                    {
                        await _table.SubmitTransactionAsync(chunk.Select(window => new TableTransactionAction(TableTransactionActionType.Delete, window, ETag.All)), cancellationToken);
                    }

                    await _table.DeleteEntityAsync(RunRow.Partition, runId, ETag.All, cancellationToken);
                    return true;
                },
                cancellationToken);
        }
    }

    /// <summary>The windows of a run.</summary>
    public Task<List<WindowRow>> ReadWindowsAsync(string runId, CancellationToken cancellationToken) => CallAsync(
        async () =>
        {
            var partition = RunPartition(runId);
            var rows = new List<WindowRow>();
            await foreach (var row in _table.QueryAsync<WindowRow>(TableClient.CreateQueryFilter($"PartitionKey eq {partition}"), cancellationToken: cancellationToken))
            {
                rows.Add(row);
            }

            return rows;
        },
        cancellationToken);

    /// <summary>Records why a window could not be listed.</summary>
    public Task RecordWindowErrorAsync(WindowMessage window, string error, CancellationToken cancellationToken)
    {
        var row = new TableEntity(RunPartition(window.RunId!), WindowKey(window)) { [nameof(WindowRow.LastError)] = error };
        return CallAsync(async () => await _table.UpsertEntityAsync(row, TableUpdateMode.Merge, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _created.Dispose();

    /// <inheritdoc/>
    Task IStorageResource.CreateAsync(CancellationToken cancellationToken) => _created.EnsureAsync(cancellationToken).AsTask();

    private static string RunPartition(string runId) => $"run|{ObjectNames.Encode(runId)}";

    private static string WindowKey(WindowMessage window) => ObjectNames.Encode(window.Name);

    private static WindowRow ToRow(WindowMessage window) => new()
    {
        PartitionKey = RunPartition(window.RunId!),
        RowKey = WindowKey(window),
        Region = window.Region,
        From = window.From,
        To = window.To,
    };

    private async Task<T> CallAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            try
            {
                await _created.EnsureAsync(cancellationToken);
                return await call();
            }
            catch (RequestFailedException exception) when (exception.ErrorCode == "TableNotFound")
            {
                // The table was deleted: it is created again, and listing starts as it did at first.
                _created.Forget();
                await _created.EnsureAsync(cancellationToken);
                return await call();
            }
        }
        catch (Exception exception) when (exception is not OutageException && StorageOutage.Runtime(exception) is { } outage)
        {
            throw outage;
        }
    }
}
