using Archiving.Ledger;
using Archiving.Model;
using EightByEight;

namespace Archiving.Queues;

/// <summary>Puts a known object back into its queue.</summary>
public sealed class ObjectRequeuer(ObjectLedger ledger, WorkQueues queues, TimeProvider timeProvider)
{
    // By then the row names the ticket of the message that is hidden so long.
    private static readonly TimeSpan TicketDelay = TimeSpan.FromSeconds(10);

    /// <summary>Puts an object into the queue in which it makes headway. The result is the same however often this is done.</summary>
    /// <param name="entry">Its row, as it was read.</param>
    /// <param name="cancellationToken">Stops between the message and the row.</param>
    /// <returns>Name of the queue.</returns>
    /// <exception cref="RefusedException">It was deleted at 8x8 by this app; the archive is the only place where it is; or
    /// the archive's retention policy removed it.</exception>
    public async Task<string> RequeueAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        if (entry.Is(LedgerState.Purged))
        {
            throw new RefusedException("The object is archived and was deleted at 8x8 by this app, so it cannot be archived again.");
        }

        if (entry.Is(LedgerState.Expired))
        {
            throw new RefusedException("The archive's retention policy removed the object. To archive it again, raise Archive__RetentionDays "
                + "and the policy first, and delete its row in the table objects.");
        }

        // Sent before the row is written: a row that says Queued has a message, even after a crash. Work that is
        // faster than the write changes the row, and the write is refused.
        var message = ObjectMessage.About(entry) with { RunId = entry.Run };
        if (entry.Is(LedgerState.Archived))
        {
            // The row stays: the object remains archived even if reading it again fails.
            await queues.SendAsync(QueueNames.ArchiveObjects, message, TimeSpan.Zero, cancellationToken);
            return QueueNames.ArchiveObjects;
        }

        if (entry.Is(LedgerState.Restoring))
        {
            // The new message replaces the one that handles the restore. When 8x8 was asked stays on
            // record, so that it is not asked, and paid, twice.
            message = message with { Ticket = Guid.NewGuid().ToString("N") };
            await queues.SendAsync(QueueNames.RestoreObjects, message, TicketDelay, cancellationToken);
            entry.RestoreTicket = message.Ticket;
            await ledger.TryReplaceAsync(entry, cancellationToken);
            return QueueNames.RestoreObjects;
        }

        var queue = QueueNames.For(new ObjectState(entry.SourceState ?? ""));
        await queues.SendAsync(queue, message, TimeSpan.Zero, cancellationToken);
        entry.Become(LedgerState.Queued);
        entry.QueuedAt = timeProvider.GetUtcNow();
        entry.Attempts = 0;
        await ledger.TryReplaceAsync(entry, cancellationToken);
        return queue;
    }
}
