using Azure;

namespace Archiving.Tests.Simulation;

/// <summary>
/// Runs asynchronous code on one thread in an order that a seed decides. Whatever reads or writes outside of the
/// process takes a step first; which of the waiting steps goes on next is chosen by chance, and a crash drops them all.
/// </summary>
internal sealed class World : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State, int Process)> _posted = new();
    private readonly List<(TaskCompletionSource Go, int Process)> _waiting = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;

    public World(int seed)
    {
        Seed = seed;
#pragma warning disable CA5394 // The whole point is that it can be repeated.
        Random = new Random(seed);
#pragma warning restore CA5394
    }

    public int Seed { get; }

    public Random Random { get; }

    /// <summary>True time, which 8x8 and Azure go by.</summary>
    public DateTimeOffset Now { get; private set; } = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    /// <summary>How far the process's clock is off.</summary>
    public TimeSpan Skew { get; set; }

    /// <summary>One in so many steps fails, before or after it took effect; 0 for none.</summary>
    public int FailOneIn { get; set; }

    /// <summary>Number of the running process; each crash begins another.</summary>
    public int Process { get; private set; } = 1;

    /// <summary>Whether nothing of it waits: what is done happens at once, on any thread, and never fails. For a look at a copy.</summary>
    public bool IsStill { get; init; }

    public int Steps { get; private set; }

    public bool IsIdle => _posted.Count == 0 && _waiting.Count == 0;

    public bool Chance(double probability)
    {
#pragma warning disable CA5394
        return Random.NextDouble() < probability;
#pragma warning restore CA5394
    }

    public int Pick(int count)
    {
#pragma warning disable CA5394
        return Random.Next(count);
#pragma warning restore CA5394
    }

    public void Advance(TimeSpan by) => Now += by;

    /// <summary>Does something outside of the process: waits for its turn, then happens at once.</summary>
    public async Task<T> StepAsync<T>(Func<T> action)
    {
        if (IsStill)
        {
            lock (_posted)
            {
                return action();
            }
        }

        var turn = new TaskCompletionSource();
        _waiting.Add((turn, Process));
        await turn.Task;
        var fails = FailOneIn > 0 && Pick(FailOneIn) == 0;
        if (fails && Chance(0.5))
        {
            throw new RequestFailedException(503, "the request was lost");
        }

        var result = action();
        return fails ? throw new RequestFailedException(503, "the answer was lost") : result;
    }

    /// <summary>Lets one thing happen.</summary>
    /// <returns><see langword="false"/> when there was none.</returns>
    public bool Turn()
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            throw new InvalidOperationException("The world has one thread.");
        }

        if (_posted.TryDequeue(out var posted))
        {
            if (posted.Process == Process)
            {
                posted.Callback(posted.State);
            }

            return true;
        }

        if (_waiting.Count == 0)
        {
            return false;
        }

        var index = Pick(_waiting.Count);
        var (go, process) = _waiting[index];
        _waiting.RemoveAt(index);
        Steps++;
        if (process == Process)
        {
            go.SetResult();
        }

        return true;
    }

    /// <summary>kill -9: nothing that the process had begun goes on.</summary>
    public void Crash()
    {
        Process++;
        _posted.Clear();
        _waiting.Clear();
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            throw new InvalidOperationException("Something left the world's thread.");
        }

        _posted.Enqueue((d, state, Process));
    }

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    /// <summary>The clock that the process sees.</summary>
    public sealed class ProcessClock(World world) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => world.Now + world.Skew;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => world.Now.UtcTicks;

        /// <summary>A timer that never fires: one of the machine's clock would end work of a process that crashed long ago.</summary>
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new SilentTimer();
    }

    private sealed class SilentTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>True time.</summary>
    public sealed class TrueClock(World world) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => world.Now;
    }
}
