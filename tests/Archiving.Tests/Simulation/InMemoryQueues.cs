using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;

namespace Archiving.Tests.Simulation;

/// <summary>Queue Storage in memory: hidden messages, no order, now and then a message twice.</summary>
internal sealed class InMemoryQueues(World world) : QueueServiceClient
{
    private readonly Dictionary<string, InMemoryQueue> _queues = new(StringComparer.Ordinal);

    public IEnumerable<InMemoryQueue> All => _queues.Values;

    public override QueueClient GetQueueClient(string queueName) => Get(queueName);

    public InMemoryQueue Get(string queueName)
    {
        if (!_queues.TryGetValue(queueName, out var queue))
        {
            _queues[queueName] = queue = new InMemoryQueue(world, queueName);
        }

        return queue;
    }
}

internal sealed class InMemoryQueue(World world, string name) : QueueClient
{
    private readonly List<Message> _messages = [];

    public override string Name => name;

    public int Count => _messages.Count;

    /// <summary>One in so many messages is sent twice; 0 for none.</summary>
    public int DuplicateOneIn { get; set; }

    public DateTimeOffset? NextVisibleAt => _messages.Count == 0 ? null : _messages.Min(message => message.VisibleAt);

    public override Task<Response> CreateIfNotExistsAsync(IDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default) =>
        Task.FromResult<Response>(null!);

    public override Task<Response<SendReceipt>> SendMessageAsync(
        BinaryData message,
        TimeSpan? visibilityTimeout = null,
        TimeSpan? timeToLive = null,
        CancellationToken cancellationToken = default) =>
        world.StepAsync(() =>
        {
            Assert.InRange(Convert.ToBase64String(message.ToArray()).Length, 1, 65_536);
            for (var copy = 0; copy < (DuplicateOneIn > 0 && world.Pick(DuplicateOneIn) == 0 ? 2 : 1); copy++)
            {
                _messages.Add(new Message { Body = message, VisibleAt = world.Now + (visibilityTimeout ?? TimeSpan.Zero) });
            }

            return Response.FromValue(QueuesModelFactory.SendReceipt("id", world.Now, world.Now, "receipt", world.Now), null!);
        });

    // At once and never failing: only what looks on asks.
    public override Task<Response<QueueProperties>> GetPropertiesAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(Response.FromValue(QueuesModelFactory.QueueProperties(new Dictionary<string, string>(StringComparer.Ordinal), _messages.Count), null!));

    /// <summary>Takes any visible message and hides it.</summary>
    public Message? TryReceive(TimeSpan lease)
    {
        var visible = _messages.Where(message => message.VisibleAt <= world.Now).ToList();
        if (visible.Count == 0)
        {
            return null;
        }

        var message = visible[world.Pick(visible.Count)];
        message.DequeueCount++;
        message.VisibleAt = world.Now + lease;
        return message;
    }

    /// <summary>Deletes a message, unless it was delivered again since: its receipt of that time is void then, as in Queue Storage.</summary>
    public void Delete(Message message, int delivery)
    {
        if (message.DequeueCount == delivery)
        {
            _messages.Remove(message);
        }
    }

    /// <summary>Shows a message again after a while, unless it was delivered again since.</summary>
    public void Release(Message message, int delivery, TimeSpan after)
    {
        if (message.DequeueCount == delivery)
        {
            message.VisibleAt = world.Now + after;
        }
    }

    internal sealed class Message
    {
        public required BinaryData Body { get; init; }

        public DateTimeOffset VisibleAt { get; set; }

        public int DequeueCount { get; set; }
    }
}
