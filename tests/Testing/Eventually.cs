using System.Diagnostics;

namespace Testing;

/// <summary>Waits for what happens elsewhere.</summary>
public static class Eventually
{
    /// <summary>How long to wait: longer than what a test waits for takes on a busy machine. Only a failure takes as long.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Waits until a condition holds.</summary>
    /// <exception cref="TimeoutException">It does not, in time.</exception>
    public static Task HoldsAsync(Func<bool> condition, string what, TimeSpan? timeout = null) =>
        HoldsAsync(() => Task.FromResult(condition()), what, timeout);

    /// <summary>Waits until a condition holds.</summary>
    /// <exception cref="TimeoutException">It does not, in time.</exception>
    public static async Task HoldsAsync(Func<Task<bool>> condition, string what, TimeSpan? timeout = null)
    {
        var limit = timeout ?? Limit;
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > limit)
            {
                throw new TimeoutException($"After {limit.TotalSeconds} seconds, still not: {what}.");
            }

            await Task.Delay(25);
        }
    }
}
