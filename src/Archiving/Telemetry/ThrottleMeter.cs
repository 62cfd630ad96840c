using EightByEight;

namespace Archiving.Telemetry;

/// <summary>Measures how long requests wait at a gate because 8x8 asked to slow down. Waits that only keep the pace do not count.</summary>
internal sealed class ThrottleMeter(RequestGate gate, ArchivingMetrics metrics, TimeProvider timeProvider) : RequestGate
{
    private readonly Lock _lock = new();
    private DateTimeOffset _heldUntil = DateTimeOffset.MinValue;

    public override async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        var from = timeProvider.GetUtcNow();
        try
        {
            await gate.WaitAsync(cancellationToken);
        }
        finally
        {
            Record(from, timeProvider.GetUtcNow());
        }
    }

    public override DateTimeOffset? RefusedUntil => gate.RefusedUntil;

    public override void OnThrottled(TimeSpan retryAfter, bool isRefusal)
    {
        lock (_lock)
        {
            var until = timeProvider.GetUtcNow() + retryAfter;
            _heldUntil = until > _heldUntil ? until : _heldUntil;
        }

        gate.OnThrottled(retryAfter, isRefusal);
    }

    private void Record(DateTimeOffset from, DateTimeOffset to)
    {
        lock (_lock)
        {
            to = to < _heldUntil ? to : _heldUntil;
        }

        if (to > from)
        {
            metrics.RecordThrottled(to - from);
        }
    }
}
