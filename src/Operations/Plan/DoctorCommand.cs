using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Archiving;
using Archiving.Model;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Operations.Plan;

/// <summary>The command <c>doctor</c>: the report of the first contact with an account as plain text.</summary>
public static class DoctorCommand
{
    /// <summary>How it is called.</summary>
    public const string Usage = """
        Looks at everything that archiving needs, counts what 8x8 has and estimates what a run takes.
        Writes, changes and deletes nothing.

        Usage: dotnet run --project src/LocalHost -- doctor [options]

          --from <time>            objects made since then (ISO 8601; Listing__StartFrom, else 30 days ago)
          --to <time>              objects made before then (now)
          --regions <a,b>          regions (EightByEight__Regions, else all)
          --types <a,b>            object types (EightByEight__Types, else all)
          --max-pages <number>     list at most so many pages of 100 records and estimate the rest (0: list all)
          --probe-rights <bool>    whether to try the rights to restore, delete and write, with made-up
                                   names (those that the settings need)
          --help                   show this

        Ends with 0 when all is well, and with 1 when something must be fixed.
        """;

    private const int Interrupted = 130;

    /// <summary>Runs it on the console, until it is done or stopped by Ctrl+C.</summary>
    /// <param name="configuration">The app's settings.</param>
    /// <param name="arguments">What follows <c>doctor</c> on the command line.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(IConfiguration configuration, IReadOnlyList<string> arguments)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        return await RunAsync(configuration, arguments, Console.Out, Console.Error, stop.Token);

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    /// <summary>Runs it.</summary>
    /// <param name="configuration">The app's settings.</param>
    /// <param name="arguments">What follows <c>doctor</c> on the command line.</param>
    /// <param name="output">Gets the report.</param>
    /// <param name="error">Gets progress, and what is wrong with the command line.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(IConfiguration configuration, IReadOnlyList<string> arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        try
        {
            if (arguments.Contains("--help") || arguments.Contains("-h"))
            {
                await output.WriteLineAsync(Usage);
                return 0;
            }

            var request = PlanRequest.Parse(Options(arguments));
            await using var services = Services(configuration);
            var checkup = services.GetRequiredService<Checkup>();
            await output.WriteLineAsync("Looking at the account. Nothing is written, changed or deleted.");
            await output.WriteLineAsync();
            var plan = await checkup.RunAsync(request, new LineProgress(error, services.GetRequiredService<TimeProvider>()), cancellationToken);
            await output.WriteAsync(PlanText.Write(plan));
            return plan.IsReady ? 0 : 1;
        }
        catch (PlanRequestException exception)
        {
            await error.WriteLineAsync($"{Option(exception.Name)}: {exception.Message}{Environment.NewLine}{Environment.NewLine}{Usage}");
            return 1;
        }
        catch (SettingsException exception)
        {
            await output.WriteAsync(Describe(exception));
            return 1;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await error.WriteLineAsync("Stopped. Nothing was changed.");
            return Interrupted;
        }
    }

    private static ServiceProvider Services(IConfiguration configuration) => new ServiceCollection()
        .AddLogging()
        .AddSingleton(configuration)
        .AddArchiving(configuration).AddOperations()
        .BuildServiceProvider();

    private static string Describe(SettingsException exception)
    {
        var text = new StringBuilder();
        text.AppendLine("Checks").AppendLine();
        foreach (var problem in exception.Problems)
        {
            PlanText.Append(text, Check.Problem(CheckNames.Settings, problem));
        }

        PlanText.Append(text, Check.Unknown("Others", "Not checked: the settings come first."));
        text.AppendLine();
        text.AppendLine($"Verdict: {(exception.Problems.Count == 1 ? "One setting has" : string.Create(CultureInfo.InvariantCulture, $"{exception.Problems.Count} settings have"))} to be fixed before the app can start.");
        text.AppendLine("Next:    set what is marked in local.settings.json or the environment, then run this again");
        return text.ToString();
    }

    private static IEnumerable<KeyValuePair<string, string>> Options(IReadOnlyList<string> arguments)
    {
        for (var index = 0; index < arguments.Count; index++)
        {
            var argument = arguments[index];
            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            var option = equals < 0 ? argument : argument[..equals];
            if (PlanRequest.Names.FirstOrDefault(name => Option(name) == option) is not { } name)
            {
                throw new PlanRequestException(option, "There is no such option.");
            }

            if (equals >= 0)
            {
                yield return KeyValuePair.Create(name, argument[(equals + 1)..]);
            }
            else
            {
                index++;
                yield return index < arguments.Count ? KeyValuePair.Create(name, arguments[index]) : throw new PlanRequestException(name, "Its value is missing.");
            }
        }
    }

    /// <summary>maxPages is --max-pages.</summary>
    private static string Option(string name) =>
        name.StartsWith('-') ? name : "--" + string.Concat(name.Select(letter => char.IsUpper(letter) ? $"-{char.ToLowerInvariant(letter)}" : letter.ToString()));

    /// <summary>A line every few seconds, so that a large account does not look like a standstill.</summary>
    private sealed class LineProgress(TextWriter error, TimeProvider timeProvider) : IProgress<CountProgress>
    {
        private static readonly TimeSpan Between = TimeSpan.FromSeconds(3);
        private long _written = timeProvider.GetTimestamp();

        public void Report(CountProgress value)
        {
            if (timeProvider.GetElapsedTime(_written) < Between)
            {
                return;
            }

            _written = timeProvider.GetTimestamp();
            error.WriteLine($"  counting {Wording.Clean(value.Region)}: {Wording.Objects(value.Objects)} so far, up to {Wording.Time(value.Until)}");
        }
    }
}
