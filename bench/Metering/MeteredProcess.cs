using DevStack;

namespace Metering;

/// <summary>A process whose processor time and peak memory are read while it runs, so that they are known when it has ended.</summary>
public sealed class MeteredProcess : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);
    private readonly CancellationTokenSource _stop = new();
    private readonly ChildProcess _process;
    private readonly Task _meter;
    private Usage _usage = new(0, 0);

    private MeteredProcess(ChildProcess process)
    {
        _process = process;
        _meter = MeterAsync();
    }

    /// <summary>Starts a program of this repository.</summary>
    /// <param name="name">Its project.</param>
    /// <param name="arguments">Its arguments.</param>
    public static MeteredProcess StartProgram(string name, params IReadOnlyList<string> arguments) =>
        new(ChildProcess.Start(name, arguments, new Dictionary<string, string>(StringComparer.Ordinal)));

    /// <summary>Starts any program.</summary>
    /// <param name="file">Its file.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="settings">Environment variables that it gets beside ours.</param>
    /// <param name="name">What messages call it; its file unless given.</param>
    public static MeteredProcess StartFile(string file, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> settings, string? name = null) =>
        new(ChildProcess.StartFile(name ?? file, file, arguments, settings));

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

    /// <summary>What it has used until now, or, when it has ended, as last read.</summary>
    public Usage Read() => _usage = Usage.Read(_process.ProcessId) ?? _usage;

    /// <inheritdoc/>
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
