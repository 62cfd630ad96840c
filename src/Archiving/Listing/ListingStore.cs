using Archiving.Model;
using Archiving.Queues;
using Archiving.Storage;
using Azure.Data.Tables;

namespace Archiving.Listing;

/// <summary>The table <c>listings</c>: the watermark of each region, and the windows of each run.</summary>
public sealed class ListingStore(TableServiceClient tables) : IStorageResource
{
    /// <summary>Name of the table.</summary>
    public const string TableName = "listings";

    private const string RunPrefix = "run|";
    private readonly TableStore _table = new(tables, TableName);

    /// <summary>The watermark of a region; <see langword="null"/> before its first listing.</summary>
    public Task<WatermarkRow?> FindWatermarkAsync(string region, CancellationToken cancellationToken) =>
        _table.FindAsync<WatermarkRow>(WatermarkRow.Partition, ObjectNames.Encode(region), cancellationToken);

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
    public async Task<List<WatermarkRow>> ReadWatermarksAsync(CancellationToken cancellationToken) =>
        await _table.ReadPartitionAsync<WatermarkRow>(WatermarkRow.Partition, cancellationToken);

    /// <summary>The watermarks of the regions that are archived.</summary>
    public async Task<List<WatermarkRow>> ReadPresentWatermarksAsync(CancellationToken cancellationToken) =>
        [.. (await ReadWatermarksAsync(cancellationToken)).Where(row => !row.IsLeft)];

    /// <summary>Writes a watermark unless it was written since it was read.</summary>
    /// <returns><see langword="false"/> when it was.</returns>
    public Task<bool> TryWriteWatermarkAsync(WatermarkRow row, CancellationToken cancellationToken)
    {
        row.RowKey = ObjectNames.Encode(row.Region);
        return _table.TryWriteAsync(row, cancellationToken);
    }

    /// <summary>Writes watermarks together, unless one of them was written since it was read.</summary>
    /// <returns><see langword="false"/> when one was.</returns>
    public Task<bool> TryWriteWatermarksAsync(IReadOnlyList<WatermarkRow> rows, CancellationToken cancellationToken)
    {
        foreach (var row in rows)
        {
            row.RowKey = ObjectNames.Encode(row.Region);
        }

        return _table.TryWriteTogetherAsync(rows, cancellationToken);
    }

    /// <summary>Records windows as planned, and counts them. A window that is on record already stays as it is.</summary>
    public async Task AddWindowsAsync(IReadOnlyCollection<WindowMessage> windows, CancellationToken cancellationToken)
    {
        // One row of a transaction counts the others.
        foreach (var chunk in windows.GroupBy(window => window.RunId).SelectMany(run => run.Chunk(TableStore.RowsPerTransaction - 1)))
        {
            var rows = chunk.Select(ToRow).ToList();
            while (rows.Count > 0 && !await TryAddAsync(rows, cancellationToken))
            {
                // Some are on record already, perhaps done already, or others were counted at the same moment.
                var present = await Task.WhenAll(rows.Select(row => _table.FindAsync<WindowRow>(row.PartitionKey, row.RowKey, cancellationToken)));
                rows = [.. rows.Where((_, index) => present[index] is null)];
            }
        }
    }

    /// <summary>Records a window as done, with the counts that the row brings. One that is on record as done stays as it is.</summary>
    public async Task CompleteWindowAsync(WindowMessage window, WindowRow counts, CancellationToken cancellationToken)
    {
        var row = ToRow(window);
        while (await _table.FindAsync<WindowRow>(row.PartitionKey, row.RowKey, cancellationToken) is not { Done: true } and var present)
        {
            counts.PartitionKey = row.PartitionKey;
            counts.RowKey = row.RowKey;
            counts.ETag = present?.ETag ?? default;
            counts.Region = window.Region;
            counts.From = window.From;
            counts.To = window.To;
            counts.IsPass = window.IsPass;
            counts.IsCut = window.IsCut;
            counts.Done = true;
            var sum = await FindCountsAsync(row, cancellationToken);
            sum.Planned += (present is null ? 1 : 0) - (window.IsCut ? 1 : 0);
            sum.Completed += window.IsCut ? 0 : 1;
            sum.FailedWindows -= present?.LastError is null ? 0 : 1;
            sum.Listed += counts.Listed;
            sum.Enqueued += counts.Enqueued;
            if (await _table.TryWriteTogetherAsync([counts, sum], cancellationToken))
            {
                return;
            }
        }
    }

    /// <summary>What a run has counted, in one request.</summary>
    public async Task<RunCountsRow> ReadCountsAsync(string runId, CancellationToken cancellationToken) =>
        (await ReadCountRowsAsync(runId, cancellationToken)).Aggregate(new RunCountsRow(), (sum, row) => sum.Plus(row));

