namespace Archiving.Storage;

/// <summary>Runs something until it has succeeded once. All callers wait for one run; what failed is tried again by the next caller.</summary>
/// <param name="action">What is to succeed once. It is not cancelled with a caller, because others wait for it too.</param>
internal sealed class Initialization(Func<CancellationToken, Task> action)
{
    private readonly Lock _lock = new();
    private Task? _run;

    public Task EnsureAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_run is null or { IsFaulted: true } or { IsCanceled: true })
            {
                _run = action(CancellationToken.None);
            }

            return _run.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Makes the next caller run it again, for example after the thing made was found missing.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _run = null;
        }
    }
}
