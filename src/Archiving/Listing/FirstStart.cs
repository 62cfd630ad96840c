using Archiving.Model;
using Archiving.Storage;
using Azure.Data.Tables;

namespace Archiving.Listing;

/// <summary>
/// When the app first started with its storage. An instance cannot know by itself: Azure starts instances as there is
/// work, and each would wait for the first listing from its own start.
/// </summary>
public sealed class FirstStart(OperationsTable table, TimeProvider timeProvider) : IStorageResource
{
    private const string Partition = "app";
    private const string Key = "first-start";
    private DateTimeOffset? _at;

    /// <summary>Finds the time, and records the present one where none is on record.</summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<DateTimeOffset> FindAsync(CancellationToken cancellationToken)
    {
        while (_at is null)
        {
            var row = await table.FindAsync<Row>(Partition, Key, cancellationToken);
            if (row is null)
            {
                // Where another instance is quicker, its time is found in the next round.
                row = new Row { PartitionKey = Partition, RowKey = Key, At = timeProvider.GetUtcNow() };
                row = await table.TryWriteAsync(row, cancellationToken) ? row : null;
            }

            _at = row?.At;
        }

        return _at.Value;
    }

    /// <summary>Whether the app ever started with a storage. Unlike <see cref="FindAsync"/> this creates and records nothing.</summary>
    public static async Task<bool> IsOnRecordAsync(TableServiceClient tables, CancellationToken cancellationToken) =>
        (await tables.GetTableClient(OperationsTable.TableName).GetEntityIfExistsAsync<Row>(Partition, Key, cancellationToken: cancellationToken)).HasValue;

    /// <inheritdoc/>
    Task IStorageResource.CreateAsync(CancellationToken cancellationToken) => FindAsync(cancellationToken);

    internal sealed class Row : TableRow
    {
        public DateTimeOffset At { get; set; }
    }
}