    /// <summary>Writes what became of a run's objects.</summary>
    /// <param name="runId">The run. One that is no longer on record is left alone.</param>
    /// <param name="counts">How many were archived, failed, and waited.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    public async Task WriteObjectCountsAsync(string runId, RunCountsRow counts, CancellationToken cancellationToken)
    {
        if (await FindRunAsync(runId, cancellationToken) is not null)
        {
            counts.PartitionKey = RunPartition(runId);
            counts.RowKey = RunCountsRow.ObjectsKey;
            await _table.WriteAsync(counts, TableUpdateMode.Replace, cancellationToken);
        }
    }

    /// <summary>A run; <see langword="null"/> when there is none of that id, or it was long ago.</summary>
    public Task<RunRow?> FindRunAsync(string runId, CancellationToken cancellationToken) =>
        _table.FindAsync<RunRow>(RunRow.Partition, ObjectNames.Encode(runId), cancellationToken);

    /// <summary>The runs whose ID has a prefix, and that began at a time or later, in one request.</summary>
    public async Task<List<RunRow>> ReadRunsAsync(string prefix, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var first = ObjectNames.Encode(prefix);
        var end = first[..^1] + (char)(first[^1] + 1);
        return await _table.ReadAsync<RunRow>(
            TableClient.CreateQueryFilter($"PartitionKey eq {RunRow.Partition} and RowKey ge {first} and RowKey lt {end} and StartedAt ge {since}"),
            cancellationToken);
    }

    /// <summary>Whether a run of the last days is on record.</summary>
    public async Task<bool> HasRunsAsync(CancellationToken cancellationToken) =>
        (await _table.ReadPartitionAsync<RunRow>(RunRow.Partition, cancellationToken)).Count > 0;

    /// <summary>Writes a run.</summary>
    public Task WriteRunAsync(string runId, RunRow row, CancellationToken cancellationToken)
    {
        row.RowKey = ObjectNames.Encode(runId);
        return _table.WriteAsync(row, TableUpdateMode.Replace, cancellationToken);
    }

    /// <summary>
    /// Notes that a run is, or was, the one that its region's watermark waits for. The run may have ended meanwhile, so
    /// nothing else of it is touched.
    /// </summary>
    public Task NoteActiveAsync(string runId, CancellationToken cancellationToken)
    {
        var row = new TableEntity(RunRow.Partition, ObjectNames.Encode(runId)) { [nameof(RunRow.WasActive)] = true };
        return _table.WriteAsync(row, TableUpdateMode.Merge, cancellationToken);
    }

    /// <summary>Deletes runs, and their windows, that began before a time.</summary>
    public async Task ForgetRunsAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        var old = TableClient.CreateQueryFilter($"PartitionKey eq {RunRow.Partition} and StartedAt lt {before}");
        foreach (var run in await _table.ReadAsync<RunRow>(old, cancellationToken))
        {
            // The run's own row last: until then the next check finds it again.
            await _table.DeleteAsync(await _table.ReadPartitionAsync<TableEntity>(RunPrefix + run.RowKey, cancellationToken), cancellationToken);
            await _table.DeleteAsync(RunRow.Partition, run.RowKey, cancellationToken);
        }

