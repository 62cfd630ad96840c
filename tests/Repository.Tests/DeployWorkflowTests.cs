using System.Runtime.Versioning;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Repository.Tests;

/// <summary>The steps of <c>azure-dev.yml</c>, with an Azure CLI that answers as Azure does.</summary>
[UnsupportedOSPlatform("windows")]
public sealed partial class DeployWorkflowTests : IDisposable
{
    private static readonly Workflow Deploy = Workflow.ReadAll().Single(workflow => workflow.Name == "azure-dev.yml");

    private readonly Sandbox _sandbox = new();

    [Fact]
    public async Task Deploy_step_hands_on_the_name_of_the_app_that_the_template_gives_back_in_another_case()
    {
        var (exitCode, output, handedOn) = await RunAsync(Outputs());

        Assert.True(exitCode == 0, output);
        Assert.Equal(["app=value of AZURE_FUNCTION_APP_NAME"], handedOn);
    }

    [Fact]
    public void Deploy_and_what_if_ask_for_nothing_outside_of_the_resource_group()
    {
        var commands = Workflow.ReadAll().SelectMany(workflow => workflow.Jobs).SelectMany(job => job.Commands)
            .Where(command => command.Contains("az deployment ", StringComparison.Ordinal))
            .ToList();

        Assert.Equal(2, commands.Count);
        Assert.All(
            commands,
            command => Assert.Contains("--resource-group \"$GROUP\" --parameters infra/bicep/resources.bicepparam", command, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Deploy_step_fails_when_the_template_does_not_give_something_back()
    {
        var (exitCode, _, _) = await RunAsync(Outputs().Where(name => name != "AZURE_FUNCTION_APP_NAME"));

        Assert.NotEqual(0, exitCode);
    }

    [Fact]
    public void Deploy_job_checks_the_region_first_and_then_publishes_and_checks_with_the_scripts_that_azd_and_operators_use()
    {
        var commands = Deploy.Jobs.Single(job => job.Commands.Any(command => command.Contains("az deployment group create", StringComparison.Ordinal))).Commands
            .ToList();

        Assert.Equal(
            ["scripts/preprovision.sh", "az deployment group create", "scripts/publish.sh", "scripts/check-deployment.sh"],
            commands.SelectMany(command => Step().Matches(command).Select(match => match.Value)));

        // The exit code of a pipe is that of its last command, unless it is told.
        Assert.All(
            commands.Where(command => command.Contains(" | tee ", StringComparison.Ordinal)),
            command => Assert.StartsWith("set -o pipefail\n", command, StringComparison.Ordinal));
    }

    public void Dispose() => _sandbox.Dispose();

    private static IEnumerable<string> Outputs() =>
        Output().Matches(File.ReadAllText(RepositoryFiles.At("infra/bicep/resources.bicep"))).Select(match => match.Groups["name"].Value);

    private async Task<(int ExitCode, string Output, string[] HandedOn)> RunAsync(IEnumerable<string> outputs)
    {
        // Azure Resource Manager makes camel case of names: azurE_FUNCTION_APP_NAME.
        var answer = JsonSerializer.Serialize(
            outputs.ToDictionary(JsonNamingPolicy.CamelCase.ConvertName, name => new { type = "String", value = $"value of {name}" }, StringComparer.Ordinal));
        var script = Path.Combine(_sandbox.Folder, "step.sh");
        var file = Path.Combine(_sandbox.Folder, "outputs");
        await File.WriteAllTextAsync(
            script,
            Workflow.Text(Deploy.Jobs.SelectMany(job => job.Steps).Single(step => Workflow.Text(step, "id") == "template"), "run"),
            TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);
        _sandbox.WriteProgram("az", "printf '%s' \"$ANSWER\"");
        var (exitCode, output) = await _sandbox.RunAsync(
            "bash",
            ["-e", script],
            environment: [("ANSWER", answer), ("GITHUB_OUTPUT", file), ("GROUP", "rg-archive")]);
        return (exitCode, output, await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken));
    }

    [GeneratedRegex("scripts/[a-z-]+\\.sh|az deployment group create", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Step();

    [GeneratedRegex(@"^output (?<name>\w+) ", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Output();
}
