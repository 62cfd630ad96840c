using Archiving.Ledger;
using Archiving.Queues;
using Archiving.Settings;
using EightByEight;

namespace Archiving.Listing;

/// <summary>
/// Takes in listed records: looks up which of them the ledger knows, and queues what is new or changed.
/// <para>
/// Rows are written before messages are sent. A crash in between leaves rows that say <c>Queued</c> without a message;
/// the window's own message then comes again, and queues once more what it queued itself. Hence a row that another
/// window queued can be left to that window, and nothing is sent twice in the ordinary course.
/// </para>
/// </summary>
public sealed class ObjectIntake(ObjectLedger ledger, WorkQueues queues, ArchiverOptions options, TimeProvider timeProvider)
{
    private const int SendsAtOnce = 16;

    /// <summary>Takes in a page.</summary>
    /// <param name="region">8x8's region.</param>
    /// <param name="records">The page's records.</param>
    /// <param name="window">Name of the window that is listed.</param>
    /// <param name="cancellationToken">Stops between two writes.</param>
    /// <returns>How many records were put into a queue.</returns>
    public async Task<int> TakeAsync(string region, IReadOnlyList<StorageObject> records, string window, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(records);
        if (records.Count == 0)
        {
            return 0;
        }

        // A page can hold a record twice when it changed between two requests; the later one is the truer.
        var wanted = new Dictionary<LedgerKey, StorageObject>(records.Count);
        foreach (var record in records)
        {
            wanted[LedgerKey.Of(region, record)] = record;
        }

        var known = await ledger.FindUnchangedAsync(region, wanted.Values, cancellationToken);
        var batch = new Batch(region, window, timeProvider.GetUtcNow());
        foreach (var (key, record) in wanted)
        {
            Decide(batch, record, known.GetValueOrDefault(key));
        }

        foreach (var row in await ledger.AddAsync(batch.Added, cancellationToken))
        {
            var key = new LedgerKey(row.PartitionKey, row.RowKey);
            Decide(batch, wanted[key], await ledger.FindAsync(key, cancellationToken), isLookedUp: true);
        }

        await ledger.MergeAsync(batch.Merged, cancellationToken);
        await Parallel.ForEachAsync(
            batch.Sent.Values,
            new ParallelOptions { MaxDegreeOfParallelism = SendsAtOnce, CancellationToken = cancellationToken },
            async (record, token) => await queues.SendAsync(
                QueueFor(record),
                new ObjectMessage { Region = region, Id = record.Id, Record = record },
                TimeSpan.Zero,
                token));
        return batch.Sent.Count;
    }

    /// <summary>The queue for a record in its present state.</summary>
    public static string QueueFor(StorageObject record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return record.State == ObjectState.Archived ? QueueNames.RestoreObjects : QueueNames.ArchiveObjects;
    }

    private void Decide(Batch batch, StorageObject record, LedgerEntry? entry, bool isLookedUp = false)
    {
        if (entry is null)
        {
            var row = LedgerEntry.Queued(batch.Region, record, batch.Window, batch.Now);
            (isLookedUp ? batch.Merged : batch.Added).Add(row);
            if (options.Archive.Enabled)
            {
                batch.Sent[LedgerKey.Of(batch.Region, record)] = record;
            }

            return;
        }

        if (IsWanted(batch, record, entry))
        {
            batch.Merged.Add(LedgerEntry.Queued(batch.Region, record, batch.Window, batch.Now));
            if (options.Archive.Enabled)
            {
                batch.Sent[LedgerKey.Of(batch.Region, record)] = record;
            }
        }
        else
        {
            batch.Sent.Remove(LedgerKey.Of(batch.Region, record));
            if (!entry.Knows(record))
            {
                // The record moved, the content did not: the row learns the new time, so that the next listing finds it.
                var row = LedgerEntry.Describe(batch.Region, record);
                row.State = entry.State;
                batch.Merged.Add(row);
            }
        }
    }

    private static bool IsWanted(Batch batch, StorageObject record, LedgerEntry entry)
    {
        if (entry.Is(LedgerState.Archived) || entry.Is(LedgerState.Purged))
        {
            return !entry.HasContentOf(record);
        }

        if (entry.Is(LedgerState.Queued))
        {
            // Queued by this very window: its message was delivered again, perhaps after a crash before sending.
            return entry.Window == batch.Window || !entry.Knows(record);
        }

        // Failed, Gone, Restoring: worth another try only when 8x8 says something new.
        return !entry.Knows(record);
    }

    private sealed class Batch(string region, string window, DateTimeOffset now)
    {
        public string Region { get; } = region;

        public string Window { get; } = window;

        public DateTimeOffset Now { get; } = now;

        public List<LedgerEntry> Added { get; } = [];

        public List<LedgerEntry> Merged { get; } = [];

        public Dictionary<LedgerKey, StorageObject> Sent { get; } = [];
    }
}
