using System.Diagnostics;
using Archiving.Health;
using Archiving.Queues;

namespace Archiving.Telemetry;

/// <summary>Handles a message within a span that goes on in the trace of the message, and counts what makes it come again.</summary>
public sealed class MessageTelemetry(ArchivingMetrics metrics)
{
    /// <summary>Handles a message about an object.</summary>
    /// <param name="span">Name of the span.</param>
    /// <param name="message">The message.</param>
    /// <param name="handle">What is to be done.</param>
    /// <param name="cancellationToken">What stops it.</param>
    public async Task<T> HandleAsync<T>(string span, ObjectMessage message, Func<Task<T>> handle, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(handle);
        using var activity = Spans.Start(span, message);
        return await RunAsync(activity, handle, cancellationToken);
    }

    /// <inheritdoc cref="HandleAsync{T}(string, ObjectMessage, Func{Task{T}}, CancellationToken)"/>
    public Task HandleAsync(string span, ObjectMessage message, Func<Task> handle, CancellationToken cancellationToken) =>
        HandleAsync(span, message, () => Wrap(handle), cancellationToken);

    /// <summary>Handles a message about a window.</summary>
    /// <param name="span">Name of the span.</param>
    /// <param name="message">The message.</param>
    /// <param name="handle">What is to be done.</param>
    /// <param name="cancellationToken">What stops it.</param>
    public async Task HandleAsync(string span, WindowMessage message, Func<Task> handle, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(handle);
        using var activity = Spans.Start(span, message);
        await RunAsync(activity, () => Wrap(handle), cancellationToken);
    }

    private static async Task<bool> Wrap(Func<Task> handle)
    {
        await handle();
        return true;
    }

    private async Task<T> RunAsync<T>(Activity? activity, Func<Task<T>> handle, CancellationToken cancellationToken)
    {
        try
        {
            return await handle();
        }
        catch (OutageException outage)
        {
            activity?.Fail(outage.Condition.ToTag());
            throw;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            var cause = RetryCauses.Of(exception);
            metrics.CountRetry(RetryScope.Message, cause);
            activity?.Fail(cause.ToTag());
            throw;
        }
    }
}
