using System.Globalization;

namespace DevStack;

/// <summary>What the command line asks for.</summary>
internal sealed record CommandLine
{
    public const string Usage = """
        Runs the archiver against a simulated 8x8 on this machine.

        Usage: dotnet run --project src/DevStack [-- options]

          --once             end when everything is archived: 0 when it is, 1 when not
          --port <number>    port of the function app (7071; 0 for a free one)
          --timeout <min>    minutes to wait for the archive to fill (10)
          --verbose          show what the function app logs
          --help             show this
        """;

    public bool Once { get; private init; }

    public int Port { get; private init; } = 7071;

    public TimeSpan Timeout { get; private init; } = TimeSpan.FromMinutes(10);

    public bool Verbose { get; private init; }

    public bool Help { get; private init; }

    /// <exception cref="DevStackException">The command line is wrong.</exception>
    public static CommandLine Parse(IReadOnlyList<string> arguments)
    {
        var line = new CommandLine();
        for (var index = 0; index < arguments.Count; index++)
        {
            switch (arguments[index])
            {
                case "--once":
                    line = line with { Once = true };
                    break;
                case "--verbose":
                    line = line with { Verbose = true };
                    break;
                case "--help" or "-h":
                    line = line with { Help = true };
                    break;
                case "--port":
                    line = line with { Port = Number(arguments, ++index, 65535) };
                    break;
                case "--timeout":
                    line = line with { Timeout = TimeSpan.FromMinutes(Number(arguments, ++index, 1440)) };
                    break;
                case var other:
                    throw new DevStackException($"Unknown option {other}.{Environment.NewLine}{Environment.NewLine}{Usage}");
            }
        }

        return line;
    }

    private static int Number(IReadOnlyList<string> arguments, int index, int largest) =>
        index < arguments.Count && int.TryParse(arguments[index], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= largest
            ? number
            : throw new DevStackException($"{arguments[index - 1]} wants a whole number from 0 to {largest}.");
}
