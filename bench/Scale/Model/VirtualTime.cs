using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Scale.Model;

/// <summary>
/// A clock that moves only when everything waits: each request ends at its time, in order, and what it sets free runs before the
/// next one ends. So a figure does not depend on the machine, and requests that are sent side by side take no longer than one.
/// </summary>
internal sealed class VirtualTime(DateTimeOffset start) : TimeProvider
{
    private static readonly TimeSpan Stuck = TimeSpan.FromSeconds(60);
    private readonly Lock _lock = new();
    private readonly PriorityQueue<TaskCompletionSource, (long Due, long Number)> _waiting = new();
    private long _now = start.UtcTicks;
    private long _number;

    public long Now => Volatile.Read(ref _now);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => new(Now, TimeSpan.Zero);

    public override long GetTimestamp() => Now;

    /// <summary>Waits until a time.</summary>
    public Task WaitAsync(long due)
    {
        // Continuations run at once, on the thread that moves the clock.
        var waiting = new TaskCompletionSource();
        lock (_lock)
        {
            _waiting.Enqueue(waiting, (Math.Max(due, _now), _number++));
        }

        return waiting.Task;
    }

    /// <summary>Moves the clock on.</summary>
    public void Advance(TimeSpan by) => Volatile.Write(ref _now, Now + by.Ticks);

    /// <summary>Runs work to its end.</summary>
    /// <param name="work">The work.</param>
    /// <param name="usesPool">Whether some of it runs on other threads, which are waited for each time.</param>
    public T Run<T>(Func<Task<T>> work, bool usesPool) => TryRun(work, usesPool, () => false, out var result) ? result : throw new TimeoutException();

    /// <summary>Runs work to its end, or until its process is killed.</summary>
    /// <returns>Whether it came to its end.</returns>
    public bool TryRun<T>(Func<Task<T>> work, bool usesPool, Func<bool> isKilled, [MaybeNullWhen(false)] out T result)
    {
        result = default;
        var task = work();
        var idle = Stopwatch.StartNew();
        while (!task.IsCompleted)
        {
            if (isKilled())
            {
                return false;
            }

            if (usesPool)
            {
                Settle();
            }

            if (Take() is { } next)
            {
                next.SetResult();
                idle.Restart();
            }
            else if (idle.Elapsed > Stuck)
            {
                throw new TimeoutException("The work waits for something that is not in the model.");
            }
            else
            {
                Thread.Sleep(0);
            }
        }

        result = task.GetAwaiter().GetResult();
        return true;
    }

    /// <summary>Waits until no other thread works, however slow the machine is.</summary>
    private static void Settle()
    {
        ThreadPool.GetMaxThreads(out var threads, out _);
        int idle;
        do
        {
            Thread.Sleep(0);
            ThreadPool.GetAvailableThreads(out idle, out _);
        }
        while (idle < threads || ThreadPool.PendingWorkItemCount > 0);
    }

    private TaskCompletionSource? Take()
    {
        lock (_lock)
        {
            if (!_waiting.TryDequeue(out var next, out var key))
            {
                return null;
            }

            Volatile.Write(ref _now, Math.Max(_now, key.Due));
            return next;
        }
    }
}
