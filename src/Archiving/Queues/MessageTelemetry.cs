using System.Diagnostics;
using Archiving.Model;
using Archiving.Telemetry;

namespace Archiving.Queues;

/// <summary>Handles a message within a span that continues the trace of the message, and counts the causes of retries.</summary>
public sealed class MessageTelemetry(ArchivingMetrics metrics)
{
    /// <summary>Handles a message about an object.</summary>
    /// <param name="span">Name of the span.</param>
    /// <param name="message">The message.</param>
    /// <param name="handle">What is to be done.</param>
    /// <param name="cancellationToken">What stops it.</param>
    public async Task HandleAsync(string span, ObjectMessage message, Func<Task> handle, CancellationToken cancellationToken)
    {
        using var activity = MessageSpans.Start(span, message);
        await RunAsync(activity, handle, cancellationToken);
    }

    /// <summary>Handles a message about a window.</summary>
    /// <param name="span">Name of the span.</param>
    /// <param name="message">The message.</param>
    /// <param name="handle">What is to be done.</param>
    /// <param name="cancellationToken">What stops it.</param>
    public async Task HandleAsync(string span, WindowMessage message, Func<Task> handle, CancellationToken cancellationToken)
    {
        using var activity = MessageSpans.Start(span, message);
        await RunAsync(activity, handle, cancellationToken);
    }

    private async Task RunAsync(Activity? activity, Func<Task> handle, CancellationToken cancellationToken)
    {
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
