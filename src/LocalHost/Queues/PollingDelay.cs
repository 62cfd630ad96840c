namespace LocalHost.Queues;

/// <summary>How long to wait before an empty queue is asked again: a random exponential back-off between a tenth of a second and a cap.</summary>
internal sealed class PollingDelay(TimeSpan maximum, Random random)
{
    public static readonly TimeSpan Minimum = TimeSpan.FromMilliseconds(100);
    private int _empty;

    /// <summary>A message was there: the queue is asked again at once.</summary>
    public void Reset() => _empty = 0;

    /// <summary>Nothing was there: the next wait, longer than the one before.</summary>
    public TimeSpan Next()
    {
        var exponential = Minimum.TotalMilliseconds * Math.Pow(2, Math.Min(_empty++, 30)) * (0.8 + (0.4 * random.NextDouble()));
        return TimeSpan.FromMilliseconds(Math.Clamp(exponential, Minimum.TotalMilliseconds, maximum.TotalMilliseconds));
    }
}
