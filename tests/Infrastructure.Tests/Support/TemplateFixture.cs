using System.Diagnostics;
using System.Text.Json;
using Infrastructure.Tests;

[assembly: AssemblyFixture(typeof(TemplateFixture))]

namespace Infrastructure.Tests;

/// <summary>What a run of the Bicep compiler gave.</summary>
/// <param name="ExitCode">0 also when there were warnings.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Errors">Standard error: warnings, too.</param>
public sealed record BicepRun(int ExitCode, string Output, string Errors);

/// <summary>A copy of the template that the compiler may write into, and what it makes of it. Each run takes seconds, so all tests share them.</summary>
public sealed class TemplateFixture : IDisposable
{
    private readonly DirectoryInfo _copy = Directory.CreateTempSubdirectory("template-");
    private readonly DirectoryInfo _formatted = Directory.CreateTempSubdirectory("template-");
    private readonly Dictionary<string, Lazy<Task<Snapshot>>> _snapshots;
    private readonly Lazy<Task<BicepRun>> _build;
    private readonly Lazy<Task<BicepRun>> _format;

    public TemplateFixture()
    {
        CopyTo(_copy);
        CopyTo(_formatted);
        _snapshots = new(StringComparer.Ordinal)
        {
            ["default"] = new(() => PredictAsync("infra/bicep/main")),
            ["locked"] = new(() => PredictAsync("tests/Infrastructure.Tests/Cases/locked")),
            ["trial"] = new(() => PredictAsync("tests/Infrastructure.Tests/Cases/trial")),
        };
        _build = new(() => RunAsync(_copy, "build", "infra/bicep/main.bicep", "--stdout"));
        _format = new(() => RunAsync(_formatted, "format", "--pattern", "**/*.{bicep,bicepparam}"));
    }

    /// <summary>Compiles the template, and with it has it looked through by the linter.</summary>
    public Task<BicepRun> BuildAsync() => _build.Value;

    /// <summary>A file as the compiler formats it.</summary>
    public async Task<string> FormattedAsync(string relative)
    {
        var run = await _format.Value;
        Assert.Equal(0, run.ExitCode);
        return await File.ReadAllTextAsync(Path.Combine(_formatted.FullName, relative), TestContext.Current.CancellationToken);
    }

    /// <summary>What would be deployed with the parameters of a case.</summary>
    public Task<Snapshot> PredictedAsync(string theCase) => _snapshots[theCase].Value;

    /// <summary>Has the compiler predict what a file of parameters deploys.</summary>
    public Task<BicepRun> RunPredictionAsync(string parameters) => RunAsync(
        _copy,
        "snapshot",
        $"{parameters}.bicepparam",
        "--subscription-id",
        Snapshot.Subscription,
        "--tenant-id",
        "00000000-0000-0000-0000-000000000002",
        "--location",
        "westeurope",
        "--deployment-name",
        "main");

    /// <inheritdoc/>
    public void Dispose()
    {
        _copy.Delete(recursive: true);
        _formatted.Delete(recursive: true);
    }

    private async Task<Snapshot> PredictAsync(string parameters)
    {
        var run = await RunPredictionAsync(parameters);
        Assert.True(run is { ExitCode: 0, Errors: "" }, run.Errors);
        return new Snapshot(JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(_copy.FullName, $"{parameters}.snapshot.json"))));
    }

    private static async Task<BicepRun> RunAsync(DirectoryInfo folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(Repository.Bicep, arguments)
        {
            UseShellExecute = false,
            WorkingDirectory = folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // What azd gives.
        start.Environment["AZURE_ENV_NAME"] = "test";
        start.Environment["AZURE_LOCATION"] = "westeurope";
        start.Environment["AZURE_PRINCIPAL_ID"] = "";
        start.Environment["ALERT_EMAILS"] = "";
        start.Environment["ALERT_WEBHOOK"] = "";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new BicepRun(process.ExitCode, await output, await errors);
    }

    private static void CopyTo(DirectoryInfo copy)
    {
        var files = new[] { "infra/bicep", "tests/Infrastructure.Tests/Cases" }
            .SelectMany(folder => Directory.EnumerateFiles(Repository.Path(folder), "*", SearchOption.AllDirectories))
            .Append(Repository.Path("local.settings.sample.json"));
        foreach (var file in files)
        {
            var target = Path.Combine(copy.FullName, Path.GetRelativePath(Repository.Root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
