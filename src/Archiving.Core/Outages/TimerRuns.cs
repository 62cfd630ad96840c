using Archiving.Storage;

namespace Archiving.Outages;

/// <summary>When each timer function last finished its work, for all instances. A timer that no longer comes logs nothing, so only this shows it.</summary>
public sealed class TimerRuns(OperationsTable table, TimeProvider timeProvider)
{
    private const string Partition = "timer";

    /// <summary>Records that a function finished its work.</summary>
    /// <exception cref="Model.OutageException">The storage does not work.</exception>
    public Task RecordAsync(string function, CancellationToken cancellationToken) =>
        table.WriteAsync(new Row { PartitionKey = Partition, RowKey = function, FinishedAt = timeProvider.GetUtcNow() }, cancellationToken);

    /// <summary>When a function last finished its work. One that never did counts from the first question, which is recorded too.</summary>
    /// <exception cref="Model.OutageException">The storage does not work.</exception>
    public async Task<DateTimeOffset> ReadAsync(string function, CancellationToken cancellationToken)
    {
        if (await table.FindAsync<Row>(Partition, function, cancellationToken) is { } row)
        {
            return row.FinishedAt;
        }

        var begin = new Row { PartitionKey = Partition, RowKey = function, FinishedAt = timeProvider.GetUtcNow() };

        // The function may have finished for the first time meanwhile: then its own record stays.
        await table.TryWriteAsync(begin, cancellationToken);
        return begin.FinishedAt;
    }

    internal sealed class Row : TableRow
    {
        public DateTimeOffset FinishedAt { get; set; }
    }
}
