using System.Globalization;
using Archiving.Storage;
using Azure;
using Azure.Data.Tables;

namespace Archiving.Restore;

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

        var key = string.Create(CultureInfo.InvariantCulture, $"{name}|{timeProvider.GetUtcNow().UtcDateTime:yyyyMMdd}");
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

    internal sealed class Row : ITableEntity
    {
        public string PartitionKey { get; set; } = "";

        public string RowKey { get; set; } = "";

        public DateTimeOffset? Timestamp { get; set; }

        public ETag ETag { get; set; }

        public int Count { get; set; }
    }
}
