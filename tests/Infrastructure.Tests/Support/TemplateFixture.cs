using System.Collections.Concurrent;
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
    private readonly ConcurrentDictionary<string, Task<BicepRun>> _builds = new(StringComparer.Ordinal);
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
            ["zones"] = new(() => PredictAsync("tests/Infrastructure.Tests/Cases/zones")),
            ["existing"] = new(() => PredictAsync("tests/Infrastructure.Tests/Cases/existing", "rg-archive")),
            ["pipeline"] = new(() => PredictAsync("infra/bicep/resources", "rg-test")),
            ["bootstrap"] = new(() => PredictAsync("tests/Infrastructure.Tests/Cases/bootstrap")),
        };
        _format = new(() => RunAsync(_formatted, "format", "--pattern", "**/*.{bicep,bicepparam}"));
    }

    /// <summary>Compiles the template, and with it has it looked through by the linter.</summary>
    public Task<BicepRun> BuildAsync() => BuildAsync("main");

    /// <summary>The same for another template, such as <c>resources</c>.</summary>
    public Task<BicepRun> BuildAsync(string name) => _builds.GetOrAdd(name, file => RunAsync(_copy, "build", $"infra/bicep/{file}.bicep", "--stdout"));

    /// <summary>A file as the compiler formats it.</summary>
    public async Task<string> FormattedAsync(string relative)
    {
        var run = await _format.Value;
        Assert.Equal(0, run.ExitCode);
        return await File.ReadAllTextAsync(Path.Combine(_formatted.FullName, relative), TestContext.Current.CancellationToken);
    }

    /// <summary>What would be deployed with the parameters of a case.</summary>
    public Task<Snapshot> PredictedAsync(string theCase) => _snapshots[theCase].Value;

    /// <summary>What would be deployed from the subscription with parameters that are no file of their own: the required ones and these. The region is westeurope unless they name one.</summary>
    /// <exception cref="TemplateException">The template, or the compiler, refuses them.</exception>
    public async Task<Snapshot> PredictAsync(string name, string parameters, CancellationToken cancellationToken)
    {
        var region = parameters.Contains("param location ", StringComparison.Ordinal) ? "" : "param location = 'westeurope'\n";
        var file = $"tests/Infrastructure.Tests/Cases/written-{name}";
        await File.WriteAllTextAsync(
            Path.Combine(_copy.FullName, $"{file}.bicepparam"),
            $"using '../../../infra/bicep/main.bicep'\nparam environmentName = 'written'\n{region}{parameters}",
            cancellationToken);
        return await PredictAsync(file);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _copy.Delete(recursive: true);
        _formatted.Delete(recursive: true);
    }

    private async Task<Snapshot> PredictAsync(string parameters, string? resourceGroup = null)
    {
        var run = await RunAsync(
            _copy,
            [
                "snapshot", $"{parameters}.bicepparam", "--subscription-id", Snapshot.Subscription,
                "--tenant-id", "00000000-0000-0000-0000-000000000002", "--location", "westeurope", "--deployment-name", "main",
                .. resourceGroup is null ? [] : new[] { "--resource-group", resourceGroup },
            ]);
        if (run is not { ExitCode: 0, Errors: "" })
        {
            throw new TemplateException(run.Errors);
        }

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

        // What azd gives, and of the roles what a pipeline gives.
        start.Environment["AZURE_ENV_NAME"] = "test";
        start.Environment["AZURE_LOCATION"] = "westeurope";
        start.Environment["AZURE_PRINCIPAL_ID"] = "";
        start.Environment["AZURE_PRINCIPAL_TYPE"] = "";
        // As a person may write it who sets it by hand.
        start.Environment["ALERT_EMAILS"] = "none, records@example.com ";
        start.Environment["ALERT_WEBHOOK"] = "";
        start.Environment["EVENT_WEBHOOK"] = "";
        start.Environment["SIGN_IN_CLIENT_ID"] = "";
        start.Environment["IDENTITY_ID"] =
            $"/subscriptions/{Snapshot.Subscription}/resourceGroups/rg-test/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-archive";
        start.Environment["ARCHIVE_WRITER_ROLE_ID"] = Role("a");
        start.Environment["TOKEN_KEEPER_ROLE_ID"] = Role("b");
        start.Environment["HOLD_KEEPER_ROLE_ID"] = "";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new BicepRun(process.ExitCode, await output, await errors);

        static string Role(string end) =>
            $"/subscriptions/{Snapshot.Subscription}/providers/Microsoft.Authorization/roleDefinitions/00000000-0000-0000-0000-00000000000{end}";
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

/// <summary>Template or compiler refused parameters.</summary>
/// <param name="errors">What was said.</param>
public sealed class TemplateException(string errors) : Exception(errors);
