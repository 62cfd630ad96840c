using Archiving.Model;

namespace Archiving.Ledger;

/// <summary>
/// Lets rows of a partition that are to be written at the same moment share a request. A row that comes alone is
/// written at once; those that come while a request of their partition is under way go together when it is back. So
/// no row waits for others, and the busier an instance is, the fewer requests a row costs.
/// </summary>
/// <param name="write">Writes rows of one partition, no row twice: all or none.</param>
/// <param name="maxRows">Maximum number of rows of a request.</param>
internal sealed class SharedWrites(Func<IReadOnlyList<LedgerEntry>, Task> write, int maxRows)
{
    private readonly Lock _lock = new();

    // A partition is here while a caller writes to it.
    private readonly Dictionary<string, List<Waiting>> _partitions = new(StringComparer.Ordinal);

    /// <summary>Writes a row, alone or with others. Who stops waiting does not stop the write.</summary>
    public Task WriteAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var waiting = new Waiting(entry);
        lock (_lock)
        {
            if (_partitions.TryGetValue(entry.PartitionKey, out var others))
            {
                others.Add(waiting);
                return waiting.Written.Task.WaitAsync(cancellationToken);
            }

            _partitions[entry.PartitionKey] = [waiting];
        }

        _ = WritePartitionAsync(entry.PartitionKey);
        return waiting.Written.Task.WaitAsync(cancellationToken);
    }

    private async Task WritePartitionAsync(string partition)
    {
        while (Take(partition) is { Count: > 0 } batch)
        {
            var failure = batch.Count > 1 ? await TryWriteAsync(batch) : null;
            if (batch.Count > 1 && failure is null)
            {
                continue;
            }

            if (failure is OutageException)
            {
                // It would fail for each alone just as well, one long wait after the other.
                batch.ForEach(waiting => waiting.Written.SetException(failure));
                continue;
            }

            // Alone, or one after the other: an error in one row must not fail the others.
            foreach (var waiting in batch)
            {
                if (await TryWriteAsync([waiting]) is { } exception)
                {
                    waiting.Written.SetException(exception);
                }
            }
        }
    }

    private async Task<Exception?> TryWriteAsync(IReadOnlyList<Waiting> batch)
    {
        try
        {
            await write([.. batch.Select(waiting => waiting.Entry)]);
        }
        catch (Exception exception)
        {
            return exception;
        }

        foreach (var waiting in batch)
        {
            waiting.Written.SetResult();
        }

        return null;
    }

    /// <summary>The next rows; none when no caller waits any more, and then the partition is left.</summary>
    private List<Waiting> Take(string partition)
    {
        lock (_lock)
        {
            var waiting = _partitions[partition];

            // A transaction may hold a row once only (Azure Table Storage). A second write of the row waits.
            var batch = waiting.DistinctBy(item => item.Entry.RowKey, StringComparer.Ordinal).Take(maxRows).ToList();
            if (batch.Count == 0)
            {
                _partitions.Remove(partition);
            }
            else if (batch.Count == waiting.Count)
            {
                waiting.Clear();
            }
            else
            {
                waiting.RemoveAll(batch.Contains);
            }

            return batch;
        }
    }

    private sealed class Waiting(LedgerEntry entry)
    {
        public LedgerEntry Entry { get; } = entry;

        public TaskCompletionSource Written { get; } = new();
    }
}
