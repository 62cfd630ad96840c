using System.Globalization;
using Archiving.Storage;

namespace Archiving.Restoring;

/// <summary>Counts what all instances do on a day, UTC, against a ceiling.</summary>
public sealed class DailyQuota(OperationsTable table, TimeProvider timeProvider)
{
    private const string Partition = "quota";

    /// <summary>Takes one of the day's share.</summary>
    /// <param name="name">What is counted.</param>
    /// <param name="ceiling">How many there are on a day; 0 for any number.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    /// <returns><see langword="false"/> when the day's share is used up.</returns>
    public async Task<bool> TryTakeAsync(string name, int ceiling, CancellationToken cancellationToken)
    {
        if (ceiling == 0)
        {
            return true;
        }

        var key = Key(name, timeProvider.GetUtcNow());
        while (true)
        {
            var row = await table.FindAsync<Row>(Partition, key, cancellationToken) ?? new Row { PartitionKey = Partition, RowKey = key };
            if (row.Count >= ceiling)
            {
                return false;
            }

            row.Count++;
            if (await table.TryWriteAsync(row, cancellationToken))
            {
                return true;
            }
        }
    }

    /// <summary>Gives one back that was taken and led to nothing.</summary>
    /// <param name="name">What is counted.</param>
    /// <param name="ceiling">How many there are on a day; 0 for any number.</param>
    /// <param name="takenAt">When it was taken: it goes back to that day.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    public async Task GiveBackAsync(string name, int ceiling, DateTimeOffset takenAt, CancellationToken cancellationToken)
    {
        if (ceiling == 0)
        {
            return;
        }

        while (await table.FindAsync<Row>(Partition, Key(name, takenAt), cancellationToken) is { Count: > 0 } row)
        {
            row.Count--;
            if (await table.TryWriteAsync(row, cancellationToken))
            {
                return;
            }
        }
    }

    private static string Key(string name, DateTimeOffset at) => string.Create(CultureInfo.InvariantCulture, $"{name}|{at.UtcDateTime:yyyyMMdd}");

    internal sealed class Row : TableRow
    {
        public int Count { get; set; }
    }
}
