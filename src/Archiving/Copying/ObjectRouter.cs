using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
using EightByEight;

namespace Archiving.Copying;

/// <summary>Sends an object that is not to be archived now where its state belongs.</summary>
public sealed class ObjectRouter(WorkQueues queues, OutcomeRecorder outcomes, ArchiverOptions options, TimeProvider timeProvider)
{
    /// <summary>For how long content is waited for that 8x8 lists and does not give.</summary>
    internal static readonly TimeSpan MaxWait = TimeSpan.FromHours(26);

    // Content can follow its record within seconds. The last waits are short enough for a row to look alive.
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LastWait = TimeSpan.FromHours(1);
    private static readonly TimeSpan PendingDelay = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan BusyDelay = TimeSpan.FromMinutes(1);

    /// <summary>Sends an object to the queue of its state.</summary>
    /// <returns><see langword="false"/> when it is to be archived now.</returns>
    /// <exception cref="PermanentFailureException">In its state it cannot be archived.</exception>
    public async Task<bool> TryRouteAsync(ObjectWork work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        var state = work.Record.State;
        if (state == ObjectState.Available)
        {
            return false;
        }

        if (state == ObjectState.Revoked || state == ObjectState.Deleted)
        {
            throw new ObjectGoneException($"8x8 has deleted the object (state {state}).", innerException: null);
        }

        if (state == ObjectState.Archived)
        {
            if (!options.EightByEight.IncludeArchived)
            {
                throw new PermanentFailureException("The object is in 8x8's cold storage, and EightByEight__IncludeArchived is false.")
                {
                    Reason = FailureReason.ColdStorage,
                };
            }

            var restore = new ObjectMessage { Region = work.Region, Id = work.Id, Record = work.Record, RunId = work.Message.RunId };
            await queues.SendAsync(QueueNames.RestoreObjects, restore, TimeSpan.Zero, cancellationToken);
            return true;
        }

        if (state == ObjectState.Pending)
        {
            await WaitForStateAsync(work, cancellationToken);
            return true;
        }

        throw new PermanentFailureException($"8x8 reports the object in {work.Record.DescribeState()}, in which it has no content to download.")
        {
            Reason = FailureReason.NoContent,
            Detail = work.Record.UnreadableState is { } text ? SourceQuote.SentForState + text : null,
        };
    }

    /// <summary>Waits for an object to be available, for a day in all. It costs no attempt; after the first wait, the row says why it waits.</summary>
    private async Task WaitForStateAsync(ObjectWork work, CancellationToken cancellationToken)
    {
        var now = timeProvider.GetUtcNow();
        var since = work.Message.PendingSince ?? now;
        if (now - since > MaxWait)
        {
            throw new PermanentFailureException(
                $"8x8 has reported the object as PENDING, without content, since {since.UtcDateTime:u}. The next reconcile tries again; ask "
                    + "8x8 about the object.")
            {
                Reason = FailureReason.NoContent,
            };
        }

        await queues.SendAsync(QueueNames.ArchiveObjects, CreateRetryMessage(work) with { PendingSince = since }, PendingDelay, cancellationToken);
        if (work.Message.PendingSince is not null)
        {
            // Its message is not lost: a reconcile must not send another one, which would wait beside it.
            const string Problem = "8x8 reports the object as PENDING: it has no content yet.";
            await outcomes.NoteWaitAsync(work.Region, work.Record, Problem, detail: null, cancellationToken);
        }
    }

    /// <summary>Waits for content that 8x8 lists and does not give, each time longer and for a day in all. It costs no attempt, and the row says why.</summary>
    /// <exception cref="PermanentFailureException">It was waited for long enough.</exception>
    internal async Task WaitForContentAsync(ObjectWork work, CopyStep.WaitForContent wait, CancellationToken cancellationToken)
    {
        var now = timeProvider.GetUtcNow();
        var since = work.Message.WaitsSince ?? now;
        if (now - since > MaxWait)
        {
            throw new PermanentFailureException(
                $"{wait.Problem} Every attempt since {since.UtcDateTime:u} had this result. The next reconcile tries again; ask 8x8 about the object.")
            {
                Reason = wait.Reason,
                Detail = wait.Detail,
            };
        }

        var later = CreateRetryMessage(work) with { Waits = work.Message.Waits + 1, WaitsSince = since };
        await queues.SendAsync(QueueNames.ArchiveObjects, later, Wait(work.Message.Waits), cancellationToken);
        await outcomes.NoteWaitAsync(work.Region, work.Record, wait.Problem, wait.Detail, cancellationToken);
    }

    /// <summary>A message without the record: the object may be in another state by the time that it is handled.</summary>
    private static ObjectMessage CreateRetryMessage(ObjectWork work) =>
        work.Message with { Record = null, Type = work.Record.Type, CreatedTime = LedgerKey.CreatedTime(work.Record), Deferrals = 0 };

    private static TimeSpan Wait(int waits) => TimeSpan.FromTicks(Math.Min(FirstWait.Ticks << Math.Min(waits, 16), LastWait.Ticks));

    /// <summary>Sends an object's message again, so that waiting costs no attempt; another instance, which has a free place, may receive it.</summary>
    public Task PostponeAsync(ObjectWork work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return queues.SendAsync(QueueNames.ArchiveObjects, work.Message, BusyDelay, cancellationToken);
    }
}
