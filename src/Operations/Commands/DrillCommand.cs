using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;
using Archiving.Model;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Operations.Drill;

namespace Operations.Commands;

/// <summary>The command <c>drill</c>: a restore drill, and its result as plain text.</summary>
public static class DrillCommand
{
    /// <summary>Runs the command on the console, until it is done or stopped by Ctrl+C.</summary>
    /// <param name="configuration">The app's settings.</param>
    /// <param name="arguments">What follows <c>drill</c> on the command line.</param>
    /// <returns>The exit code.</returns>
    public static Task<int> RunAsync(IConfiguration configuration, IReadOnlyList<string> arguments) =>
        ConsoleCommand.RunAsync(stop => RunAsync(configuration, arguments, Console.Out, Console.Error, stop));

    /// <summary>Runs the command with other outputs than the console.</summary>
    /// <param name="configuration">The app's settings.</param>
    /// <param name="arguments">What follows <c>drill</c> on the command line.</param>
    /// <param name="output">Gets the result.</param>
    /// <param name="error">Gets what is wrong with command line or settings.</param>
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
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        var objects = new Option<int>("--objects")
        {
            Description = string.Create(CultureInfo.InvariantCulture, $"How many objects to download, 1 to {RestoreDrill.MaxObjects}."),
            DefaultValueFactory = _ => RestoreDrill.DefaultObjects,
        };
        objects.Validators.Add(result =>
        {
            // The default is no token.
            if (result.Tokens is [var token]
                && (!int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > RestoreDrill.MaxObjects))
            {
                result.AddError(string.Create(CultureInfo.InvariantCulture, $"--objects takes a whole number from 1 to {RestoreDrill.MaxObjects}."));
            }
        });
        var seed = new Option<int?>("--seed") { Description = "Picks the objects: the same seed picks the same ones. Default: another one each time." };
        var command = new Command(
            "drill",
            "Downloads objects of the archive, picked at random, by the links that people use, and compares them with their receipts and the ledger: "
            + "dotnet run --project src/LocalHost -- drill [options]. Changes nothing in the archive, and keeps the result for the status. "
            + "Ends with 0 when every object that can be read arrived as it was archived, else with 1.")
        {
            objects, seed, new HelpOption(),
        };

        command.SetAction((line, stop) => RunAsync(configuration, line.GetValue(objects), line.GetValue(seed), output, error, stop));
        return await ConsoleCommand.InvokeAsync(command, arguments, output, error, cancellationToken);
    }

    private static Task<int> RunAsync(
        IConfiguration configuration,
        int objects,
        int? seed,
        TextWriter output,
        TextWriter error,
        CancellationToken cancellationToken) => ConsoleCommand.UseServicesAsync(
        configuration,
        error,
        async services =>
        {
            var report = await services.GetRequiredService<RestoreDrill>().RunAsync(
                objects,
                seed ?? Random.Shared.Next(),
                new LineProgress(output),
                cancellationToken);
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"Restore drill of {report.Objects} of {Wording.Number(report.Archived)} archived objects, {Wording.Size(report.Bytes)}, seed {report.Seed}"));
            await output.WriteLineAsync(report switch
            {
                { Objects: 0, Unread: 0 } => "Verdict: nothing is archived, so nothing could be restored.",
                { Objects: 0 } => "Verdict: nothing could be read, so nothing is proven.",
                { Failed: 0 } => "Verdict: every object arrived as it was archived: content, hashes, type and name.",
                _ => $"Verdict: {Wording.Objects(report.Failed)} cannot be restored as archived. Find out what else writes to the container, recover the blobs "
                    + "from a version or a backup, or archive the objects again while 8x8 has them.",
            });
            if (report.Unread > 0)
            {
                await output.WriteLineAsync($"{Wording.Objects(report.Unread)} {(report.Unread == 1 ? "was" : "were")} not read: nothing is proven of "
                    + $"{(report.Unread == 1 ? "it" : "them")}.");
            }

            return report.IsPassed ? 0 : 1;
        },
        cancellationToken);

    /// <summary>A line for each object that is not right or was not read.</summary>
    private sealed class LineProgress(TextWriter output) : IProgress<DrillProblem?>
    {
        public void Report(DrillProblem? value)
        {
            if (value is not null)
            {
                var kind = value.IsUnread ? "not read" : "problem ";
                output.WriteLine($"  {kind} {Wording.Clean(value.Region)}/{Wording.Clean(value.Id)}: {Wording.Clean(value.Problem)}");
                output.WriteLine($"           {Wording.Clean(value.Blob)}");
            }
        }
    }
}
