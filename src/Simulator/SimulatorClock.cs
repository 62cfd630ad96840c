namespace Simulator;

/// <summary>The simulator's clock: the machine's, or another, moved at will.</summary>
internal sealed class SimulatorClock(TimeProvider inner) : TimeProvider
{
    private long _offset;

    public TimeSpan Offset
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref _offset));
        set => Interlocked.Exchange(ref _offset, value.Ticks);
    }

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + Offset;
}
