using System.Collections.Concurrent;
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

    private const int MostRemembered = 10_000;
    private static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _timeProvider;
    private readonly ConcurrentDictionary<string, (long At, Task Written)> _notes = new(StringComparer.Ordinal);

    /// <summary>Initializes the notes.</summary>
    public LedgerChanges(TableServiceClient tables, TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
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

    /// <summary>Notes that a partition of the ledger is about to change. A caller that comes while the note is being written waits for that one.</summary>
    public async Task NoteAsync(string partition, CancellationToken cancellationToken)
    {
        var now = _timeProvider.GetTimestamp();
        if (_notes.TryGetValue(partition, out var note)
            && _timeProvider.GetElapsedTime(note.At, now) < GoodFor
            && note.Written is { IsFaulted: false, IsCanceled: false })
        {
            await note.Written.WaitAsync(cancellationToken);
            return;
        }

        if (_notes.Count > MostRemembered)
        {
            _notes.Clear();
        }

        // Not cancelled with the first caller, because others wait for it.
        var written = WriteAsync(partition, CancellationToken.None);
        _notes[partition] = (now, written);
        await written.WaitAsync(cancellationToken);
    }

    /// <summary>Forgets every day, and so what was counted: the ledger was deleted.</summary>
    public async Task ForgetAsync(CancellationToken cancellationToken)
    {
        _notes.Clear();
        await Table.DeleteAsync(await Table.ReadPartitionAsync<DayRow>(Partition, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    Task IStorageResource.CreateAsync(CancellationToken cancellationToken) => Table.CreateAsync(cancellationToken);

    private Task WriteAsync(string partition, CancellationToken cancellationToken) => Table.WriteAsync(
        new DayRow { RowKey = partition, ChangedUntil = _timeProvider.GetUtcNow() + GoodFor },
        TableUpdateMode.Merge,
        cancellationToken);
}
