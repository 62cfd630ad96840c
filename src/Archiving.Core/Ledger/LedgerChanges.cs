using Archiving.Storage;
using Azure.Data.Tables;

namespace Archiving.Ledger;

/// <summary>
/// Notes which days of the ledger are being written to, so that a count reads only those. A note says
/// that a day may change for some seconds to come, so a busy day costs one small write every few seconds and process,
/// not one for each object. It is written before the ledger is.
/// </summary>
public sealed class LedgerChanges : IStorageResource
{
    /// <summary>Name of the table, which holds a row for each day: this note and, beside it, what was counted.</summary>
    public const string TableName = "summaries";

    /// <summary>Partition of every row.</summary>
    public const string Partition = "day";

    private readonly TimeProvider _timeProvider;
    private readonly RecentNotes _notes;

    /// <summary>Initializes the notes.</summary>
    public LedgerChanges(TableServiceClient tables, TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        _notes = new RecentNotes(timeProvider, WriteAsync);
        Table = new TableStore(
            tables,
            TableName,
            deleted: _ =>
            {
                // The notes went with it.
                _notes.Clear();
                return Task.CompletedTask;
            });
    }

    /// <summary>The table, for what is counted beside the notes.</summary>
    internal TableStore Table { get; }

    /// <summary>Notes that a partition of the ledger is about to change.</summary>
    public Task NoteAsync(string partition, CancellationToken cancellationToken) => _notes.NoteAsync(partition, cancellationToken);

    /// <summary>Forgets every day, and so what was counted: the ledger was deleted.</summary>
    public async Task ForgetAsync(CancellationToken cancellationToken)
    {
        _notes.Clear();
        await Table.DeleteAsync(await Table.ReadPartitionAsync<DayRow>(Partition, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    Task IStorageResource.CreateAsync(CancellationToken cancellationToken) => Table.CreateAsync(cancellationToken);

    private Task WriteAsync(string partition) => Table.WriteAsync(
        new DayRow { RowKey = partition, ChangedUntil = _timeProvider.GetUtcNow() + RecentNotes.Lifetime },
        TableUpdateMode.Merge,
        CancellationToken.None);
}
