using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Operations.Access;

namespace Operations.Commands;

/// <summary>The command <c>audit verify</c>: checks the chain of the audit log.</summary>
public static class AuditCommand
{
    /// <summary>Runs the command on the console, until it is done or stopped by Ctrl+C.</summary>
    /// <param name="configuration">The app's settings.</param>
    /// <param name="arguments">What follows <c>audit</c> on the command line.</param>
    /// <returns>The exit code: 0 when the chain holds, 1 when it breaks or cannot be read.</returns>
    public static Task<int> RunAsync(IConfiguration configuration, IReadOnlyList<string> arguments) =>
        ConsoleCommand.RunAsync(stop => RunAsync(configuration, arguments, Console.Out, Console.Error, stop));

    /// <summary>Runs the command with other outputs than the console.</summary>
    /// <param name="configuration">The app's settings.</param>
    /// <param name="arguments">What follows <c>audit</c> on the command line.</param>
    /// <param name="output">Gets the result.</param>
    /// <param name="error">Gets what is wrong.</param>
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
        var from = CreateDay("--from", "The first day, such as 2026-11-01 (UTC). Default: the first of the log.");
        var to = CreateDay("--to", "The last day. Default: today.");
        var verify = new Command(
            "verify",
            "Checks that every line of the audit log follows the one before it, and names the first that does not: "
            + "dotnet run --project src/LocalHost -- audit verify --from 2026-11-01 --to 2026-11-30. Changes nothing. "
            + "Ends with 0 when the chain holds, and with 1 when it breaks.")
        {
            from,
            to,
        };
        verify.SetAction((line, stop) => VerifyAsync(
            configuration,
            line.GetValue(from) ?? DateOnly.MinValue,
            line.GetValue(to) ?? DateOnly.MaxValue,
            output,
            error,
            stop));
        var audit = new Command("audit", "The audit log.") { new HelpOption(), verify };
        return await ConsoleCommand.InvokeAsync(audit, arguments, output, error, cancellationToken);
    }

    private static async Task<int> VerifyAsync(
        IConfiguration configuration,
        DateOnly from,
        DateOnly to,
        TextWriter output,
        TextWriter error,
        CancellationToken cancellationToken)
    {
        if (to < from)
        {
            await error.WriteLineAsync("error: --to is before --from.");
            return 1;
        }

        return await ConsoleCommand.UseServicesAsync(
            configuration,
            error,
            async services =>
            {
                var result = await services.GetRequiredService<AuditVerifier>().VerifyAsync(from, to, cancellationToken);
                var checkedText = string.Create(CultureInfo.InvariantCulture, $"{result.Lines} lines in {result.Blobs} blobs");
                if (result.Break is not null)
                {
                    await error.WriteLineAsync($"error: The audit log is broken. {result.Break} Before it, {checkedText} are right.");
                    return 1;
                }

                await output.WriteLineAsync(result.Blobs == 0
                    ? "There is no audit log of these days, so nothing was checked."
                    : $"The audit log is right: {checkedText}, and each line follows the one before it.");
                return 0;
            },
            cancellationToken);
    }

    private static Option<DateOnly?> CreateDay(string name, string description) => new(name)
    {
        HelpName = "day",
        Description = description,
        CustomParser = result =>
        {
            if (DateOnly.TryParseExact(result.Tokens[0].Value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            {
                return day;
            }

            result.AddError($"{name} is \"{result.Tokens[0].Value}\": expected a day such as 2026-11-01.");
            return null;
        },
    };
}
