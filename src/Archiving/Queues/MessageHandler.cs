using Archiving.Model;
using Archiving.Outages;
using Archiving.Telemetry;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Logging;

namespace Archiving.Queues;

/// <summary>
/// Handles a message that the Functions host delivers: reads it, opens its span, runs the work within its time, and
/// decides what happens to the message.
/// <list type="bullet">
/// <item>The work is done: the handler returns, and the host deletes the message.</item>
/// <item>There is an outage: a new message with a delay takes its place, see <see cref="Deferral"/>.</item>
/// <item>The host cancels, because the app is stopping: a copy goes back into the queue at once, and no attempt is spent.</item>
/// <item>The work takes too long: that is recorded in the object's row, and counts as an attempt.</item>
/// <item>Anything else is thrown, so that the host delivers the message again, and moves it to the poison queue in the end.</item>
/// </list>
/// </summary>
public sealed partial class MessageHandler(
    WorkQueues queues,
    Deferral deferral,
    MessageTelemetry telemetry,
    WorkTimeout timeout,
    OutcomeRecorder outcomes,
    ILogger<MessageHandler> logger)
{
    // The host's own token is cancelled when this begins, and the process ends soon after.
    private static readonly TimeSpan LastWriteTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Handles a message about an object.</summary>
    /// <param name="queue">The queue that it came from.</param>
    /// <param name="message">The message.</param>
    /// <param name="work">What to do with the object.</param>
    /// <param name="cancellationToken">The host's token.</param>
    /// <exception cref="InvalidMessageException">The message names no object.</exception>
    public async Task HandleObjectAsync(
        string queue,
        QueueMessage message,
        Func<ObjectMessage, CancellationToken, Task> work,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(work);
        var item = ObjectMessage.Parse(message.Body);
        try
        {
            await HandleAsync(queue, item, work, cancellationToken);
        }
        catch (WorkTimeoutException exception) when (queue is QueueNames.ArchiveObjects or QueueNames.RestoreObjects)
        {
            using var lastWrite = new CancellationTokenSource(LastWriteTimeout);
            await outcomes.NoteAsync(item.Region, item.KnownRecord, exception, message.DequeueCount, lastWrite.Token);
            throw;
        }
    }

    /// <summary>Handles a message about a window.</summary>
    /// <param name="message">The message.</param>
    /// <param name="work">What to do with the window.</param>
    /// <param name="cancellationToken">The host's token.</param>
    /// <exception cref="InvalidMessageException">The message names no window.</exception>
    public Task HandleWindowAsync(QueueMessage message, Func<WindowMessage, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(work);
        return HandleAsync(QueueNames.ListWindows, WindowMessage.Parse(message.Body), work, cancellationToken);
    }

    /// <summary>Handles a message of a poison queue about an object. One that names no object is dropped.</summary>
    /// <param name="queue">The queue whose poison queue it came from.</param>
    /// <param name="message">The message.</param>
    /// <param name="record">Records the failure.</param>
    /// <param name="cancellationToken">The host's token.</param>
    public async Task HandleFailedObjectAsync(
        string queue,
        QueueMessage message,
        Func<ObjectMessage, CancellationToken, Task> record,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(record);
        if (ReadFailed(message, ObjectMessage.Parse) is { } item)
        {
            await HandleAsync(queue + QueueNames.PoisonSuffix, item, record, cancellationToken);
        }
    }

    /// <summary>Handles a message of a poison queue about a window. One that names no window is dropped.</summary>
    /// <param name="message">The message.</param>
    /// <param name="record">Records the failure.</param>
    /// <param name="cancellationToken">The host's token.</param>
    public async Task HandleFailedWindowAsync(QueueMessage message, Func<WindowMessage, CancellationToken, Task> record, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(record);
        if (ReadFailed(message, WindowMessage.Parse) is { } window)
        {
            await HandleAsync(QueueNames.ListWindows + QueueNames.PoisonSuffix, window, record, cancellationToken);
        }
    }

    private static (string Span, string Work) Describe(string queue) => queue switch
    {
        QueueNames.ListWindows => (Spans.ListWindow, "Listing"),
        QueueNames.ArchiveObjects => (Spans.ArchiveObject, "Archiving"),
        QueueNames.RestoreObjects => (Spans.RestoreObject, "Restoring"),
        QueueNames.PurgeObjects => (Spans.PurgeObject, "Purging"),
        QueueNames.VerifyObjects => (Spans.VerifyObject, "Verifying"),
        _ => (Spans.RecordFailure, "Recording a failure"),
    };

    private T? ReadFailed<T>(QueueMessage message, Func<BinaryData, T> parse)
        where T : class
    {
        try
        {
            return parse(message.Body);
        }
        catch (InvalidMessageException exception)
        {
            // Nothing is lost by dropping it: every object and every window is found again by listing.
            Log.DroppedMessage(logger, exception.Message);
            return null;
        }
    }

    private async Task HandleAsync(string queue, ObjectMessage item, Func<ObjectMessage, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using var scope = logger.BeginScope(new Dictionary<string, object>(StringComparer.Ordinal) { ["Region"] = item.Region, ["ObjectId"] = item.Id });
        var (span, name) = Describe(queue);
        await RunAsync(
            queue,
            $"{item.Region}/{item.Id}",
            () => telemetry.HandleAsync(span, item, () => timeout.RunAsync(name, token => work(item, token), cancellationToken), cancellationToken),
            outage => deferral.DeferAsync(queue, item, outage, CancellationToken.None),

            // An earlier delivery may have archived it and crashed before it could record it: then it is not read from 8x8 again.
            token => queues.SendAsync(queue, item with { IsSentAgain = true }, TimeSpan.Zero, token),
            cancellationToken);
    }

    private Task HandleAsync(string queue, WindowMessage window, Func<WindowMessage, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        var (span, name) = Describe(queue);
        return RunAsync(
            queue,
            window.Name,
            () => telemetry.HandleAsync(span, window, () => timeout.RunAsync(name, token => work(window, token), cancellationToken), cancellationToken),
            outage => deferral.DeferAsync(queue, window, outage, CancellationToken.None),
            token => queues.SendAsync(queue, window, TimeSpan.Zero, token),
            cancellationToken);
    }

    private async Task RunAsync(
        string queue,
        string item,
        Func<Task> work,
        Func<OutageException, Task> defer,
        Func<CancellationToken, Task> putBack,
        CancellationToken cancellationToken)
    {
        try
        {
            await work();
        }
        catch (Exception exception) when (exception is not WorkTimeoutException && cancellationToken.IsCancellationRequested)
        {
            // Most likely a consequence of the cancellation, which says nothing about object or dependency.
            using var lastWrite = new CancellationTokenSource(LastWriteTimeout);
            await putBack(lastWrite.Token);
            Log.PutBack(logger, item, queue);
        }
        catch (OutageException outage)
        {
            await defer(outage);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1400, Level = LogLevel.Error, Message = "A message from a poison queue was dropped: {Problem}")]
        public static partial void DroppedMessage(ILogger logger, string problem);

        [LoggerMessage(EventId = 1404, Level = LogLevel.Information, Message = "Put {Item} back into {Queue} because the app is stopping")]
        public static partial void PutBack(ILogger logger, string item, string queue);
    }
}
