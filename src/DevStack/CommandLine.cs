using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace DevStack;

/// <summary>What the command line asks for.</summary>
internal sealed record CommandLine
{
    /// <summary>End when everything is archived.</summary>
    public required bool Once { get; init; }

    /// <summary>Port of the function app; 0 for a free one.</summary>
    public required int Port { get; init; }

    /// <summary>How long to wait for the archive to fill.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Show what the function app logs.</summary>
    public required bool Verbose { get; init; }

    /// <summary>Parses and runs a command line. What is wrong with it is written to standard error, and the exit code is 1.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="run">What it runs.</param>
    /// <returns>The exit code.</returns>
    public static Task<int> RunAsync(IReadOnlyList<string> arguments, Func<CommandLine, Task<int>> run)
    {
        var once = new Option<bool>("--once") { Description = "End when everything is archived: with 0 when it is, with 1 when not." };
        var port = Number("--port", "number", "Port of the function app; 0 for a free one.", defaultValue: 7071, max: 65535);
        var timeout = Number("--timeout", "minutes", "Minutes to wait for the archive to fill.", defaultValue: 10, max: 1440);
        var verbose = new Option<bool>("--verbose") { Description = "Show what the function app logs." };
        var root = new RootCommand("Runs the archiver against a simulated 8x8 on this machine: dotnet run --project src/DevStack -- [options]")
        {
            once, port, timeout, verbose,
        };
        root.SetAction(line => run(new CommandLine
        {
            Once = line.GetValue(once),
            Port = line.GetValue(port),
            Timeout = TimeSpan.FromMinutes(line.GetValue(timeout)),
            Verbose = line.GetValue(verbose),
        }));

        // The program itself handles signals and exceptions.
        return root.Parse(arguments).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    private static Option<int> Number(string name, string value, string description, int defaultValue, int max) => new(name)
    {
        Description = description,
        HelpName = value,
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result => Parse(result, name, max),
    };

    private static int Parse(ArgumentResult result, string name, int max)
    {
        if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= max)
        {
            return number;
        }

        result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} is \"{result.Tokens[0].Value}\": use a whole number from 0 to {max}."));
        return 0;
    }
}
