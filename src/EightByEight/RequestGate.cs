namespace EightByEight;

/// <summary>Every request passes it before it is sent, retries included: a place to keep a pace.</summary>
public abstract class RequestGate
{
    /// <summary>Waits until a request may be sent.</summary>
    public abstract ValueTask WaitAsync(CancellationToken cancellationToken);

    /// <summary>8x8 asked to slow down.</summary>
    /// <param name="retryAfter">For how long no request is to be sent.</param>
    public abstract void OnThrottled(TimeSpan retryAfter);
}
