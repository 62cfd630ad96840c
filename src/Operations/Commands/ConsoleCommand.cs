using System.CommandLine;
using System.Runtime.InteropServices;
using Archiving;
using Archiving.Model;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Operations.Commands;

/// <summary>What the app's commands have in common on the console.</summary>
internal static class ConsoleCommand
{
    /// <summary>Exit code of a command that was stopped by Ctrl+C: 128 and the number of SIGINT.</summary>
    public const int Interrupted = 130;

    /// <summary>Runs a command until it is done or stopped by Ctrl+C.</summary>
    /// <param name="run">The command; its token is cancelled by SIGINT and SIGTERM.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(Func<CancellationToken, Task<int>> run)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        return await run(stop.Token);

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    /// <summary>Parses a command line and does what it says. Signals are the caller's to handle, exceptions the action's.</summary>
    /// <param name="command">The command.</param>
    /// <param name="arguments">What follows its name on the command line.</param>
    /// <param name="output">Gets the result.</param>
    /// <param name="error">Gets what is wrong.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>The exit code.</returns>
    public static Task<int> InvokeAsync(
        Command command,
        IReadOnlyList<string> arguments,
        TextWriter output,
        TextWriter error,
        CancellationToken cancellationToken)
    {
        var invocation = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        return command.Parse(arguments).InvokeAsync(invocation, cancellationToken);
    }

    /// <summary>Does a command's work with the app's services, and says what is wrong with settings or with what the app depends on.</summary>
    /// <param name="configuration">The app's settings.</param>
    /// <param name="error">Gets what is wrong.</param>
    /// <param name="work">The work; it returns the exit code.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> UseServicesAsync(
        IConfiguration configuration,
        TextWriter error,
        Func<IServiceProvider, Task<int>> work,
        CancellationToken cancellationToken)
    {
        try
        {
            await using var services = CreateServices(configuration);
            return await work(services);
        }
        catch (SettingsException exception)
        {
            await error.WriteAsync(exception.ToErrorLines());
            return 1;
        }
        catch (OutageException outage)
        {
            await error.WriteLineAsync($"error: {outage.Message}");
            return 1;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await error.WriteLineAsync("Stopped.");
            return Interrupted;
        }
    }

    /// <summary>The app's services, without functions.</summary>
    /// <exception cref="SettingsException">A setting is missing or malformed.</exception>
    public static ServiceProvider CreateServices(IConfiguration configuration) => new ServiceCollection()
        .AddLogging()
        .AddSingleton(configuration)
        .AddArchiving(configuration).AddOperations()
        .BuildServiceProvider();
}
