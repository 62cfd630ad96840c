using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Threading.Channels;

namespace Comparison;

/// <summary>A process whose processor time and peak memory are read from <c>/proc</c> while it runs.</summary>
internal sealed class MeteredProcess : IAsyncDisposable
{
    private const int KeptLines = 40;

    // USER_HZ, which Linux fixes at 100 for what it shows to programs.
    private const double TicksPerSecond = 100;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);
    private readonly Process _process = new();
    private readonly Channel<string> _output = Channel.CreateUnbounded<string>();
    private readonly Queue<string> _lastLines = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly string _name;
    private Task _meter = Task.CompletedTask;

    private MeteredProcess(string name)
    {
        _name = name;
    }

    /// <summary>Processor time so far, and as last seen once it has ended, in milliseconds.</summary>
    public double ProcessorMilliseconds { get; private set; }

    /// <summary>The most memory that was resident so far, in MB.</summary>
    public double PeakMegabytes { get; private set; }

    /// <summary>Starts a .NET program of this repository.</summary>
    public static MeteredProcess StartProgram(string name, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? settings = null, Action<string>? watch = null)
    {
        var path = name == "Comparison" ? Assembly.GetExecutingAssembly().Location : Repository.Metadata(name);
        return Start("dotnet", [path, .. arguments], settings, watch, name);
    }

    /// <summary>Starts any program.</summary>
    public static MeteredProcess Start(string file, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? settings = null, Action<string>? watch = null, string? name = null)
    {
        var metered = new MeteredProcess(name ?? file);
        var start = metered._process.StartInfo = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var (setting, value) in settings ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[setting] = value;
        }

        metered._process.OutputDataReceived += (_, line) => metered.Keep(line.Data, isOutput: true, watch);
        metered._process.ErrorDataReceived += (_, line) => metered.Keep(line.Data, isOutput: false, watch: null);
        metered._process.Start();
        metered._process.BeginOutputReadLine();
        metered._process.BeginErrorReadLine();
        metered._meter = metered.MeterAsync();
        return metered;
    }

    /// <summary>Waits for a line of its output that begins as given, and gives the rest of that line.</summary>
    public async Task<string> WaitForLineAsync(string beginning, TimeSpan limit)
    {
        using var cancellation = new CancellationTokenSource(limit);
        try
        {
            await foreach (var line in _output.Reader.ReadAllAsync(cancellation.Token))
            {
                if (line.StartsWith(beginning, StringComparison.Ordinal))
                {
                    return line[beginning.Length..];
                }
            }
        }
        catch (OperationCanceledException exception)
        {
            throw new TimeoutException($"{_name} did not say \"{beginning}\" within {limit}.\n{LastLines()}", exception);
        }

        throw new InvalidOperationException($"{_name} has ended.\n{LastLines()}");
    }

    /// <summary>Writes a line to its standard input.</summary>
    public Task WriteLineAsync(string line) => _process.StandardInput.WriteLineAsync(line);

    /// <summary>Waits until it has ended well.</summary>
    public async Task WaitForExitAsync(TimeSpan limit)
    {
        using var cancellation = new CancellationTokenSource(limit);
        await _process.WaitForExitAsync(cancellation.Token);
        if (_process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{_name} ended with {_process.ExitCode}.\n{LastLines()}");
        }
    }

    /// <summary>Processor time of a process so far, in milliseconds.</summary>
    public static double ReadProcessor(int process)
    {
        // After the name, which is in brackets: state is field 3, utime 14, stime 15 (proc(5)).
        var fields = File.ReadAllText($"/proc/{process}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond * 1000;
    }

    /// <summary>Reads the meter now.</summary>
    public void Read()
    {
        try
        {
            ProcessorMilliseconds = ReadProcessor(_process.Id);
            foreach (var line in File.ReadLines($"/proc/{_process.Id}/status"))
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
        try
        {
            _process.StandardInput.Close();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _stop.Dispose();
    }

    private async Task MeterAsync()
    {
        while (!_process.HasExited)
        {
            Read();
            await Task.Delay(Interval, _stop.Token);
        }
    }

    private void Keep(string? line, bool isOutput, Action<string>? watch)
    {
        if (line is null)
        {
            if (isOutput)
            {
                _output.Writer.TryComplete();
            }

            return;
        }

        lock (_lastLines)
        {
            _lastLines.Enqueue(line);
            if (_lastLines.Count > KeptLines)
            {
                _lastLines.Dequeue();
            }
        }

        if (watch is not null)
        {
            watch(line);
        }

        if (isOutput)
        {
            _output.Writer.TryWrite(line);
        }
    }

    private string LastLines()
    {
        lock (_lastLines)
        {
            return string.Join('\n', _lastLines);
        }
    }
}
