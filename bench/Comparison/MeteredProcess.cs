using System.Globalization;
using System.Reflection;
using DevStack;

namespace Comparison;

/// <summary>A process whose processor time and peak memory are read from <c>/proc</c> while it runs.</summary>
internal sealed class MeteredProcess : IAsyncDisposable
{
    // USER_HZ, which Linux fixes at 100 for what it shows to programs.
    private const double TicksPerSecond = 100;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);
    private readonly CancellationTokenSource _stop = new();
    private readonly ChildProcess _process;
    private readonly Task _meter;

    private MeteredProcess(ChildProcess process)
    {
        _process = process;
        _meter = MeterAsync();
    }

    /// <summary>Processor time so far, and as last seen once it has ended, in milliseconds.</summary>
    public double ProcessorMilliseconds { get; private set; }

    /// <summary>The most memory that was resident so far, in MB.</summary>
    public double PeakMegabytes { get; private set; }

    /// <summary>Starts a program of this repository.</summary>
    public static MeteredProcess StartProgram(string name, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? settings = null, Action<string>? watch = null) =>
        new(ChildProcess.Start(name, arguments, settings ?? new Dictionary<string, string>(StringComparer.Ordinal), watch));

    /// <summary>Starts this program once more, to do work in a process of its own.</summary>
    public static MeteredProcess StartWorker(string work, int atOnce, Stage stage, IReadOnlyDictionary<string, string> settings) => new(ChildProcess.StartFile(
        "the worker",
        "dotnet",
        [Assembly.GetExecutingAssembly().Location, "worker", work, atOnce.ToString(CultureInfo.InvariantCulture), stage.SignedContainer.AbsoluteUri],
        settings));

    /// <summary>Starts any program.</summary>
    public static MeteredProcess StartFile(string file, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> settings) =>
        new(ChildProcess.StartFile(file, file, arguments, settings));

    /// <summary>Processor time of a process so far, in milliseconds.</summary>
    public static double ReadProcessor(int process)
    {
        // After the name, which is in brackets: state is field 3, utime 14, stime 15 (proc(5)).
        var fields = File.ReadAllText($"/proc/{process}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond * 1000;
    }

    /// <summary>Waits for a line of its output that begins as given, and gives the rest of that line.</summary>
    public async Task<string> WaitForLineAsync(string beginning, TimeSpan limit) =>
        (await _process.WaitForLineAsync(line => line.StartsWith(beginning, StringComparison.Ordinal), limit, CancellationToken.None))[beginning.Length..];

    /// <summary>Writes a line to its standard input.</summary>
    public Task WriteLineAsync(string line) => _process.WriteLineAsync(line);

    /// <summary>Waits until it has ended well.</summary>
    public async Task WaitForSuccessAsync(TimeSpan limit)
    {
        using var cancellation = new CancellationTokenSource(limit);
        await _process.WaitForSuccessAsync(cancellation.Token);
    }

    /// <summary>Reads the meter now.</summary>
    public void Read()
    {
        try
        {
            ProcessorMilliseconds = ReadProcessor(_process.ProcessId);
            foreach (var line in File.ReadLines($"/proc/{_process.ProcessId}/status"))
            {
                if (line.StartsWith("VmHWM:", StringComparison.Ordinal))
                {
                    PeakMegabytes = long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Split('\t')[^1], CultureInfo.InvariantCulture) / 1024.0;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException or UnauthorizedAccessException)
        {
            // It has ended: what was last seen stays.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _meter.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _process.DisposeAsync();
        _stop.Dispose();
    }

    private async Task MeterAsync()
    {
        while (!_process.HasEnded)
        {
            Read();
            await Task.Delay(Interval, _stop.Token);
        }
    }
}
