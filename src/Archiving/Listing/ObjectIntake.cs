using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
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

    /// <summary>Was archived, and the archive's retention policy has removed it.</summary>
    Expired,

    /// <summary>Archived with other content than 8x8 has now, or with content of which the record cannot tell.</summary>
    Changed,
}

/// <summary>What was taken in together.</summary>
/// <param name="Records">The records, each once.</param>
/// <param name="Others">The ledger's rows between that are none of the records'; by <c>createdTime</c>, from the comparison's time on.</param>
public sealed record IntakePage(IReadOnlyCollection<Intake> Records, IReadOnlyList<LedgerEntry> Others);

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
public sealed class ObjectIntake(
    ObjectLedger ledger,
    UnreadableRecords unreadableRecords,
    WorkQueues queues,
    ArchivingMetrics metrics,
    ArchiveOptions options,
    TimeProvider timeProvider) : IDisposable
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
    /// <param name="unreadable">Those that cannot be read.</param>
    /// <param name="comparison">What to hold the ledger against; <see langword="null"/> to trust the ledger.</param>
    /// <param name="cancellationToken">Stops between two writes.</param>
    public async Task<IntakePage> TakeAsync(
        WindowMessage window,
        IReadOnlyList<StorageObject> records,
        IReadOnlyList<UnreadableRecord> unreadable,
        WindowAudit? comparison,
        CancellationToken cancellationToken)
    {
        if (unreadable.Count > 0)
        {
            records = [.. records, .. await unreadableRecords.TakeAsync(window, unreadable, cancellationToken)];
        }

        if (records.Count == 0)
        {
            return new IntakePage([], []);
        }

        using var phase = metrics.StartTimer(Phase.Intake, window.Region);

        // A page can hold a record twice when it changed between two requests; the later one is newer.
        var wanted = new Dictionary<LedgerKey, StorageObject>(records.Count);
        foreach (var record in records)
        {
            wanted[LedgerKey.Of(window.Region, record)] = record;
        }

        // What was found archived a short while ago need not be looked up.
        var taken = window.Kind == WindowKind.Listing
            ? wanted.Where(item => _archived.Contains(window.Region, item.Value))
                .ToDictionary(item => item.Key, item => new Intake(item.Key, item.Value, Finding.Archived, IsQueued: false))
            : [];
        var unknown = wanted.Where(item => !taken.ContainsKey(item.Key)).ToDictionary();
        var rows = await ledger.FindAsync(window.Region, unknown.Values, window.Field, comparison?.Since, cancellationToken);
        var added = new List<LedgerEntry>();
        var merged = new List<LedgerEntry>();
        foreach (var (key, record) in unknown)
        {
            var entry = rows.Known.GetValueOrDefault(key);
            (taken[key], var row) = Decide(window, key, record, entry, comparison);
            if (row is not null)
            {
                (entry is null ? added : merged).Add(row);
            }
        }

        // Refused with something of their transaction: a record that moved since its row was written, another run's, or one that
        // was written meanwhile, because it has just been archived.
        foreach (var row in (LedgerEntry[])[.. await ledger.AddAsync(added, cancellationToken), .. await ledger.TryMergeAsync(merged, cancellationToken)])
        {
            var key = row.Key;
            taken[key] = await TakeAloneAsync(window, key, wanted[key], comparison, cancellationToken);
        }

        if (options.Enabled)
        {
            var queued = taken.Values.Where(intake => intake.IsQueued);
            await Task.WhenAll(queued.Select(intake => _turns.RunAsync(() => SendAsync(window, intake, cancellationToken))));
        }

        return new IntakePage(taken.Values, rows.Others);
    }

    /// <inheritdoc/>
    public void Dispose() => _turns.Dispose();

    /// <summary>Whether the message that a row waits for may be lost.</summary>
    internal static bool MayBeForgotten(LedgerEntry entry, DateTimeOffset now)
    {
        if (entry.Is(LedgerState.Queued))
        {
            return entry.QueuedAt is null || now - entry.QueuedAt > StaleAfter;
        }

        // Long after 8x8 should have restored it, its message may be lost. A new message takes over from one that is.
        return entry.Is(LedgerState.Restoring) && now - (entry.RestoreRequestedAt ?? entry.QueuedAt ?? DateTimeOffset.MinValue) > ForgottenAfter;
    }

    /// <summary>Takes in one record whose row others write too: reads it, decides, and writes it only as it was read.</summary>
    private async Task<Intake> TakeAloneAsync(
        WindowMessage window,
        LedgerKey key,
        StorageObject record,
        WindowAudit? comparison,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            var entry = await ledger.FindAsync(key, cancellationToken);
            var (intake, row) = Decide(window, key, record, entry, comparison);
            if (row is null || (await (entry is null ? ledger.AddAsync([row], cancellationToken) : ledger.TryMergeAsync([row], cancellationToken))).Count == 0)
            {
                return intake;
            }
        }
    }

    /// <summary>Decides about a record by its row, and what is to be written.</summary>
    private (Intake Intake, LedgerEntry? Row) Decide(WindowMessage window, LedgerKey key, StorageObject record, LedgerEntry? entry, WindowAudit? comparison)
    {
        if (entry is null)
        {
            return (new Intake(key, record, Finding.Missing, IsQueued: true), Queued(window, record));
        }

        var (finding, isQueued) = Judge(window, record, entry, comparison);
        LedgerEntry? row = null;
        if (isQueued)
        {
            row = Queued(window, record);
            row.ETag = entry.ETag;
        }
        else if (!entry.Knows(record))
        {
            // The record moved, the content did not: the row gets the new time, so that the next listing finds it.
            row = LedgerEntry.Describe(window.Region, record);
            row.State = entry.State;
            row.ETag = entry.ETag;
        }
        else if (window.Kind == WindowKind.Listing && finding == Finding.Archived)
        {
            _archived.Add(window.Region, record);
        }

        return (new Intake(key, record, finding, isQueued) { IsQueuedAgain = isQueued && entry.Is(LedgerState.Queued) && entry.Knows(record) }, row);
    }

    private (Finding Finding, bool IsQueued) Judge(WindowMessage window, StorageObject record, LedgerEntry entry, WindowAudit? comparison)
    {
        // Its content alone makes it a new object: it is not archived again because its record moved.
        if (entry.Is(LedgerState.Expired) && entry.HasContentOf(record))
        {
            return (Finding.Expired, false);
        }

        if (entry.IsInArchive())
        {
            if (entry.MayDifferFrom(record))
            {
                return (Finding.Changed, true);
            }

            return comparison is null || comparison.IsProven(entry) ? (Finding.Archived, false)
                : options.IsRemovedByPolicy(entry.Blob, entry.ArchivedAt, timeProvider.GetUtcNow()) ? (Finding.Expired, false)
                : (Finding.Missing, true);
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
            return isOurs || (isForgotten && options.Enabled) || window.Resend ? (Finding.Missing, true) : (Finding.Waiting, false);
        }

        if (entry.Is(LedgerState.Restoring))
        {
            return isForgotten ? (Finding.Missing, true) : (Finding.Waiting, false);
        }

        // Failed: a listing leaves it, a backfill or reconcile tries again. Gone, and 8x8 lists it: its record was missing for a time.
        return (Finding.Missing, isFullRun || entry.Is(LedgerState.Gone));
    }

    private LedgerEntry Queued(WindowMessage window, StorageObject record)
    {
        var entry = LedgerEntry.Queued(window.Region, record, timeProvider.GetUtcNow(), window.RunId);
        if (!options.Enabled)
        {
            // No message is sent, so the first backfill or reconcile after archiving is enabled must not take it for waiting.
            entry.QueuedAt = null;
        }

        return entry;
    }

    private Task SendAsync(WindowMessage window, Intake intake, CancellationToken cancellationToken) => queues.SendAsync(
        QueueNames.For(intake.Record.State),
        new ObjectMessage { Region = window.Region, Id = intake.Record.Id, Record = intake.Record, RunId = window.RunId, IsSentAgain = intake.IsQueuedAgain },
        TimeSpan.Zero,
        cancellationToken);
}
