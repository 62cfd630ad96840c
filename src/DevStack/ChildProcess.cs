using System.Diagnostics;
using System.Reflection;
using System.Threading.Channels;

namespace DevStack;

/// <summary>A program of this solution that runs beside this one. It holds our end of its standard input, and stops when that ends.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int KeptLines = 30;
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);
    private readonly Process _process = new();
    private readonly Queue<string> _lastLines = new();
    private readonly Channel<string> _output = Channel.CreateUnbounded<string>();
    private readonly string _name;

    private ChildProcess(string name)
    {
        _name = name;
    }

    public int ProcessId => _process.Id;

    public bool HasEnded => _process.HasExited;

    /// <summary>Its exit code, once it has ended.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Starts a program.</summary>
    /// <param name="name">Its project.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="settings">Environment variables that it gets beside ours.</param>
    /// <param name="watch">Told every line that it writes.</param>
    public static ChildProcess Start(string name, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> settings, Action<string>? watch = null)
    {
        var program = typeof(ChildProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(attribute => attribute.Key == name).Value!;
        var dotnet = Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";
        return StartFile(name, dotnet, [program, .. arguments], settings, watch);
    }

    /// <summary>Starts any program.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="file">Its file.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="settings">Environment variables that it gets beside ours.</param>
    /// <param name="watch">Told every line that it writes.</param>
    public static ChildProcess StartFile(
        string name,
        string file,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string> settings,
        Action<string>? watch = null)
    {
        var child = new ChildProcess(name);
        var start = child._process.StartInfo = new ProcessStartInfo(file)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (setting, value) in settings)
        {
            start.Environment[setting] = value;
        }

        child._process.OutputDataReceived += (_, line) => child.Keep(line.Data, isOutput: true, watch);
        child._process.ErrorDataReceived += (_, line) => child.Keep(line.Data, isOutput: false, watch);
        child._process.Start();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Waits for a line that it writes to standard output.</summary>
    /// <exception cref="DevStackException">It ends first, or takes too long.</exception>
    public async Task<string> WaitForLineAsync(Func<string, bool> isWanted, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            await foreach (var line in _output.Reader.ReadAllAsync(limit.Token))
            {
                if (isWanted(line))
                {
                    return line;
                }
            }
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DevStackException(
                $"{_name} is not ready after {timeout.TotalSeconds} seconds. Its last lines:{Environment.NewLine}{LastLines()}",
                exception);
        }

        throw Ended();
    }

    /// <summary>Writes a line to its standard input.</summary>
    public Task WriteLineAsync(string line) => _process.StandardInput.WriteLineAsync(line);

    /// <summary>Waits until it has ended well.</summary>
    /// <exception cref="DevStackException">It ended otherwise.</exception>
    public async Task WaitForSuccessAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        if (_process.ExitCode != 0)
        {
            throw Ended();
        }
    }

    /// <summary>Waits until it has ended and all that it wrote is read.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> WaitForEndAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    /// <exception cref="DevStackException">It has ended.</exception>
    public void ThrowIfEnded()
    {
        if (_process.HasExited)
        {
            throw Ended();
        }
    }

    /// <summary>Lets it end by itself, and ends it when it does not.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.StandardInput.Close();
            using var limit = new CancellationTokenSource(StopTimeout);
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private DevStackException Ended() => new($"{_name} has ended. Its last lines:{Environment.NewLine}{LastLines()}");

    private string LastLines()
    {
        lock (_lastLines)
        {
            return string.Join(Environment.NewLine, _lastLines);
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

        if (isOutput)
        {
            _output.Writer.TryWrite(line);
        }

        watch?.Invoke(line);
    }
}
