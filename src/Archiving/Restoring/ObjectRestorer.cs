using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Source;
using Archiving.Telemetry;
using EightByEight;

namespace Archiving.Restoring;

/// <summary>
/// Brings one object back from 8x8's cold storage. 8x8 takes hours, up to a day, and the copy disappears again after
/// some days (8x8 developer site), so nothing waits: each check of the object ends with a message that comes back later.
/// <para>
/// One message handles an object at a time. It carries a ticket, which the object's row names; a message with
/// another ticket, or one without while a ticket is out, is dropped. The next message is sent before the row names it,
/// so a row never names a message that does not exist, even after a crash.
/// </para>
/// </summary>
public sealed class ObjectRestorer(
    SourceRecords source,
    RestoreRequester requester,
    ObjectLedger ledger,
    OutcomeRecorder outcomes,
    WorkQueues queues,
    ArchivingMetrics metrics,
    ArchiverOptions options,
    TimeProvider timeProvider)
{
    private const int MaxRequests = 5;

    // 8x8 restores within 24 hours. For an object that is still ARCHIVED after that, the request was lost, or its copy has expired.
    private static readonly TimeSpan RestoreTimeout = TimeSpan.FromHours(26);

    // A request whose answer was not recorded: the process crashed in between, or is still waiting for it.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMinutes(2);

    /// <summary>Looks at an object: asks 8x8 to restore it, waits on, or passes it on to be archived.</summary>
    /// <param name="message">The object.</param>
    /// <param name="attempt">How often the message has been delivered, this time included.</param>
    /// <param name="insertedOn">When the message was put into the queue.</param>
    /// <param name="cancellationToken">Stops the work; the message comes again then.</param>
    /// <exception cref="OutageException">A dependency of every object does not work.</exception>
    public async Task RestoreAsync(ObjectMessage message, long attempt, DateTimeOffset? insertedOn, CancellationToken cancellationToken)
    {
        var work = new ObjectWork(message, attempt);
        try
        {
            await DecideAsync(work, insertedOn, cancellationToken);
        }
        catch (Exception exception)
        {
            if (!await outcomes.TryRecordAsync(work, exception, cancellationToken))
            {
                throw;
            }
        }
    }

    private async Task DecideAsync(ObjectWork work, DateTimeOffset? insertedOn, CancellationToken cancellationToken)
    {
        work.Record = await source.ReadAsync(work.Region, work.Id, cancellationToken);
        while (!await TryDecideAsync(work, insertedOn, cancellationToken))
        {
            // The row was written meanwhile. Its new content decides.
        }
    }

    private async Task<bool> TryDecideAsync(ObjectWork work, DateTimeOffset? insertedOn, CancellationToken cancellationToken)
    {
        var present = await ledger.FindAsync(work.Key, cancellationToken);
        if (present is not null && !IsOurs(work.Message, present))
        {
            return true;
        }

        if (work.Record.State != ObjectState.Archived)
        {
            if (present?.RestoreRequestedAt is not null && work.Record.State == ObjectState.Available)
            {
                metrics.CountRestored(work.Region, work.Record.Type);
            }

            return await TryPassOnAsync(work, present, cancellationToken);
        }

        if (!options.EightByEight.IncludeArchived)
        {
            throw new PermanentFailureException("The object is in 8x8's cold storage, and EightByEight__IncludeArchived is false.")
            {
                Reason = FailureReason.ColdStorage
            };
        }

        var now = timeProvider.GetUtcNow();
        var row = present ?? LedgerEntry.Queued(work.Region, work.Record, now, work.Message.RunId);
        var delay = options.Restore.PollInterval;
        var asks = !(row.RestoreRequestedAt is { } at && now - at < (row.RestoreAccepted == true ? RestoreTimeout : AnswerTimeout));
        if (asks && !await requester.TryTakeTurnAsync(insertedOn, cancellationToken))
        {
            asks = false;
            delay = UtcTime.DayOf(now).AddDays(1) - now;
        }

        if (!row.Is(LedgerState.Restoring))
        {
            // From now on they count requests that 8x8 refuses.
            row.Attempts = 0;
        }

        row.RestoreTicket = await SendNextAsync(work, delay, cancellationToken);
        row.Become(LedgerState.Restoring);
        if (asks)
        {
            row.RestoreRequestedAt = now;
            row.RestoreAccepted = false;
        }

        if (!await ledger.TryReplaceAsync(row, cancellationToken))
        {
            if (asks)
            {
                await requester.GiveBackTurnAsync(now, cancellationToken);
            }

            return false;
        }

        if (asks)
        {
            await RequestRestoreAsync(work, row.Attempts ?? 0, now, cancellationToken);
        }

        return true;
    }

    /// <summary>Whether a message is the one that handles the object of a row, or may become it.</summary>
    private static bool IsOurs(ObjectMessage message, LedgerEntry row)
    {
        if (row.IsSettled())
        {
            return false;
        }

        var ticketOut = row.Is(LedgerState.Restoring) ? row.RestoreTicket : null;
        return message.Ticket == ticketOut;
    }

    /// <summary>Sends the message that looks at the object again.</summary>
    /// <returns>Its ticket.</returns>
    private async Task<string> SendNextAsync(ObjectWork work, TimeSpan delay, CancellationToken cancellationToken)
    {
        var next = new ObjectMessage
        {
            Region = work.Region,
            Id = work.Id,
            Type = work.Record.Type,
            CreatedTime = LedgerKey.CreatedTime(work.Record),
            RunId = work.Message.RunId,
            Ticket = Guid.NewGuid().ToString("N"),
            TraceParent = work.Message.TraceParent,
        };

        // A little later each, so that what was queued together does not come back together.
        var later = options.Restore.PollInterval * (Random.Shared.NextDouble() / 10);
        await queues.SendAsync(QueueNames.RestoreObjects, next, delay + later, cancellationToken);
        return next.Ticket;
    }

    /// <summary>It is back, or something else became of it: archiving it finds out, and may do so before the row is written here.</summary>
    private async Task<bool> TryPassOnAsync(ObjectWork work, LedgerEntry? present, CancellationToken cancellationToken)
    {
        await queues.SendAsync(
            QueueNames.ArchiveObjects,
            new ObjectMessage { Region = work.Region, Id = work.Id, Record = work.Record, RunId = work.Message.RunId },
            TimeSpan.Zero,
            cancellationToken);
        var row = present ?? LedgerEntry.Queued(work.Region, work.Record, timeProvider.GetUtcNow(), work.Message.RunId);
        row.Become(LedgerState.Queued);
        row.QueuedAt = timeProvider.GetUtcNow();
        row.EndRestore();
        row.Attempts = 0;
        row.LastError = null;
        return await ledger.TryReplaceAsync(row, cancellationToken);
    }

    /// <summary>Asks 8x8, and writes down what it answered. The message that follows asks again when this does not get through.</summary>
    private async Task RequestRestoreAsync(ObjectWork work, int requests, DateTimeOffset takenAt, CancellationToken cancellationToken)
    {
        if (await requester.RequestAsync(work, takenAt, cancellationToken) is not { } refusal)
        {
            await UpdateAsync(
                work,
                entry =>
                {
                    entry.RestoreAccepted = true;
                    entry.LastError = null;
                    entry.Attempts = 0;
                },
                cancellationToken);
            return;
        }

        if (refusal.IsOfThisObject)
        {
            if (requests + 1 >= MaxRequests)
            {
                throw new PermanentFailureException($"8x8 refused to restore it {MaxRequests} times: {FailureText.Of(refusal.Exception)}", refusal.Exception)
                {
                    Reason = FailureReason.RestoreRefused,
                };
            }

            await outcomes.NoteAsync(work.Region, work.Record, refusal.Exception, requests + 1, cancellationToken);
        }

        await UpdateAsync(work, entry => entry.RestoreRequestedAt = null, cancellationToken);
    }

    private Task<bool> UpdateAsync(ObjectWork work, Action<LedgerEntry> change, CancellationToken cancellationToken) =>
        outcomes.UpdateAsync(work.Region, work.Record, change, cancellationToken);
}
