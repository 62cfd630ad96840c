using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Source;
using Archiving.Telemetry;
using EightByEight;

namespace Archiving.Listing;

/// <summary>What the intake found of a record.</summary>
public enum Finding
{
    /// <summary>Archived, as 8x8 has it.</summary>
    Archived,

    /// <summary>On its way already.</summary>
    Waiting,

    /// <summary>Neither archived nor on its way.</summary>
    Missing,

    /// <summary>Archived with other content than 8x8 has now, or with content of which the record cannot tell.</summary>
    Changed,
}

/// <summary>A record that was taken in.</summary>
/// <param name="Key">Its ledger key.</param>
/// <param name="Record">The record.</param>
/// <param name="Finding">What was found.</param>
/// <param name="IsQueued">Whether it was put into a queue now.</param>
public sealed record Intake(LedgerKey Key, StorageObject Record, Finding Finding, bool IsQueued)
{
    /// <summary>Whether it waited already, and a message for it may be there.</summary>
    public bool IsQueuedAgain { get; init; }
}

/// <summary>
/// Takes in listed records: looks up which of them the ledger knows, and queues what is new or changed.
/// <para>
/// Rows are written before messages are sent. A crash in between leaves rows that say <c>Queued</c> without a message;
/// the window's own message then comes again, and it, or the parts that it is split into, queue again what their
/// run has queued. So a row that another run queued can be left to that run, and nothing is sent twice in normal
/// operation.
/// </para>
/// </summary>
public sealed class ObjectIntake(ObjectLedger ledger, WorkQueues queues, ArchivingMetrics metrics, ArchiverOptions options, TimeProvider timeProvider)
{
    // For all windows of the instance together. At five to ten milliseconds each that is about what an instance
    // archives meanwhile; what is sent faster waits in a longer queue, and takes from the storage what archiving needs.
    private const int SendsAtOnce = 2;
    private readonly SendingTurns _turns = new(SendsAtOnce);
    private readonly ArchivedRecords _archived = new(timeProvider);

    // A message that has waited this long may wait in a long queue, or be lost. A second message does no harm.
    private static readonly TimeSpan StaleAfter = TimeSpan.FromHours(6);
    private static readonly TimeSpan ForgottenAfter = TimeSpan.FromDays(3);

    /// <summary>Takes in a page.</summary>
    /// <param name="window">The window that is listed.</param>
    /// <param name="records">The page's records.</param>
    /// <param name="comparison">What to hold the ledger against; <see langword="null"/> to trust the ledger.</param>
    /// <param name="others">Receives the ledger's rows from the comparison's time to the page's end that are none of the records'; not wanted when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Stops between two writes.</param>
    public async Task<IReadOnlyCollection<Intake>> TakeAsync(
        WindowMessage window,
        IReadOnlyList<StorageObject> records,
        WindowAudit? comparison,
        ICollection<LedgerEntry>? others,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(window);
        ArgumentNullException.ThrowIfNull(records);
        if (records.Count == 0)
        {
            return [];
        }

        using var phase = metrics.Begin(Phase.Intake, window.Region);
        var receipts = comparison?.Receipts;

        // A page can hold a record twice when it changed between two requests; the later one is newer.
        var wanted = new Dictionary<LedgerKey, StorageObject>(records.Count);
        foreach (var record in records)
        {
            wanted[LedgerKey.Of(window.Region, record)] = record;
        }

        var taken = new Dictionary<LedgerKey, Intake>(wanted.Count);
        if (window.Kind == WindowKind.Listing)
        {
            TakeArchived(window.Region, wanted, taken);
        }

        var known = await ledger.FindAsync(window.Region, wanted.Values, window.Field, comparison?.Since, others, cancellationToken);
        var added = new List<LedgerEntry>();
        var merged = new List<LedgerEntry>();
        foreach (var (key, record) in wanted)
        {
            if (known.GetValueOrDefault(key) is { } entry)
            {
                taken[key] = Decide(window, key, record, entry, receipts, merged);
            }
            else
            {
                taken[key] = new Intake(key, record, Finding.Missing, IsQueued: true);
                added.Add(Queued(window, record));
            }
        }

        foreach (var row in await ledger.AddAsync(added, cancellationToken))
        {
            // Something of this transaction is there already: a record that moved since its row was written, or another run's.
            await TakeAloneAsync(window, wanted[new LedgerKey(row.PartitionKey, row.RowKey)], receipts, taken, cancellationToken);
        }

        foreach (var row in await ledger.TryMergeAsync(merged, cancellationToken))
        {
            // Something of this transaction was written meanwhile: perhaps it has just been archived.
            await TakeAloneAsync(window, wanted[new LedgerKey(row.PartitionKey, row.RowKey)], receipts, taken, cancellationToken);
        }

        if (options.Archive.Enabled)
        {
            await Task.WhenAll(taken.Values.Where(intake => intake.IsQueued).Select(intake => _turns.RunAsync(() => SendAsync(window, intake, cancellationToken))));
        }

        return taken.Values;
    }

