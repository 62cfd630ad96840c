namespace Archiving.Queues;

/// <summary>
/// Lets all windows that an instance lists at once send only so many messages at once, in the order in which they were
/// given: a <see cref="SemaphoreSlim"/> lets those that wait asynchronously in one after the other. A queue takes about
/// 2,000 messages a second (scalability targets of Azure Queue Storage), of which those that archive need two for each object.
/// </summary>
/// <param name="maxSends">Maximum number of sends at once.</param>
internal sealed class SendingTurns(int maxSends) : IDisposable
{
    private readonly SemaphoreSlim _turns = new(maxSends);

    /// <summary>Sends when it is its turn. Cancellation in the meantime surfaces as the exception of <paramref name="send"/>.</summary>
    public async Task RunAsync(Func<Task> send)
    {
        await _turns.WaitAsync(CancellationToken.None);
        try
        {
            await send();
        }
        finally
        {
            _turns.Release();
        }
    }

    public void Dispose() => _turns.Dispose();
}
