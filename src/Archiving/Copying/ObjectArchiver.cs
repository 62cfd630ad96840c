using Archiving.Model;
using Archiving.Queues;
using Archiving.Source;
using Archiving.Telemetry;
using Microsoft.Extensions.Logging;

namespace Archiving.Copying;

/// <summary>
/// Archives one object. Any number may run at once, on the same object too: each gives the same result.
/// <list type="number">
/// <item>Takes the record from the message, or asks 8x8 for it.</item>
/// <item>Reads the content once, measures it, and compares it with 8x8's claims; reads it again when it contradicts them, or when no checksum proves it.</item>
/// <item>Stores the content under its final name unless that exists; when other bytes exist there, under another name beside them.</item>
/// <item>Writes the receipt, then the ledger row. The receipt is what makes the object count as archived.</item>
/// </list>
/// What 8x8 no longer has is recorded as <c>Gone</c>, what cannot be archived as <c>Failed</c>; a failure that may be temporary
/// is thrown, so that the queue delivers the message again. What follows a read is decided in <see cref="CopyState"/>.
/// </summary>
public sealed partial class ObjectArchiver(
    SourceRecords source,
    ObjectRouter router,
    ContentReader reader,
    ReceiptWriter receipts,
    OutcomeRecorder outcomes,
    ArchivingMetrics metrics,
    TimeProvider timeProvider,
    ILogger<ObjectArchiver> logger)
{
    /// <summary>Archives the object that a message names.</summary>
    /// <param name="message">The object.</param>
    /// <param name="attempt">How often the message has been delivered, this time included.</param>
    /// <param name="cancellationToken">Stops the work; nothing becomes visible then.</param>
    /// <exception cref="OutageException">A dependency of every object does not work.</exception>
    public async Task ArchiveAsync(ObjectMessage message, long attempt, CancellationToken cancellationToken)
    {
        var work = new ObjectWork(message, attempt);
        try
        {
            await ArchiveAsync(work, cancellationToken);
        }
        catch (Exception exception)
        {
            if (!await outcomes.TryRecordAsync(work, exception, cancellationToken))
            {
                throw;
            }
        }
    }

    private async Task ArchiveAsync(ObjectWork work, CancellationToken cancellationToken)
    {
        if (work.Message.Record is null)
        {
            work.Record = await source.ReadAsync(work.Region, work.Id, cancellationToken);
        }

        if (await router.TryRouteAsync(work, cancellationToken)
            || ((work.Attempt > 1 || work.Message.Deferrals > 0 || work.Message.IsSentAgain) && await receipts.TryAdoptAsync(work, cancellationToken)))
        {
            return;
        }

        await CopyAsync(work, cancellationToken);
    }

    private async Task CopyAsync(ObjectWork work, CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        for (CopyState? state = new(work.Region, work.Record); state is not null;)
        {
            var read = await reader.ReadAsync(state, cancellationToken);
            if (read is ReadResult.Stored { Content: var content })
            {
                read = await receipts.TryWriteAsync(work, state.Name, content, started, cancellationToken)
                    ? new ReadResult.Archived()
                    : new ReadResult.NameTaken(content);
            }

            if (read is ReadResult.Refused { Content: { Mismatch: not null } wrong })
            {
                metrics.CountMismatch(work.Region, work.Record.Type, wrong.Cause);
            }

            state = await TakeAsync(work, state.After(read), cancellationToken);
        }
    }

    /// <summary>Takes a step.</summary>
    /// <returns>The state in which the content is to be read again; <see langword="null"/> when it is not.</returns>
    private async Task<CopyState?> TakeAsync(ObjectWork work, CopyStep step, CancellationToken cancellationToken)
    {
        switch (step)
        {
            case CopyStep.ReadAgain(var cause, var next):
                metrics.CountRetry(RetryScope.Read, cause);
                return next;

            case CopyStep.ReadRecord(var mismatch, var next):
                Log.Mismatch(logger, work.Region, work.Id, mismatch, work.Attempt);
                work.Record = await source.ReadAsync(work.Region, work.Id, cancellationToken);
                return await router.TryRouteAsync(work, cancellationToken) ? null : await TakeAsync(work, next.AfterRecord(work.Record), cancellationToken);

            case CopyStep.Route(var present):
                work.Record = present;
                await router.TryRouteAsync(work, cancellationToken);
                return null;

            case CopyStep.Wait:
                await router.PostponeAsync(work, cancellationToken);
                return null;

            case CopyStep.WaitForContent wait:
                await router.WaitForContentAsync(work, wait, cancellationToken);
                return null;

            case CopyStep.GiveUp(var reason):
                throw new InvalidDataException(reason);

            case CopyStep.Fail(var reason, var message):
                throw new PermanentFailureException(message) { Reason = reason };

            default:
                return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1302,
            Level = LogLevel.Warning,
            Message = "Content of {Region}/{ObjectId} does not match 8x8's record: {Mismatch}. Attempt {Attempt} reads it again")]
        public static partial void Mismatch(ILogger logger, string region, string objectId, string mismatch, long attempt);
    }
}
