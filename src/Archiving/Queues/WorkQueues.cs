using Archiving.Storage;
using Azure;
using Azure.Storage.Queues;

namespace Archiving.Queues;

/// <summary>
/// Puts work into the queues, with <see cref="QueueClient"/> and not with an output binding: the Functions host
/// rewrites JSON that passes through a binding, and a binding cannot delay a message.
/// </summary>
public sealed class WorkQueues : IStorageResource
{
    private const int SendsAtOnce = 16;
    private readonly Dictionary<string, (QueueClient Client, Initialization Created)> _queues;

    /// <summary>Initializes the queues. The service client must encode messages as Base64, as the Functions host expects.</summary>
    public WorkQueues(QueueServiceClient service)
    {
        _queues = QueueNames.All
            .SelectMany(name => new[] { name, name + QueueNames.PoisonSuffix })
            .ToDictionary(
                name => name,
                name =>
                {
                    var client = service.GetQueueClient(name);
                    return (client, new Initialization(token => client.CreateIfNotExistsAsync(cancellationToken: token)));
                },
                StringComparer.Ordinal);
    }

    /// <summary>Sends a window to be listed.</summary>
    public Task SendAsync(WindowMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        SendAsync(QueueNames.ListWindows, message, delay, cancellationToken);

    /// <summary>Sends a message to its queue.</summary>
    public async Task SendAsync(string queue, WorkMessage message, TimeSpan delay, CancellationToken cancellationToken)
    {
        var (span, traceParent) = MessageSpans.StartSending(queue, message);
        using (span)
        {
            await SendAsync(queue, (message with { TraceParent = traceParent }).ToJson(), delay, cancellationToken);
        }
    }

    /// <summary>Sends messages to a queue, some at once, the first ones first.</summary>
    public async Task SendAllAsync(string queue, IEnumerable<WorkMessage> messages, CancellationToken cancellationToken)
    {
        foreach (var chunk in messages.Chunk(SendsAtOnce))
        {
            await Task.WhenAll(chunk.Select(message => SendAsync(queue, message, TimeSpan.Zero, cancellationToken)));
        }
    }

    /// <summary>About how many messages queues hold, hidden ones included.</summary>
    /// <param name="names">The queues; poison queues are named with their suffix.</param>
    /// <param name="cancellationToken">Stops the reads.</param>
    public async Task<IReadOnlyDictionary<string, long>> CountAsync(IEnumerable<string> names, CancellationToken cancellationToken)
    {
        var counts = await Task.WhenAll(names.Select(async name => (Key: name, Count: await CountAsync(_queues[name].Client, cancellationToken))));
        return counts.ToDictionary(item => item.Key, item => item.Count, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    Task IStorageResource.CreateAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_queues.Values.Select(queue => queue.Created.EnsureAsync(cancellationToken)));

    private static async Task<long> CountAsync(QueueClient client, CancellationToken cancellationToken)
    {
        try
        {
            return (await client.GetPropertiesAsync(cancellationToken)).Value.ApproximateMessagesCountLong;
        }
        catch (RequestFailedException exception) when (exception.Status == 404)
        {
            return 0;
        }
        catch (Exception exception) when (StorageOutage.Runtime(exception) is { } outage)
        {
            throw outage;
        }
    }

    private async Task SendAsync(string name, BinaryData body, TimeSpan delay, CancellationToken cancellationToken)
    {
        var (client, created) = _queues[name];
        try
        {
            await created.EnsureAsync(cancellationToken);

            // By default a message expires after seven days; work that is deferred for long must not be lost.
            await client.SendMessageAsync(body, delay > TimeSpan.Zero ? delay : null, timeToLive: TimeSpan.FromSeconds(-1), cancellationToken);
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == "QueueNotFound")
        {
            created.Forget();
            throw;
        }
        catch (Exception exception) when (StorageOutage.Runtime(exception) is { } outage)
        {
            throw outage;
        }
    }
}
