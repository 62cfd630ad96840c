using System.Collections.Concurrent;
using Azure.Core;
using Azure.Identity;
using Azure.Storage.Blobs;
using LocalHost.Functions;
using LocalHost.Timers;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Testing;

namespace LocalHost.Tests;

public sealed class TimerListenerTests(AzuriteFixture azurite) : HostTest(azurite)
{
    // The longest that a timer listener waits before it looks at the clock again.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(30);
    private readonly ListenedTime _time = new(new DateTimeOffset(2026, 11, 24, 12, 2, 0, TimeSpan.Zero));

    [Fact]
    public async Task Fires_by_the_schedule_that_a_setting_holds()
    {
        await using var app = await StartAsync(typeof(EveryFiveMinutes));
        await AdvanceAsync(TimeSpan.FromMinutes(2));
        Assert.Empty(Recorder.Calls);
        await AdvanceAsync(TimeSpan.FromMinutes(1));

        await Eventually.HoldsAsync(() => Recorder.Calls.Count == 1, "the first tick");
        await AdvanceAsync(TimeSpan.FromMinutes(5));

        await Eventually.HoldsAsync(() => Recorder.Calls.Count == 2, "the second tick");
        Assert.StartsWith("past due False, last 0001", Recorder.Calls[0], StringComparison.Ordinal);
        Assert.StartsWith("past due False, last 2026-11-24T12:05", Recorder.Calls[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Makes_up_for_a_tick_that_was_missed_while_the_host_was_down()
    {
        var folder = Directory.CreateTempSubdirectory("timer-").FullName;
        await using (var app = await StartAsync(typeof(EveryFiveMinutes), folder))
        {
            await AdvanceAsync(TimeSpan.FromMinutes(3));
            await Eventually.HoldsAsync(() => Recorder.Calls.Count == 1, "the first tick");
        }

        _time.Advance(TimeSpan.FromMinutes(17));
        Directory.CreateDirectory(folder);
        await using var again = await StartAsync(typeof(EveryFiveMinutes), folder);

        await Eventually.HoldsAsync(() => Recorder.Calls.Count == 2, "the missed tick");
        Assert.StartsWith("past due True", Recorder.Calls[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Makes_up_for_nothing_when_nothing_was_missed()
    {
        var folder = Directory.CreateTempSubdirectory("timer-").FullName;
        await using (var app = await StartAsync(typeof(EveryFiveMinutes), folder))
        {
            await AdvanceAsync(TimeSpan.FromMinutes(3));
            await Eventually.HoldsAsync(() => Recorder.Calls.Count == 1, "the first tick");
        }

        Directory.CreateDirectory(folder);
        await using var again = await StartAsync(typeof(EveryFiveMinutes), folder);
        await AdvanceAsync(TimeSpan.FromMinutes(1));

        Assert.Single(Recorder.Calls);
    }

    [Fact]
    public async Task Runs_on_startup_when_told_so_and_keeps_no_status_when_told_not_to()
    {
        await using var app = await StartAsync(typeof(OnStartup));

        await Eventually.HoldsAsync(() => Recorder.Calls.Count == 1, "the run at start");
        Assert.Equal("no status", Recorder.Calls[0]);
    }

    [Fact]
    public async Task Goes_on_after_a_run_that_failed()
    {
        Recorder.Do = (_, _) => throw new InvalidOperationException("tick");
        await using var app = await StartAsync(typeof(EveryFiveMinutes));
        await AdvanceAsync(TimeSpan.FromMinutes(3));
        await Eventually.HoldsAsync(() => Recorder.Calls.Count == 1, "the first tick");
        await AdvanceAsync(TimeSpan.FromMinutes(5));

        await Eventually.HoldsAsync(() => Recorder.Calls.Count == 2, "the second tick");
    }

    [Fact]
    public async Task Never_runs_twice_at_once()
    {
        var end = new TaskCompletionSource();
        Recorder.Do = (_, _) => end.Task;
        await using var app = await StartAsync(typeof(EveryFiveMinutes));
        await AdvanceAsync(TimeSpan.FromMinutes(3));
        await Eventually.HoldsAsync(() => Recorder.Calls.Count == 1, "the first tick");
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Single(Recorder.Calls);
        end.SetResult();
        await AdvanceAsync(TimeSpan.FromMinutes(5));

        await Eventually.HoldsAsync(() => Recorder.Calls.Count == 2, "the next tick");
    }

    [Fact]
    public async Task Goes_on_when_the_login_has_lapsed_that_opens_the_status()
    {
        using var stop = new CancellationTokenSource();
        var listener = new TimerListener(
            FunctionDescriptor.Find([typeof(EveryFiveMinutes)]).Single(),
            TimerSchedule.Parse("0 */5 * * * *", TimeZoneInfo.Utc),
            new ScheduleMonitor(new BlobServiceClient(new Uri("https://127.0.0.1:1"), new Lapsed()), "host"),
            new FunctionInvoker(new ServiceCollection().AddSingleton(Recorder).BuildServiceProvider(), [], NullLogger<FunctionInvoker>.Instance),
            _time,
            NullLogger<TimerListener>.Instance);
        var running = listener.RunAsync(stop.Token, Cancellation);
        await AdvanceAsync(TimeSpan.FromMinutes(3));
        await Eventually.HoldsAsync(() => Recorder.Calls.Count == 1, "the first tick");
        await AdvanceAsync(TimeSpan.FromMinutes(5));

        await Eventually.HoldsAsync(() => Recorder.Calls.Count == 2, "the second tick");
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Tells_of_a_fault_that_ends_it()
    {
        var logs = new LogCapture();
        await using var app = await TestApp.StartAsync(Account, [typeof(EveryFiveMinutes)], time: new BrokenTime(), configure: builder => builder.Logging.AddProvider(logs), settings: ("Every", "0 */5 * * * *"));

        await Eventually.HoldsAsync(() => logs.Lines.Any(line => line.Level == LogLevel.Critical), "the message");

        var (_, message) = Assert.Single(logs.Lines, line => line.Level == LogLevel.Critical);
        Assert.Contains("'Functions.Tick' has ended", message, StringComparison.Ordinal);
        Assert.Contains("The clock is gone.", message, StringComparison.Ordinal);
    }

    private Task<TestApp> StartAsync(Type functions, string? folder = null) =>
        TestApp.StartAsync(Account, [functions], Recorder, _time, folder: folder, settings: ("Every", "0 */5 * * * *"));

    /// <summary>Lets time pass in steps, each once the listener waits for it.</summary>
    private async Task AdvanceAsync(TimeSpan by)
    {
        for (var step = TimeSpan.Zero; step < by; step += Look)
        {
            await Eventually.HoldsAsync(() => _time.IsAwaited, "the listener waits");
            _time.Advance(Look);
        }

        await Eventually.HoldsAsync(() => _time.IsAwaited || Recorder.Calls.Count > 0, "the listener waits again, or a run has begun");
    }

    /// <summary>Time that says whether somebody waits for it.</summary>
    private sealed class ListenedTime(DateTimeOffset now) : FakeTimeProvider(now)
    {
        private readonly ConcurrentDictionary<object, bool> _waiting = new();

        public bool IsAwaited => !_waiting.IsEmpty;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var waiting = new object();
            _waiting[waiting] = true;
            var timer = base.CreateTimer(
                inner =>
                {
                    _waiting.TryRemove(waiting, out _);
                    callback(inner);
                },
                state,
                dueTime,
                period);
            return new Timer(timer, () => _waiting.TryRemove(waiting, out _));
        }

        private sealed class Timer(ITimer timer, Action ended) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime, period);

            public void Dispose()
            {
                ended();
                timer.Dispose();
            }

            public ValueTask DisposeAsync()
            {
                ended();
                return timer.DisposeAsync();
            }
        }
    }

    private sealed class BrokenTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => throw new InvalidOperationException("The clock is gone.");
    }

    private sealed class Lapsed : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => throw new CredentialUnavailableException("Run az login.");

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => throw new CredentialUnavailableException("Run az login.");
    }

    public sealed class EveryFiveMinutes(Recorder recorder)
    {
        [Function("Tick")]
        public Task TickAsync([TimerTrigger("%Every%")] TimerInfo timer) =>
            recorder.CallAsync($"past due {timer.IsPastDue}, last {timer.ScheduleStatus!.Last:O}");
    }

    public sealed class OnStartup(Recorder recorder)
    {
        [Function("Tick")]
        public Task TickAsync([TimerTrigger("0 0 0 1 1 *", RunOnStartup = true, UseMonitor = false)] TimerInfo timer) =>
            recorder.CallAsync(timer.ScheduleStatus is null ? "no status" : "status");
    }
}
