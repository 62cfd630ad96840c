namespace Archiving.Storage;

/// <summary>Runs something until it has succeeded once, one run at a time; what failed is tried again by the next caller.</summary>
/// <param name="action">What is to succeed once.</param>
internal sealed class Initialization(Func<CancellationToken, Task> action) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile bool _done;

    public async ValueTask EnsureAsync(CancellationToken cancellationToken)
    {
        if (_done)
        {
            return;
        }

        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (!_done)
            {
                await action(cancellationToken);
                _done = true;
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Makes the next caller run it again, for example after the thing made was found missing.</summary>
    public void Forget() => _done = false;

    public void Dispose() => _gate.Dispose();
}
