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
    private static readonly TimeSpan LastWriteTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Handles a message.</summary>
    /// <typeparam name="TMessage">What the queue's messages are about.</typeparam>
    /// <param name="queue">The queue that it came from.</param>
    /// <param name="message">The message.</param>
    /// <param name="work">What to do.</param>
    /// <param name="cancellationToken">The host's token.</param>
    /// <exception cref="InvalidMessageException">The message cannot be read.</exception>
    public Task HandleAsync<TMessage>(
        string queue,
        QueueMessage message,
        Func<TMessage, CancellationToken, Task> work,
        CancellationToken cancellationToken)
        where TMessage : WorkMessage, IReadableMessage<TMessage>
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(work);
        var item = TMessage.Parse(message.Body);
        return RunAsync(queue, item, message.DequeueCount, token => work(item, token), cancellationToken);
    }

    /// <summary>Handles a message of a poison queue. One that cannot be read is dropped.</summary>
    /// <typeparam name="TMessage">What the queue's messages are about.</typeparam>
    /// <param name="queue">The queue whose poison queue it came from.</param>
    /// <param name="message">The message.</param>
    /// <param name="record">Records the failure.</param>
    /// <param name="cancellationToken">The host's token.</param>
    public async Task HandleFailedAsync<TMessage>(
        string queue,
        QueueMessage message,
        Func<TMessage, CancellationToken, Task> record,
        CancellationToken cancellationToken)
        where TMessage : WorkMessage, IReadableMessage<TMessage>
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(record);
        TMessage item;
        try
        {
            item = TMessage.Parse(message.Body);
        }
        catch (InvalidMessageException exception)
        {
            // Nothing is lost by dropping it: every object and every window is found again by listing.
            Log.DroppedMessage(logger, exception.Message);
            return;
        }

        await RunAsync(queue + QueueNames.PoisonSuffix, item, message.DequeueCount, token => record(item, token), cancellationToken);
    }

    private static (string Span, string Work) Describe(string queue) => queue switch
    {
        QueueNames.ListWindows => (Spans.ListWindow, "Listing"),
        QueueNames.ArchiveObjects => (Spans.ArchiveObject, "Archiving"),
        QueueNames.RestoreObjects => (Spans.RestoreObject, "Restoring"),
        QueueNames.PurgeObjects => (Spans.PurgeObject, "Purging"),
        QueueNames.VerifyObjects => (Spans.VerifyObject, "Verifying"),
        QueueNames.PlanDays => (Spans.PlanDays, "Planning"),
        QueueNames.CatalogueMonths => (Spans.BuildCatalogueMonth, "Building a month of the catalogue"),
        QueueNames.ChangeCases => (Spans.ChangeCase, "Changing a case"),
        QueueNames.ExportCases => (Spans.ExportCase, "Exporting a case"),
        _ => (Spans.RecordFailure, "Recording a failure"),
    };

    private async Task RunAsync(
        string queue,
        WorkMessage message,
        long dequeueCount,
        Func<CancellationToken, Task> work,
        CancellationToken cancellationToken)
    {
        using var scope = message is ObjectMessage about
            ? logger.BeginScope(new Dictionary<string, object>(StringComparer.Ordinal) { ["Region"] = about.Region, ["ObjectId"] = about.Id })
            : null;
        var (span, name) = Describe(queue);
        try
        {
            await telemetry.HandleAsync(span, message, () => timeout.RunAsync(name, work, cancellationToken), cancellationToken);
        }
        catch (WorkTimeoutException exception) when (queue is QueueNames.ArchiveObjects or QueueNames.RestoreObjects)
        {
            using var lastWrite = new CancellationTokenSource(LastWriteTimeout);
            var item = (ObjectMessage)message;
            await outcomes.NoteAsync(item.Region, item.KnownRecord, exception, dequeueCount, lastWrite.Token);
            throw;
        }
        catch (Exception exception) when (exception is not WorkTimeoutException && cancellationToken.IsCancellationRequested)
        {
            // Most likely a consequence of the cancellation, which says nothing about object or dependency.
            using var lastWrite = new CancellationTokenSource(LastWriteTimeout);
            await queues.SendAsync(queue, message.PutBack, TimeSpan.Zero, lastWrite.Token);
            Log.PutBack(logger, message.Name, queue);
        }
        catch (OutageException outage)
        {
            await deferral.DeferAsync(queue, message, outage, CancellationToken.None);
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
