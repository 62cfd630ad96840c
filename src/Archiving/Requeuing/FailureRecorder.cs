using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Source;
using Microsoft.Extensions.Logging;

namespace Archiving.Requeuing;

/// <summary>
/// Keeps what failed too often. The Functions host moves such messages to a poison queue, where they would say
/// nothing and expire; here they become ledger rows with the reason.
/// </summary>
public sealed partial class FailureRecorder(
    OutcomeRecorder outcomes,
    ObjectLedger ledger,
    ObjectFinder finder,
    SourceRecords source,
    WorkQueues queues,
    ILogger<FailureRecorder> logger)
{
    private const int MaxCrashes = 6;
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Records an object as failed. When no attempt recorded a reason, the process crashed, most often while it worked on
    /// many objects of which at most one is the cause: the object gets more attempts, each after a longer delay.
    /// </summary>
    /// <param name="queue">The queue whose poison queue it is.</param>
    /// <param name="message">The message from the poison queue.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    public async Task RecordObjectAsync(string queue, ObjectMessage message, CancellationToken cancellationToken)
    {
        var record = message.KnownRecord;
        var entry = await finder.FindAsync(message.Region, record, cancellationToken);
        if (entry is null && !LedgerKey.IsKnown(record))
        {
            // The row must be where a listing looks for it, or the object has two in the end.
            record = await source.TryReadAsync(message.Region, message.Id, cancellationToken) ?? record;
            entry = await ledger.FindAsync(LedgerKey.Of(message.Region, record), cancellationToken);
        }

        // What an attempt recorded: a row that was queued again keeps the error of before.
        var error = entry?.Attempts > 0 ? entry.LastError : null;
        if (entry is not null && error is null && (entry.Is(LedgerState.Queued) || entry.Is(LedgerState.Restoring)) && message.Crashes + 1 < MaxCrashes)
        {
            Log.Crashed(logger, message.Region, message.Id);
            await queues.SendAsync(queue, message with { Crashes = message.Crashes + 1 }, FirstDelay * Math.Pow(2, message.Crashes), cancellationToken);
            return;
        }

        await outcomes.FailAsync(
            message.Region,
            record,
            FailureReason.Exhausted,
            "every attempt failed; its row says why the last one did",
            error ?? "The app crashed repeatedly while it worked on the object, before a reason could be recorded. Check the log "
                + "for the cause; memory is the usual one.",
            entry?.Attempts ?? 0,
            cancellationToken);
    }

    /// <summary>Says in the log that work on an archived object failed. Its row stays as it is: it is archived all the same.</summary>
    public Task ReportObjectAsync(ObjectMessage message, string problem)
    {
        Log.ObjectFailed(logger, message.Region, message.Id, problem);
        return Task.CompletedTask;
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1403,
            Level = LogLevel.Warning,
            Message = "The app crashed repeatedly while it worked on {Region}/{ObjectId} and other objects; the object gets more attempts")]
        public static partial void Crashed(ILogger logger, string region, string objectId);

        [LoggerMessage(EventId = 1402, Level = LogLevel.Error, Message = "{Region}/{ObjectId}: {Problem}")]
        public static partial void ObjectFailed(ILogger logger, string region, string objectId, string problem);
    }
}
