using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using LocalHost.Functions;
using Microsoft.Extensions.Logging;

namespace LocalHost.Queues;

/// <summary>
/// Feeds one function from its queue as the Functions host does: batches, a poison queue after too many failures, a
/// delay after each, a lease that is renewed while the function runs.
/// </summary>
internal sealed partial class QueueListener(
    FunctionDescriptor function,
    QueueServiceClient service,
    string queueName,
    HostSettings settings,
    FunctionInvoker invoker,
    TimeProvider timeProvider,
    ILogger<QueueListener> logger)
{
    private static readonly TimeSpan AfterError = TimeSpan.FromSeconds(2);

    private readonly QueueClient _queue = service.GetQueueClient(queueName);
    private readonly QueueClient? _poison = queueName.EndsWith(StorageAccounts.PoisonSuffix, StringComparison.Ordinal) ? null : service.GetQueueClient(queueName + StorageAccounts.PoisonSuffix);
    private readonly ConcurrentDictionary<Running, bool> _running = new();

    // Says that a run has ended since it was last asked.
    private readonly Channel<bool> _ended = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly PollingDelay _delay = new(settings.MaxPollingInterval, Random.Shared);

    /// <summary>Listens until stopped, then waits for what runs; what still runs after <paramref name="abandon"/> is cancelled and comes back.</summary>
    public async Task RunAsync(CancellationToken stop, CancellationToken abandon)
    {
        using var renewing = CancellationTokenSource.CreateLinkedTokenSource(abandon);
        var renewal = RenewAsync(renewing.Token);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await WaitForRoomAsync(stop);
                await ReceiveAsync(abandon, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception) when (StorageAccounts.IsTrouble(exception))
            {
                Log.QueueTrouble(logger, queueName, exception.Message.Split('\n')[0]);
                await Task.Delay(AfterError, timeProvider, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await Task.WhenAll(_running.Keys.Select(running => running.Task));
        await renewing.CancelAsync();
        await renewal.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Makes the queue when it is not there.</summary>
    public Task CreateAsync(CancellationToken cancellationToken) => _queue.CreateIfNotExistsAsync(cancellationToken: cancellationToken);

    /// <summary>Runs the function for a message that came from elsewhere than the queue.</summary>
    public Task FireAsync(string body, CancellationToken cancellationToken) =>
        invoker.InvokeAsync(
            CreateInvocation(QueuesModelFactory.QueueMessage(Guid.NewGuid().ToString(), "", BinaryData.FromString(body), 1, insertedOn: timeProvider.GetUtcNow()), cancellationToken),
            "This function was programmatically called via the host APIs.");

    private async Task ReceiveAsync(CancellationToken abandon, CancellationToken stop)
    {
        QueueMessage[] messages;
        try
        {
            messages = (await _queue.ReceiveMessagesAsync(settings.BatchSize, settings.Lease, stop)).Value;
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == QueueErrorCode.QueueNotFound)
        {
            await CreateAsync(stop);
            return;
        }

        if (messages.Length == 0)
        {
            await Task.Delay(_delay.Next(), timeProvider, stop);
            return;
        }

        _delay.Reset();
        foreach (var message in messages)
        {
            var running = new Running(message, timeProvider.GetTimestamp());
            _running[running] = true;
            running.Task = Task.Run(() => ProcessAsync(running, abandon), CancellationToken.None);
        }
    }

    /// <summary>As the Functions host: the next batch is fetched when no more than the threshold run.</summary>
    private async Task WaitForRoomAsync(CancellationToken stop)
    {
        while (_running.Count > settings.NewBatchThreshold)
        {
            await _ended.Reader.ReadAsync(stop);
        }
    }

    private async Task ProcessAsync(Running running, CancellationToken abandon)
    {
        var message = running.Message;
        try
        {
            // More deliveries than allowed: the process died each time, and would again.
            if (_poison is not null && message.DequeueCount > settings.MaxDequeueCount)
            {
                await MoveToPoisonAsync(running);
                return;
            }

            bool succeeded;
            try
            {
                await invoker.InvokeAsync(CreateInvocation(message, abandon), $"New queue message detected on '{queueName}'.");
                succeeded = true;
            }
            catch (Exception)
            {
                // Logged by the invoker; here it only decides what becomes of the message.
                succeeded = false;
            }

            if (succeeded)
            {
                await running.UseReceiptAsync(receipt => _queue.DeleteMessageAsync(message.MessageId, receipt, CancellationToken.None));
            }
            else if (abandon.IsCancellationRequested)
            {
                await HideAsync(running, TimeSpan.Zero);
            }
            else if (_poison is null)
            {
                // As in the Functions host: without a poison queue the message stays hidden for its lease, which keeps a failing function from spinning.
            }
            else if (message.DequeueCount >= settings.MaxDequeueCount)
            {
                await MoveToPoisonAsync(running);
            }
            else
            {
                await HideAsync(running, settings.VisibilityTimeout);
            }
        }
        catch (Exception exception) when (StorageAccounts.IsTrouble(exception))
        {
            // It comes back when its lease ends, and whoever gets it finds the work done.
            Log.MessageTrouble(logger, queueName, message.MessageId, exception.Message.Split('\n')[0]);
        }
        finally
        {
            _running.TryRemove(running, out _);
            running.Dispose();
            _ended.Writer.TryWrite(true);
        }
    }

    private async Task MoveToPoisonAsync(Running running)
    {
        var message = running.Message;
        Log.Poison(logger, message.DequeueCount, queueName, _poison!.Name);
        try
        {
            await _poison.SendMessageAsync(message.Body);
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == QueueErrorCode.QueueNotFound)
        {
            await _poison.CreateIfNotExistsAsync();
            await _poison.SendMessageAsync(message.Body);
        }

        await running.UseReceiptAsync(receipt => _queue.DeleteMessageAsync(message.MessageId, receipt));
    }

    private Task HideAsync(Running running, TimeSpan delay) => running.UseReceiptAsync(async receipt =>
        await _queue.UpdateMessageAsync(running.Message.MessageId, receipt, visibilityTimeout: delay));

    private async Task RenewAsync(CancellationToken stop)
    {
        var half = settings.Lease / 2;
        while (true)
        {
            await Task.Delay(half / 3, timeProvider, stop);
            foreach (var running in _running.Keys.Where(running => timeProvider.GetElapsedTime(running.LeasedAt) >= half))
            {
                try
                {
                    var asked = timeProvider.GetTimestamp();
                    await running.RenewAsync(async receipt =>
                        (await _queue.UpdateMessageAsync(running.Message.MessageId, receipt, visibilityTimeout: settings.Lease, cancellationToken: stop)).Value.PopReceipt);

                    // Only now: what fails is tried again before the lease ends.
                    running.LeasedAt = asked;
                }
                catch (ObjectDisposedException)
                {
                    // The function has ended meanwhile.
                }
                catch (Exception exception) when (StorageAccounts.IsTrouble(exception))
                {
                    Log.RenewalFailed(logger, queueName, running.Message.MessageId, exception.Message.Split('\n')[0]);
                }
            }
        }
    }

    private Invocation CreateInvocation(QueueMessage message, CancellationToken cancellationToken) => new(
        function,
        message,
        new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase)
        {
            ["Id"] = message.MessageId,
            ["DequeueCount"] = message.DequeueCount.ToString(CultureInfo.InvariantCulture),
            ["InsertionTime"] = message.InsertedOn?.ToString("O", CultureInfo.InvariantCulture),
            ["ExpirationTime"] = message.ExpiresOn?.ToString("O", CultureInfo.InvariantCulture),
            ["NextVisibleTime"] = message.NextVisibleOn?.ToString("O", CultureInfo.InvariantCulture),
            ["PopReceipt"] = message.PopReceipt,
        },
        cancellationToken);

    /// <summary>A message whose function runs. Its receipt changes with each renewal, so its uses take turns.</summary>
    private sealed class Running(QueueMessage message, long leasedAt) : IDisposable
    {
        private readonly SemaphoreSlim _turn = new(1, 1);
        private string? _receipt = message.PopReceipt;

        public QueueMessage Message { get; } = message;

        public long LeasedAt { get; set; } = leasedAt;

        public Task Task { get; set; } = Task.CompletedTask;

        public void Dispose() => _turn.Dispose();

        public async Task RenewAsync(Func<string, Task<string>> renew)
        {
            await _turn.WaitAsync();
            try
            {
                if (_receipt is { } receipt)
                {
                    _receipt = await renew(receipt);
                }
            }
            finally
            {
                _turn.Release();
            }
        }

        /// <summary>Uses the receipt for the last time.</summary>
        public async Task UseReceiptAsync(Func<string, Task> use)
        {
            await _turn.WaitAsync();
            try
            {
                var receipt = _receipt;
                _receipt = null;
                await use(receipt!);
            }
            finally
            {
                _turn.Release();
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 20, Level = LogLevel.Warning, Message = "Queue '{Queue}' cannot be read: {Error}")]
        public static partial void QueueTrouble(ILogger logger, string queue, string error);

        [LoggerMessage(EventId = 21, Level = LogLevel.Warning, Message = "Message {MessageId} of queue '{Queue}' could not be deleted or put back: {Error}")]
        public static partial void MessageTrouble(ILogger logger, string queue, string messageId, string error);

        [LoggerMessage(EventId = 22, Level = LogLevel.Warning, Message = "Message has reached MaxDequeueCount of {Count}. Moving message from '{Queue}' to queue '{PoisonQueue}'.")]
        public static partial void Poison(ILogger logger, long count, string queue, string poisonQueue);

        [LoggerMessage(EventId = 23, Level = LogLevel.Warning, Message = "The lease of message {MessageId} of queue '{Queue}' could not be renewed: {Error}")]
        public static partial void RenewalFailed(ILogger logger, string queue, string messageId, string error);
    }
}
