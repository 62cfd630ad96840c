using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DevStack.Tests;

/// <summary>The README's first command, as a process.</summary>
public sealed class DevStackTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task DevStack_archives_everything_and_leaves_nothing_behind()
    {
        var temporary = Directory.CreateTempSubdirectory("devstack-").FullName;

        var (exitCode, output) = await RunAsync(["--once", "--port", "0", "--timeout", "15"], (OperatingSystem.IsWindows() ? "TMP" : "TMPDIR", temporary));

        Assert.True(exitCode == 0, output);
        Assert.Contains("312 objects, 412 MB, all verified, 0 missing", output, StringComparison.Ordinal);
        Assert.Contains("archived 312 of 312", output, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFileSystemEntries(temporary), entry => Path.GetFileName(entry).StartsWith("azurite-", StringComparison.Ordinal));
        Directory.Delete(temporary, recursive: true);
    }

    [Fact]
    public async Task DevStack_says_that_the_port_is_taken()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var (exitCode, output) = await RunAsync(["--once", "--port", port.ToString(System.Globalization.CultureInfo.InvariantCulture)]);

        Assert.Equal(1, exitCode);
        Assert.StartsWith($"Port {port} is taken, perhaps by another DevStack", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DevStack_says_that_node_is_missing()
    {
        var (exitCode, output) = await RunAsync(["--once", "--port", "0"], ("PATH", "/nowhere"));

        Assert.Equal(1, exitCode);
        Assert.Contains("Node.js is not installed", output, StringComparison.Ordinal);
        Assert.Contains("https://nodejs.org", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--twice", "Unrecognized command or argument '--twice'.")]
    [InlineData("--port", "Required argument missing for option: '--port'.")]
    [InlineData("--port 99999", "--port is \"99999\": use a whole number from 0 to 65535.")]
    [InlineData("--timeout soon", "--timeout is \"soon\": use a whole number from 0 to 1440.")]
    public async Task DevStack_says_what_is_wrong_with_the_command_line(string arguments, string message)
    {
        var (exitCode, output) = await RunAsync(arguments.Split(' '));

        Assert.Equal(1, exitCode);
        Assert.Contains(message, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DevStack_ends_all_its_processes_when_it_is_killed()
    {
        using var run = new Run(["--port", "0"]);
        await run.HoldsAsync(() => run.Output.Contains("token", StringComparison.Ordinal), "the app runs");
        var children = Children(run.Process.Id);
        try
        {
            Assert.True(children.Count == 3, $"{children.Count} children. {run.Output}");

            run.Process.Kill();

            await run.HoldsAsync(() => !children.Exists(IsRunning), "the children ended");
        }
        finally
        {
            // Orphans by now, to which the tree of the killed process does not lead.
            foreach (var child in children.Where(IsRunning))
            {
                using var process = Process.GetProcessById(child);
                process.Kill();
            }
        }
    }

    private static List<int> Children(int parent) =>
        [.. Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => name!.All(char.IsAsciiDigit)).Select(int.Parse!)
            .Where(id => ParentOf(id) == parent)];

    private static int ParentOf(int id)
    {
        try
        {
            // pid (name) state ppid …; the name can hold anything but ends at the last parenthesis.
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static bool IsRunning(int id)
    {
        try
        {
            return !File.ReadAllText($"/proc/{id}/stat").Contains(") Z", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string[] arguments, params (string Name, string Value)[] environment)
    {
        using var run = new Run(arguments, environment);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);

        // Longer than the timeout that DevStack is given, so that it says itself what is missing.
        limit.CancelAfter(TimeSpan.FromMinutes(25));
        try
        {
            await run.Process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException exception) when (!Cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"DevStack does not end. {run.Output}", exception);
        }

        return (run.Process.ExitCode, run.Output);
    }

    /// <summary>DevStack as a process. Disposing ends it and all that it started.</summary>
    private sealed class Run : IDisposable
    {
        private readonly StringBuilder _output = new();

        public Run(string[] arguments, params (string Name, string Value)[] environment)
        {
            var start = Process.StartInfo = new ProcessStartInfo(
                Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"))
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            };
            foreach (var argument in arguments.Prepend(Path.Combine(AppContext.BaseDirectory, "DevStack.dll")))
            {
                start.ArgumentList.Add(argument);
            }

            foreach (var (name, value) in environment)
            {
                start.Environment[name] = value;
            }

            Process.OutputDataReceived += Append;
            Process.ErrorDataReceived += Append;
            Process.Start();
            Process.BeginOutputReadLine();
            Process.BeginErrorReadLine();
        }

        public Process Process { get; } = new();

        /// <summary>What it has written so far.</summary>
        public string Output
        {
            get
            {
                lock (_output)
                {
                    return _output.ToString();
                }
            }
        }

        /// <summary>Waits until a condition holds, and tells what was written when it does not.</summary>
        public async Task HoldsAsync(Func<bool> condition, string what)
        {
            try
            {
                await Testing.Eventually.HoldsAsync(condition, what);
            }
            catch (TimeoutException exception)
            {
                throw new TimeoutException($"{exception.Message} {Output}", exception);
            }
        }

        public void Dispose()
        {
            Process.Kill(entireProcessTree: true);
            Process.Dispose();
        }

        private void Append(object sender, DataReceivedEventArgs line)
        {
            lock (_output)
            {
                _output.AppendLine(line.Data);
            }
        }
    }
}
