namespace Archiving.Queues;

/// <summary>
/// Lets all windows that an instance lists at once send only so many messages at once, in the order in which they were
/// given. A queue takes about 2,000 messages a second (scalability targets of Azure Queue Storage), of which those that
/// archive need two for each object.
/// </summary>
/// <param name="most">The most sends at once.</param>
internal sealed class SendingTurns(int most)
{
    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = new();
    private int _senders;

    /// <summary>Sends when it is its turn. Cancellation in the meantime surfaces as the exception of <paramref name="send"/>.</summary>
    public Task RunAsync(Func<Task> send)
    {
        var waiting = new Waiting(send);
        lock (_lock)
        {
            _waiting.Enqueue(waiting);
            if (_senders == most)
            {
                return waiting.Sent.Task;
            }

            _senders++;
        }

        _ = SendAsync();
        return waiting.Sent.Task;
    }

    private async Task SendAsync()
    {
        while (Next() is { } waiting)
        {
            try
            {
                await waiting.Send();
            }
            catch (Exception exception)
            {
                waiting.Sent.SetException(exception);
                continue;
            }

            waiting.Sent.SetResult();
        }
    }

    /// <summary>The next; <see langword="null"/> when none waits, and then the place is given back.</summary>
    private Waiting? Next()
    {
        lock (_lock)
        {
            if (_waiting.TryDequeue(out var waiting))
            {
                return waiting;
            }

            _senders--;
            return null;
        }
    }

    private sealed class Waiting(Func<Task> send)
    {
        public Func<Task> Send { get; } = send;

        public TaskCompletionSource Sent { get; } = new();
    }
}
