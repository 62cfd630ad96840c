using System.Diagnostics;
using System.Text.Json;

namespace Repository.Tests;

/// <summary><c>scripts/costs.mjs</c> prints the tables of costs that <c>docs/scale.md</c> has.</summary>
public sealed class CostTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Costs_of_the_page_are_those_that_the_script_calculates()
    {
        var page = await File.ReadAllTextAsync(RepositoryFiles.At("docs/scale.md"), Cancellation);
        var tables = await RunAsync(RepositoryFiles.At("scripts/costs.mjs"));

        Assert.Contains("| 100,000,000 |", tables, StringComparison.Ordinal);
        Assert.True(
            page.Contains($"<!-- costs -->\n{tables}<!-- /costs -->", StringComparison.Ordinal),
            $"Run node scripts/costs.mjs --write. docs/scale.md should have:\n{tables}");
    }

    [Fact]
    public async Task Costs_follow_the_prices_the_assumptions_and_the_template()
    {
        var copy = Directory.CreateTempSubdirectory("costs-");
        try
        {
            foreach (var file in (string[])["scripts/costs.mjs", "docs/scale.md", "docs/prices.json", "tests/Infrastructure.Tests/Golden/default.md"])
            {
                Copy(file, await File.ReadAllTextAsync(RepositoryFiles.At(file), Cancellation));
            }

            Copy("src/Functions/Only.cs", "[TimerTrigger(\"%S%\")] [QueueTrigger(\"q\")]");
            var prices = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(await File.ReadAllTextAsync(At("docs/prices.json"), Cancellation))!;
            var changed = prices["assumptions"].Deserialize<Dictionary<string, double>>()!;
            changed["MiB of an object"] = 10;
            prices["assumptions"] = JsonSerializer.SerializeToElement(changed);
            Copy("docs/prices.json", JsonSerializer.Serialize(prices));
            var kept = 10_000 * 10 / 1024.0 * prices["prices"].GetProperty("GiB kept for a month").GetDouble();

            var tables = await RunAsync(At("scripts/costs.mjs"));

            var row = tables.Split('\n').Single(line => line.StartsWith("| 10,000 |", StringComparison.Ordinal));
            Assert.Equal(kept.ToString("0.00", System.Globalization.CultureInfo.InvariantCulture), row.Split(" | ")[4]);
            Assert.Contains("for HTTP and for each of 2 functions", tables, StringComparison.Ordinal);
        }
        finally
        {
            copy.Delete(recursive: true);
        }

        string At(string path) => Path.Combine(copy.FullName, path);

        void Copy(string path, string text)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
            File.WriteAllText(At(path), text);
        }
    }

    [Fact]
    public async Task Costs_assume_what_the_template_and_the_host_do_by_default()
    {
        using var prices = JsonDocument.Parse(await File.ReadAllTextAsync(RepositoryFiles.At("docs/prices.json"), Cancellation));
        var assumptions = prices.RootElement.GetProperty("assumptions");
        var template = await File.ReadAllTextAsync(RepositoryFiles.At("infra/bicep/main.bicep"), Cancellation);

        Assert.Contains($"param logRetentionDays int = {assumptions.GetProperty("days that logs are kept")}\n", template, StringComparison.Ordinal);
        var megabytes = 1024 * assumptions.GetProperty("GB of memory of an instance").GetInt32();
        Assert.Contains($"param instanceMemoryMB int = {megabytes}\n", template, StringComparison.Ordinal);
        Assert.Contains("param archiveRedundancy string = 'Standard_ZRS'\n", template, StringComparison.Ordinal);
    }

    // The script's output, without the end of line that the console adds.
    private static async Task<string> RunAsync(string script)
    {
        var start = new ProcessStartInfo("node", [script]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Cancellation);
        var errors = process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        Assert.True(process.ExitCode == 0, await errors);
        return (await output)[..^1];
    }
}