    /// <summary>Whether the message that a row waits for may be lost.</summary>
    internal static bool MayBeForgotten(LedgerEntry entry, DateTimeOffset now) => entry.State switch
    {
        nameof(LedgerState.Queued) => entry.QueuedAt is null || now - entry.QueuedAt > StaleAfter,

        // Long after 8x8 should have restored it, its message may be lost. A new message takes over from one that is.
        nameof(LedgerState.Restoring) => now - (entry.RestoreRequestedAt ?? entry.QueuedAt ?? DateTimeOffset.MinValue) > ForgottenAfter,
        _ => false,
    };

    /// <summary>The queue for a record in its present state.</summary>
    public static string QueueFor(StorageObject record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return record.State == ObjectState.Archived ? QueueNames.RestoreObjects : QueueNames.ArchiveObjects;
    }

    /// <summary>Takes what was found archived a short while ago out of what is to be looked up.</summary>
    private void TakeArchived(string region, Dictionary<LedgerKey, StorageObject> wanted, Dictionary<LedgerKey, Intake> taken)
    {
        foreach (var (key, record) in wanted)
        {
            if (_archived.Contains(region, record))
            {
                taken[key] = new Intake(key, record, Finding.Archived, IsQueued: false);
                wanted.Remove(key);
            }
        }
    }

    /// <summary>Takes in one record whose row others write too: reads it, decides, and writes it only as it was read.</summary>
    private async Task TakeAloneAsync(WindowMessage window, StorageObject record, NameSet? receipts, Dictionary<LedgerKey, Intake> taken, CancellationToken cancellationToken)
    {
        var key = LedgerKey.Of(window.Region, record);
        while (true)
        {
            var merged = new List<LedgerEntry>();
            if (await ledger.FindAsync(key, cancellationToken) is { } entry)
            {
                taken[key] = Decide(window, key, record, entry, receipts, merged);
                if ((await ledger.TryMergeAsync(merged, cancellationToken)).Count == 0)
                {
                    return;
                }
            }
            else
            {
                taken[key] = new Intake(key, record, Finding.Missing, IsQueued: true);
                if ((await ledger.AddAsync([Queued(window, record)], cancellationToken)).Count == 0)
                {
                    return;
                }
            }
        }
    }

    private Intake Decide(WindowMessage window, LedgerKey key, StorageObject record, LedgerEntry entry, NameSet? receipts, List<LedgerEntry> merged)
    {
        var (finding, isQueued) = Judge(window, record, entry, receipts);
        if (isQueued)
        {
            var row = Queued(window, record);
            row.ETag = entry.ETag;
            merged.Add(row);
        }
        else if (!entry.Knows(record))
        {
            // The record moved, the content did not: the row gets the new time, so that the next listing finds it.
            var row = LedgerEntry.Describe(window.Region, record);
            row.State = entry.State;
            row.ETag = entry.ETag;
            merged.Add(row);
        }
        else if (window.Kind == WindowKind.Listing && finding == Finding.Archived)
        {
            _archived.Add(window.Region, record);
        }

        return new Intake(key, record, finding, isQueued) { IsQueuedAgain = isQueued && entry.Is(LedgerState.Queued) && entry.Knows(record) };
    }

    private (Finding Finding, bool IsQueued) Judge(WindowMessage window, StorageObject record, LedgerEntry entry, NameSet? receipts)
    {
        if (entry.Is(LedgerState.Archived) || entry.Is(LedgerState.Purged))
        {
            if (entry.MayDifferFrom(record))
            {
                return (Finding.Changed, true);
            }

            var isProven = receipts is null || (entry.Blob is { } blob && receipts.Contains(ArchiveLayout.ReceiptName(blob)));
            return isProven ? (Finding.Archived, false) : (Finding.Missing, true);
        }

        // The record changed, so an object in any state is tried again.
        if (!entry.Knows(record))
        {
            return (Finding.Missing, true);
        }

        var isFullRun = window.Kind is WindowKind.Backfill or WindowKind.Reconcile;
        var isForgotten = isFullRun && MayBeForgotten(entry, timeProvider.GetUtcNow());
        if (entry.Is(LedgerState.Queued))
        {
            // Queued by this very run: the window was delivered again, perhaps after a crash before sending.
            var isOurs = entry.Run == window.RunId;
            return isOurs || (isForgotten && options.Archive.Enabled) || window.Resend ? (Finding.Missing, true) : (Finding.Waiting, false);
        }

        if (entry.Is(LedgerState.Restoring))
        {
            return isForgotten ? (Finding.Missing, true) : (Finding.Waiting, false);
        }

        // Failed or Gone: a listing leaves it, a backfill or reconcile tries again.
        return (Finding.Missing, isFullRun);
    }

    private LedgerEntry Queued(WindowMessage window, StorageObject record)
    {
        var entry = LedgerEntry.Queued(window.Region, record, timeProvider.GetUtcNow(), window.RunId);
        if (!options.Archive.Enabled)
        {
            // No message is sent, so the first backfill or reconcile after archiving is enabled must not take it for waiting.
            entry.QueuedAt = null;
        }

        return entry;
    }

    private Task SendAsync(WindowMessage window, Intake intake, CancellationToken cancellationToken) => queues.SendAsync(
        QueueFor(intake.Record),
        new ObjectMessage { Region = window.Region, Id = intake.Record.Id, Record = intake.Record, RunId = window.RunId, IsSentAgain = intake.IsQueuedAgain },
        TimeSpan.Zero,
        cancellationToken);
}
