using System.Diagnostics;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Outages;
using Archiving.Telemetry;
using EightByEight;
using Microsoft.Extensions.Logging;

namespace Archiving.Queues;

/// <summary>
/// Writes into an object's row how work on it ended: gone, failed for good, or failed this time. A row that says
/// archived stays so, also when a late or repeated message fails.
/// </summary>
public sealed partial class OutcomeRecorder(
    OutcomeDecider decider,
    ObjectLedger ledger,
    ObjectFinder finder,
    WorkQueues queues,
    SharedConditions conditions,
    ArchivingMetrics metrics,
    TimeProvider timeProvider,
    ILogger<OutcomeRecorder> logger)
{
    private static readonly TimeSpan RowWriteDelay = TimeSpan.FromSeconds(10);

    /// <summary>Records how work on an object ended that an exception ended.</summary>
    /// <param name="work">The object.</param>
    /// <param name="exception">The exception.</param>
    /// <param name="cancellationToken">Stops the writes.</param>
    /// <returns>
    /// <see langword="false"/> when the work is to be done again: then the exception is to be thrown, so that the queue delivers
    /// the message again.
    /// </returns>
    /// <exception cref="OutageException">A dependency of every object does not work.</exception>
    public async Task<bool> TryRecordAsync(ObjectWork work, Exception exception, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        switch (decider.Decide(work, exception, isStopping: cancellationToken.IsCancellationRequested))
        {
            case Outcome.Failed(var reason, var message, var lastError):
                await FailAsync(work.Region, work.Record, reason, message, lastError, work.Attempt, cancellationToken);
                return true;

            case Outcome.Gone(var reason):
                await MarkGoneAsync(work.Region, work.Record, reason, cancellationToken);
                return true;

            case Outcome.Outage(var outage):
                if (outage.Condition == Condition.Content)
                {
                    await conditions.ReportAsync(outage, cancellationToken, work.Region);
                }

                throw outage;

            case Outcome.FailedThisTime(var explanation):
                await NoteAsync(work.Region, work.Record, exception, work.Attempt, cancellationToken, explanation);
                return false;

            default:
                return false;
        }
    }

    /// <summary>Records that work on an object failed for good.</summary>
    /// <param name="region">8x8's region.</param>
    /// <param name="record">The object.</param>
    /// <param name="reason">Why, for metrics.</param>
    /// <param name="message">Why, for the log.</param>
    /// <param name="lastError">Why, for the row, which may quote what 8x8 answered.</param>
    /// <param name="attempts">How often it was tried.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    public async Task FailAsync(
        string region,
        StorageObject record,
        FailureReason reason,
        string message,
        string lastError,
        long attempts,
        CancellationToken cancellationToken)
    {
        var changed = await UpdateAsync(
            region,
            record,
            entry =>
            {
                entry.Become(LedgerState.Failed);
                entry.LastError = LedgerEntry.Shorten(lastError);
                entry.Attempts = (int)attempts;
                entry.EndRestore();
            },
            cancellationToken);
        if (changed)
        {
            CountFailed(region, record, reason);
            Log.Failed(logger, region, record.Id, message);
        }
    }

    /// <summary>
    /// Records that 8x8 no longer has an object. One whose archived bytes are damaged has failed: no intact copy is left. One that
    /// was archived before 8x8 changed its content stays archived with the earlier content, which is verified now.
    /// </summary>
    public async Task MarkGoneAsync(string region, StorageObject record, string reason, CancellationToken cancellationToken)
    {
        if (await finder.FindAsync(region, record, cancellationToken) is { } present && HasEarlierContent(present) && !present.IsSettled())
        {
            // First, so that no crash loses it, and later, so that the row is there. Its receipt or blob may be what was missing.
            var message = new ObjectMessage { Region = region, Id = record.Id, Record = record };
            await queues.SendAsync(QueueNames.VerifyObjects, message, RowWriteDelay, cancellationToken);
        }

        var (isLost, isKept) = (false, false);
        var changed = await UpdateAsync(
            region,
            record,
            entry =>
            {
                isLost = entry.Damaged is not null;
                isKept = HasEarlierContent(entry);
                entry.Become(isLost ? LedgerState.Failed : isKept ? LedgerState.Archived : LedgerState.Gone);
                if (isKept)
                {
                    // So that the newer content is archived after all, should 8x8 list it again or an attempt at it be under way.
                    (entry.SourceBytes, entry.Checksum, entry.SourceState) = (entry.Bytes, entry.Md5, ObjectState.Deleted.ToString());
                }

                entry.LastError = LedgerEntry.Shorten(
                    isLost ? $"The archived bytes under {entry.Damaged} are damaged, and the object cannot be archived again: {reason} "
                        + "Recover the blob from a version, a snapshot or a backup."
                    : isKept ? $"The earlier content is archived. 8x8 changed it and has nothing more to archive: {reason}"
                    : reason);
                entry.EndRestore();
            },
            cancellationToken);
        if (changed && isLost)
        {
            CountFailed(region, record, FailureReason.Lost);
            Log.Lost(logger, region, record.Id, reason);
        }
        else if (changed)
        {
            metrics.CountGone(region, record.Type);
            Activity.Current?.SetTag(Tags.Outcome, "gone");
            if (isKept)
            {
                Log.Kept(logger, region, record.Id, reason);
            }
            else
            {
                Log.Gone(logger, region, record.Id, reason);
            }
        }
    }

    /// <summary>Records what went wrong this time.</summary>
    /// <param name="region">8x8's region.</param>
    /// <param name="record">The object.</param>
    /// <param name="error">What went wrong.</param>
    /// <param name="attempt">Which attempt it was.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    /// <param name="explanation">What that means, where the error does not say it.</param>
    public async Task NoteAsync(
        string region,
        StorageObject record,
        Exception error,
        long attempt,
        CancellationToken cancellationToken,
        string? explanation = null)
    {
        ArgumentNullException.ThrowIfNull(record);
        var text = explanation is null ? FailureText.Of(error) : $"{explanation} {FailureText.Of(error)}";
        Log.Attempt(logger, region, record.Id, attempt, text);
        if (!LedgerKey.IsKnown(record) && await finder.FindAsync(region, record, cancellationToken) is null)
        {
            // A row made now would be in the wrong partition, and the object would have two once its record can be read.
            return;
        }

        await UpdateAsync(
            region,
            record,
            entry =>
            {
                entry.LastError = LedgerEntry.Shorten(FailureText.WithQuote(text, error));
                entry.Attempts = (int)attempt;
            },
            cancellationToken);
    }

    /// <summary>Records what an object waits for that has a message on its way.</summary>
    /// <param name="region">8x8's region.</param>
    /// <param name="record">The object.</param>
    /// <param name="problem">Why it waits.</param>
    /// <param name="detail">What only the row says of it.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    public async Task NoteWaitAsync(string region, StorageObject record, string problem, string? detail, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(record);
        Log.Waits(logger, region, record.Id, problem);
        await UpdateAsync(
            region,
            record,
            entry =>
            {
                entry.LastError = LedgerEntry.Shorten(detail is null ? problem : $"{problem} {detail}");

                // Its message is not lost: runs leave the row alone.
                entry.QueuedAt = timeProvider.GetUtcNow();
            },
            cancellationToken);
    }

    /// <summary>Changes a row that is not archived.</summary>
    /// <returns><see langword="false"/> when it is, or was until its retention ended, and was left as it is.</returns>
    public async Task<bool> UpdateAsync(string region, StorageObject record, Action<LedgerEntry> change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(change);
        while (true)
        {
            var entry = await finder.FindAsync(region, record, cancellationToken)
                ?? LedgerEntry.Queued(region, record, timeProvider.GetUtcNow());
            if (entry.IsSettled())
            {
                return false;
            }

            change(entry);
            if (await ledger.TryReplaceAsync(entry, cancellationToken))
            {
                return true;
            }
        }
    }

    private static bool HasEarlierContent(LedgerEntry entry) => entry is { Blob: not null, ArchivedAt: not null, Damaged: null };

    private void CountFailed(string region, StorageObject record, FailureReason reason)
    {
        metrics.CountFailed(region, record.Type, reason);
        Activity.Current?.SetTag(Tags.Outcome, "failed").Fail(reason.ToTag());
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1301, Level = LogLevel.Warning, Message = "Attempt {Attempt} at {Region}/{ObjectId} failed: {Error}")]
        public static partial void Attempt(ILogger logger, string region, string objectId, long attempt, string error);

        [LoggerMessage(EventId = 1306, Level = LogLevel.Warning, Message = "{Region}/{ObjectId} waits for its content: {Problem}")]
        public static partial void Waits(ILogger logger, string region, string objectId, string problem);

        [LoggerMessage(EventId = 1303, Level = LogLevel.Error, Message = "{Region}/{ObjectId} cannot be archived: {Reason}")]
        public static partial void Failed(ILogger logger, string region, string objectId, string reason);

        [LoggerMessage(EventId = 1304, Level = LogLevel.Warning, Message = "{Region}/{ObjectId} is gone: {Reason}")]
        public static partial void Gone(ILogger logger, string region, string objectId, string reason);

        [LoggerMessage(
            EventId = 1307,
            Level = LogLevel.Warning,
            Message = "The newer content of {Region}/{ObjectId} is gone, the earlier content stays archived: {Reason}")]
        public static partial void Kept(ILogger logger, string region, string objectId, string reason);

        [LoggerMessage(
            EventId = 1305,
            Level = LogLevel.Critical,
            Message = "{Region}/{ObjectId} is damaged in the archive and cannot be archived again: {Reason}")]
        public static partial void Lost(ILogger logger, string region, string objectId, string reason);
    }
}
