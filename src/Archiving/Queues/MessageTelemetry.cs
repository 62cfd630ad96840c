using Archiving.Model;
using Archiving.Telemetry;

namespace Archiving.Queues;

/// <summary>Handles a message within a span that continues the trace of the message, and counts the causes of retries.</summary>
public sealed class MessageTelemetry(ArchivingMetrics metrics)
{
    /// <summary>Handles a message.</summary>
    /// <param name="span">Name of the span.</param>
    /// <param name="message">The message.</param>
    /// <param name="handle">What is to be done.</param>
    /// <param name="cancellationToken">What stops it.</param>
    public async Task HandleAsync(string span, WorkMessage message, Func<Task> handle, CancellationToken cancellationToken)
    {
        using var activity = MessageSpans.Start(span, message);
        try
        {
            await handle();
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested || exception is WorkTimeoutException)
        {
            if (exception is OutageException outage)
            {
                activity?.Fail(outage.Condition.ToTag());
                throw;
            }

            var cause = RetryCauses.Of(exception);
            metrics.CountRetry(RetryScope.Message, cause);
            activity?.Fail(cause.ToTag());
            throw;
        }
    }
}
