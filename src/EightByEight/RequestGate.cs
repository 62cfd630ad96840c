namespace EightByEight;

/// <summary>Every request passes it before it is sent, retries included: a place to keep a pace.</summary>
public abstract class RequestGate
{
    /// <summary>Waits until a request may be sent.</summary>
    public abstract ValueTask WaitAsync(CancellationToken cancellationToken);

    /// <summary>Until when 8x8, by a 429, asked to send nothing; <see langword="null"/> when it did not, or that time has passed.</summary>
    public abstract DateTimeOffset? RefusedUntil { get; }

    /// <summary>Until when the gate holds all requests, or held them last.</summary>
    public abstract DateTimeOffset HeldUntil { get; }

    /// <summary>8x8 asked to slow down.</summary>
    /// <param name="retryAfter">For how long no request is to be sent.</param>
    /// <param name="isRefusal">Whether it refused a request (429). Otherwise it said that none is left for now.</param>
    public abstract void OnThrottled(TimeSpan retryAfter, bool isRefusal);
}
