using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;
using System.Text;
using Archiving.Model;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Operations.Plan;

namespace Operations.Commands;

/// <summary>The command <c>doctor</c>: the report of the first contact with an account as plain text.</summary>
public static class DoctorCommand
{
    /// <summary>Runs the command on the console, until it is done or stopped by Ctrl+C.</summary>
    /// <param name="configuration">The app's settings.</param>
    /// <param name="arguments">What follows <c>doctor</c> on the command line.</param>
    /// <returns>The exit code.</returns>
    public static Task<int> RunAsync(IConfiguration configuration, IReadOnlyList<string> arguments) =>
        ConsoleCommand.RunAsync(stop => RunAsync(configuration, arguments, Console.Out, Console.Error, stop));

    /// <summary>Runs the command with other outputs than the console.</summary>
    /// <param name="configuration">The app's settings.</param>
    /// <param name="arguments">What follows <c>doctor</c> on the command line.</param>
    /// <param name="output">Gets the report.</param>
    /// <param name="error">Gets progress, and what is wrong with the command line.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(
        IConfiguration configuration,
        IReadOnlyList<string> arguments,
        TextWriter output,
        TextWriter error,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        var command = new Command(
            "doctor",
            "Checks everything that archiving needs, counts what 8x8 has, and estimates what a run takes: "
            + "dotnet run --project src/LocalHost -- doctor [options]. Writes, changes and deletes nothing. "
            + "Ends with 0 when all is well, and with 1 when something must be fixed.")
        {
            new HelpOption(),
        };
        var options = CreateOptions();
        foreach (var (_, option) in options)
        {
            command.Add(option);
        }

        command.SetAction((line, stop) => RunAsync(
            configuration,
            from option in options
            where line.GetValue(option.Option) is not null
            select KeyValuePair.Create(option.Name, line.GetValue(option.Option)!),
            output,
            error,
            stop));
        return await ConsoleCommand.InvokeAsync(command, arguments, output, error, cancellationToken);
    }

    private static async Task<int> RunAsync(
        IConfiguration configuration,
        IEnumerable<KeyValuePair<string, string>> values,
        TextWriter output,
        TextWriter error,
        CancellationToken cancellationToken)
    {
        try
        {
            var request = PlanRequest.Parse(values);
            await using var services = ConsoleCommand.CreateServices(configuration);
            var planBuilder = services.GetRequiredService<PlanBuilder>();
            await output.WriteLineAsync("Looking at the account. Nothing is written, changed or deleted.");
            await output.WriteLineAsync();
            var plan = await planBuilder.BuildAsync(request, new LineProgress(error, services.GetRequiredService<TimeProvider>()), cancellationToken);
            await output.WriteAsync(PlanText.Write(plan));
            return plan.IsReady ? 0 : 1;
        }
        catch (PlanRequestException exception)
        {
            await error.WriteLineAsync($"{OptionName(exception.Name)}: {exception.Message} All options: doctor --help");
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
            return ConsoleCommand.Interrupted;
        }
    }

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
        var number = exception.Problems.Count;
        var settings = number == 1 ? "One setting has" : string.Create(CultureInfo.InvariantCulture, $"{number} settings have");
        text.AppendLine($"Verdict: {settings} to be fixed before the app can start.");
        text.AppendLine("Next:    set what is marked in local.settings.json or the environment, then run this again");
        return text.ToString();
    }

    private static (string Name, Option<string> Option)[] CreateOptions() =>
    [
        CreateOption("from", "time", "Objects created since then (ISO 8601). Default: Listing__StartFrom, else 30 days ago."),
        CreateOption("to", "time", "Objects created before then. Default: now."),
        CreateOption("regions", "a,b", "Regions. Default: EightByEight__Regions, else all."),
        CreateOption("types", "a,b", "Object types. Default: EightByEight__Types, else all."),
        CreateOption("maxPages", "number", "List at most so many pages of 100 records, and estimate the rest. Default: 0, which lists all."),
        CreateOption(
            "probeRights",
            "true|false",
            "Whether to try the rights to restore, delete and write, with made-up names. Default: those that the settings need."),
    ];

    private static (string Name, Option<string> Option) CreateOption(string name, string value, string description) =>
        (name, new Option<string>(OptionName(name)) { HelpName = value, Description = description });

    /// <summary>maxPages is --max-pages.</summary>
    private static string OptionName(string name) =>
        "--" + string.Concat(name.Select(letter => char.IsUpper(letter) ? $"-{char.ToLowerInvariant(letter)}" : letter.ToString()));

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
