using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Testing;

namespace DevStack.Tests;

/// <summary>The simulator's command line.</summary>
public sealed class SimulatorCommandTests
{
    [Theory]
    [InlineData("--port 99999", "--port takes a port from 0 to 65535.")]
    [InlineData("--vault-port soon", "--vault-port takes a port from 0 to 65535.")]
    [InlineData("--seed", "Unrecognized command or argument '--seed'.")]
    public async Task Simulator_says_what_is_wrong_with_the_command_line(string arguments, string message)
    {
        var (exitCode, output) = await RunAsync(arguments.Split(' '));

        Assert.Equal(1, exitCode);
        Assert.Contains(message, output, StringComparison.Ordinal);
        Assert.Contains("--content-port <number>", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Simulator_says_that_a_port_is_taken()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);

        var (exitCode, output) = await RunAsync("--port", port);

        Assert.Equal(1, exitCode);
        Assert.Contains($"127.0.0.1:{port}", output, StringComparison.Ordinal);
        Assert.Contains("Choose another with --port", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        var lines = new ConcurrentQueue<string>();
        await using var simulator = ChildProcess.Start("Simulator", arguments, new Dictionary<string, string>(StringComparer.Ordinal), lines.Enqueue);
        var exitCode = await simulator.WaitForEndAsync(Eventually.Limit, TestContext.Current.CancellationToken);
        return (exitCode, string.Join('\n', lines));
    }
}
