using Archiving.Model;
using EightByEight;

namespace Archiving.Source;

/// <summary>
/// Whether 8x8 asked the app to wait. Requests of queue functions wait at the gate; what a person or a probe waits for is
/// answered at once.
/// </summary>
public sealed class SourceHold(RequestGate gate, TimeProvider timeProvider)
{
    // Short delays are part of the ordinary pace.
    private static readonly TimeSpan ShortWait = TimeSpan.FromSeconds(3);

    /// <summary>Does nothing unless 8x8 asked the app to wait.</summary>
    /// <exception cref="OutageException">It did, and some of that time is left.</exception>
    public void ThrowIfOn()
    {
        if (gate.RefusedUntil - timeProvider.GetUtcNow() is { } left && left > ShortWait)
        {
            throw SourceFailure.Throttled(left, innerException: null);
        }
    }
}
