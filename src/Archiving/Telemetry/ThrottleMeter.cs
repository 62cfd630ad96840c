using EightByEight;

namespace Archiving.Telemetry;

/// <summary>Measures how long requests wait at a gate because 8x8 asked to slow down. Waits that only keep the pace do not count.</summary>
internal sealed class ThrottleMeter(RequestGate gate, ArchivingMetrics metrics, TimeProvider timeProvider) : RequestGate
{
    public override async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        var from = timeProvider.GetUtcNow();
        try
        {
            await gate.WaitAsync(cancellationToken);
        }
        finally
        {
            var now = timeProvider.GetUtcNow();
            var to = now < gate.HeldUntil ? now : gate.HeldUntil;
            if (to > from)
            {
                metrics.RecordThrottled(to - from);
            }
        }
    }

    public override DateTimeOffset HeldUntil => gate.HeldUntil;

    public override DateTimeOffset? RefusedUntil => gate.RefusedUntil;

    public override void OnThrottled(TimeSpan retryAfter, bool isRefusal) => gate.OnThrottled(retryAfter, isRefusal);
}