        await _table.DeleteAsync((await ReadFailuresAsync(cancellationToken)).Where(row => row.FailedAt < before), cancellationToken);
    }

    /// <summary>The windows of a run.</summary>
    public async Task<List<WindowRow>> ReadWindowsAsync(string runId, CancellationToken cancellationToken) => await _table.ReadAsync<WindowRow>(
        TableClient.CreateQueryFilter($"PartitionKey eq {RunPartition(runId)} and RowKey lt {RunCountsRow.FirstKey}"),
        cancellationToken);

    /// <summary>Records why a window could not be listed, unless it was listed at another try.</summary>
    public async Task RecordWindowErrorAsync(WindowMessage window, string error, CancellationToken cancellationToken)
    {
        var key = ToRow(window);
        while (await _table.FindAsync<WindowRow>(key.PartitionKey, key.RowKey, cancellationToken) is { Done: false, LastError: null } row)
        {
            row.LastError = error;
            var sum = await FindCountsAsync(row, cancellationToken);
            sum.FailedWindows++;
            if (await _table.TryWriteTogetherAsync([row, sum], cancellationToken))
            {
                return;
            }
        }
    }

    /// <summary>Counts one more failure of a window.</summary>
    public async Task NoteFailureAsync(WindowMessage window, string reason, DateTimeOffset now, CancellationToken cancellationToken)
    {
        ListingFailureRow row;
        do
        {
            row = await _table.FindAsync<ListingFailureRow>(ListingFailureRow.Partition, WindowKey(window), cancellationToken)
                ?? new ListingFailureRow { RowKey = WindowKey(window), Region = window.Region, Kind = window.Kind.ToString() };
            row.RunId = window.RunId;
            row.Failures++;
            row.Reason = reason;
            row.FailedAt = now;
        }
        while (!await _table.TryWriteAsync(row, cancellationToken));
    }

    /// <summary>
    /// Has a window that was given up count as one that fails in a row. Where it took too long each time, or the process ended
    /// each time, nothing has counted that.
    /// </summary>
    public async Task NoteGivenUpAsync(WindowMessage window, string reason, DateTimeOffset now, CancellationToken cancellationToken)
    {
        while (await _table.FindAsync<ListingFailureRow>(ListingFailureRow.Partition, WindowKey(window), cancellationToken)
            is not { Failures: >= ListingInspector.MaxFailures })
        {
            await NoteFailureAsync(window, reason, now, cancellationToken);
        }
    }

    /// <summary>Keeps that a record has no id, so that it cannot be archived.</summary>
    /// <param name="window">The window that listed it.</param>
    /// <param name="hash">Tells the record from others.</param>
    /// <param name="reason">Why it cannot be read.</param>
    /// <param name="now">When it was listed.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    public Task NoteUnreadableAsync(
        WindowMessage window,
        string hash,
        string reason,
        DateTimeOffset now,
        CancellationToken cancellationToken) => _table.WriteAsync(
        new ListingFailureRow
        {
            RowKey = $"{ObjectNames.Encode(window.Region)}|{ListingFailureRow.Unreadable}|{hash}|{WindowKey(window)}",
            Region = window.Region,
            Kind = ListingFailureRow.Unreadable,
            Failures = 1,
            Reason = reason,
            FailedAt = now,
            From = window.Types is null ? window.From : null,
            To = window.To,
            Field = window.Field.ToName(),
        },
        TableUpdateMode.Replace,
        cancellationToken);

    /// <summary>Notes which run lists the windows of unreadable records again. One that was noted again since it was read is left alone.</summary>
    public async Task NoteListedAgainAsync(IEnumerable<ListingFailureRow> rows, string runId, CancellationToken cancellationToken)
    {
        foreach (var row in rows)
        {
            row.ListedAgainBy = runId;
            await _table.TryWriteAsync(row, cancellationToken);
        }
    }

    /// <summary>Forgets the unreadable records that a run, which has ended, did not find again.</summary>
    public async Task ForgetUnreadableAsync(string runId, CancellationToken cancellationToken)
    {
        foreach (var row in (await ReadFailuresAsync(cancellationToken)).Where(row => row.ListedAgainBy == runId))
        {
            await _table.TryDeleteAsync(row, cancellationToken);
        }
    }

    /// <summary>Takes in that a window was listed that had failed before.</summary>
    public Task ForgetFailureAsync(WindowMessage window, CancellationToken cancellationToken) =>
        _table.DeleteAsync(ListingFailureRow.Partition, WindowKey(window), cancellationToken);

    /// <summary>What could not be listed, and was not since, as far as this table knows.</summary>
    public async Task<List<ListingFailureRow>> ReadFailuresAsync(CancellationToken cancellationToken) =>
        await _table.ReadPartitionAsync<ListingFailureRow>(ListingFailureRow.Partition, cancellationToken);

    /// <inheritdoc/>
    Task IStorageResource.CreateAsync(CancellationToken cancellationToken) => _table.CreateAsync(cancellationToken);

    private static string RunPartition(string runId) => RunPrefix + ObjectNames.Encode(runId);

    private static string WindowKey(WindowMessage window) => ObjectNames.Encode(window.Name);

    private async Task<bool> TryAddAsync(List<WindowRow> rows, CancellationToken cancellationToken)
    {
        var sum = await FindCountsAsync(rows[0], cancellationToken);
        sum.Planned += rows.Count;
        return await _table.TryWriteTogetherAsync([.. rows, sum], cancellationToken);
    }

    private async Task<RunCountsRow> FindCountsAsync(WindowRow window, CancellationToken cancellationToken)
    {
        var key = RunCountsRow.KeyOf(window.RowKey);
        return await _table.FindAsync<RunCountsRow>(window.PartitionKey, key, cancellationToken)
            ?? new RunCountsRow { PartitionKey = window.PartitionKey, RowKey = key };
    }

    private ValueTask<List<RunCountsRow>> ReadCountRowsAsync(string runId, CancellationToken cancellationToken) => _table.ReadAsync<RunCountsRow>(
        TableClient.CreateQueryFilter($"PartitionKey eq {RunPartition(runId)} and RowKey ge {RunCountsRow.FirstKey}"),
        cancellationToken);

    private static WindowRow ToRow(WindowMessage window) => new()
    {
        PartitionKey = RunPartition(window.RunId!),
        RowKey = WindowKey(window),
        Region = window.Region,
        From = window.From,
        To = window.To,
        IsPass = window.IsPass,
        IsCut = window.IsCut,
    };
}
