using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Queues;
using Archiving.Telemetry;
using Microsoft.Extensions.Logging;

namespace Archiving.Failures;

/// <summary>
/// Keeps what failed too often. The Functions host moves such messages to a poison queue, where they would say
/// nothing and expire; here they become ledger rows with the reason.
/// </summary>
public sealed partial class FailureRecorder(OutcomeRecorder outcomes, ObjectLedger ledger, ListingStore listings, WorkQueues queues, MessageTelemetry telemetry, ArchivingMetrics metrics, ILogger<FailureRecorder> logger)
{
    private const int MostLives = 6;
    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Records an object as failed. When no attempt lived to say what went wrong, it is the process that died, most often
    /// with many objects at hand of which at most one is to blame: the object gets more attempts, each time after a longer rest.
    /// </summary>
    /// <param name="queue">The queue whose poison queue it is.</param>
    /// <param name="body">The message from the poison queue.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    public async Task RecordObjectAsync(string queue, BinaryData body, CancellationToken cancellationToken)
    {
        ObjectMessage message;
        try
        {
            message = ObjectMessage.Parse(body);
        }
        catch (InvalidMessageException exception)
        {
            // It names no object, so nothing can be recorded of it, and nothing is lost by dropping it: every object is found again by listing.
            Log.DroppedMessage(logger, exception.Message);
            return;
        }

        await telemetry.HandleAsync(Spans.RecordFailure, message, () => RecordObjectAsync(queue, message, cancellationToken), cancellationToken);
    }

    private async Task RecordObjectAsync(string queue, ObjectMessage message, CancellationToken cancellationToken)
    {
        var record = message.KnownRecord;
        var entry = await ledger.FindAsync(LedgerKey.Of(message.Region, record), cancellationToken);
        if (entry is { LastError: null } && (entry.Is(LedgerState.Queued) || entry.Is(LedgerState.Restoring)) && message.Deaths + 1 < MostLives)
        {
            Log.Died(logger, message.Region, message.Id);
            await queues.SendAsync(queue, message with { Deaths = message.Deaths + 1 }, FirstRest * Math.Pow(2, message.Deaths), cancellationToken);
            return;
        }

        await outcomes.FailAsync(
            message.Region,
            record,
            FailureReason.Exhausted,
            "every attempt failed; its row says why the last one did",
            entry?.LastError ?? "The app died again and again while it worked on the object, before a reason could be recorded. Look into the log for what ended it; memory is the usual reason.",
            entry?.Attempts ?? 0,
            cancellationToken);
    }

    /// <summary>Says in the log that work on an archived object failed. Its row stays as it is: it is archived all the same.</summary>
    public void ReportObject(BinaryData body, string problem)
    {
        try
        {
            var message = ObjectMessage.Parse(body);
            Log.ObjectFailed(logger, message.Region, message.Id, problem);
        }
        catch (InvalidMessageException exception)
        {
            Log.DroppedMessage(logger, exception.Message);
        }
    }

    /// <summary>Records a window as failed. The next listing of its region begins there, whether or not the window's run is the one that counts: the window may have written rows whose messages it never sent.</summary>
    /// <param name="body">The message from the poison queue.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    public async Task RecordWindowAsync(BinaryData body, CancellationToken cancellationToken)
    {
        WindowMessage window;
        try
        {
            window = WindowMessage.Parse(body);
        }
        catch (InvalidMessageException exception)
        {
            // It names no window, so nobody waits for it.
            Log.DroppedMessage(logger, exception.Message);
            return;
        }

        await telemetry.HandleAsync(Spans.RecordFailure, window, () => RecordWindowAsync(window, cancellationToken), cancellationToken);
    }

    private async Task RecordWindowAsync(WindowMessage window, CancellationToken cancellationToken)
    {
        metrics.CountFailedWindow(window.Region, window.Kind);
        Log.WindowFailed(logger, window.Region, window.From, window.To);
        if (window.Kind == WindowKind.Listing)
        {
            await listings.ListAgainAsync(window.Region, window.From, window.To, cancellationToken);
        }

        if (window.RunId is not null)
        {
            await listings.RecordWindowErrorAsync(window, "It failed again and again; the log says why.", cancellationToken);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1403, Level = LogLevel.Warning, Message = "The app died again and again while it worked on {Region}/{ObjectId} and others; it gets more attempts")]
        public static partial void Died(ILogger logger, string region, string objectId);

        [LoggerMessage(EventId = 1400, Level = LogLevel.Error, Message = "A message from a poison queue was dropped: {Problem}")]
        public static partial void DroppedMessage(ILogger logger, string problem);

        [LoggerMessage(EventId = 1402, Level = LogLevel.Error, Message = "{Region}/{ObjectId}: {Problem}")]
        public static partial void ObjectFailed(ILogger logger, string region, string objectId, string problem);

        [LoggerMessage(EventId = 1401, Level = LogLevel.Error, Message = "The window of {Region} from {From:O} to {To:O} could not be listed; the next listing begins there")]
        public static partial void WindowFailed(ILogger logger, string region, DateTimeOffset from, DateTimeOffset to);
    }
}
