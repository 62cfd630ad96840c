using System.Runtime.Versioning;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Repository.Tests;

/// <summary>The steps of <c>deploy.yml</c> that deploy the template and count the functions, with an Azure CLI that answers as Azure does.</summary>
[UnsupportedOSPlatform("windows")]
public sealed partial class DeployWorkflowTests : IDisposable
{
    private static readonly Workflow Deploy = Workflow.ReadAll().Single(workflow => workflow.Name == "deploy.yml");

    private readonly Sandbox _sandbox = new();

    [Fact]
    public async Task Deploy_step_hands_on_what_the_template_gives_back_under_names_of_another_case()
    {
        var used = Deploy.Lines.SelectMany(line => UsedOutput().Matches(line).Select(match => match.Groups["name"].Value)).Distinct(StringComparer.Ordinal)
            .ToList();
        Assert.NotEmpty(used);

        var (exitCode, output, handedOn) = await RunAsync(Outputs());

        Assert.True(exitCode == 0, output);
        Assert.All(used, name => Assert.Contains($"{name}=value of {name}", handedOn));
    }

    [Fact]
    public async Task Deploy_step_fails_when_the_template_does_not_give_something_back()
    {
        var (exitCode, _, _) = await RunAsync(Outputs().Where(name => name != "AZURE_FUNCTION_APP_NAME"));

        Assert.NotEqual(0, exitCode);
    }

    [Theory]
    [InlineData("""["app/WarmUp", "app/ListObjects", "app/ArchiveObject"]""", 0)]
    [InlineData("""["app/WarmUp", "app/ListObjects"]""", 1)]
    [InlineData("[]", 1)]
    [InlineData("", 1)]
    public async Task Count_step_fails_unless_the_host_lists_every_function_of_the_package(string listed, int expected)
    {
        var script = Path.Combine(_sandbox.Folder, "step.sh");
        await File.WriteAllTextAsync(
            script,
            Workflow.Text(Deploy.Jobs.SelectMany(job => job.Steps).Single(step => Workflow.Text(step, "id") == "functions"), "run"),
            TestContext.Current.CancellationToken);
        _sandbox.WriteProgram("unzip", """printf '%s' '[{"name": "ListObjects"}, {"name": "ArchiveObject"}]'""");
        _sandbox.WriteProgram("az", "printf '%s' \"$ANSWER\"");
        _sandbox.WriteProgram("sleep", "exit 0");

        var (exitCode, output) = await _sandbox.RunAsync("bash", ["-e", script], environment: [("ANSWER", listed), ("GROUP", "group"), ("APP", "app")]);

        Assert.True(exitCode == expected, output);
        Assert.Equal(exitCode != 0, output.Contains("ArchiveObject", StringComparison.Ordinal) && output.Contains("docs/deploy.md", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Count_step_fails_when_the_package_holds_no_functions()
    {
        var script = Path.Combine(_sandbox.Folder, "step.sh");
        await File.WriteAllTextAsync(
            script,
            Workflow.Text(Deploy.Jobs.SelectMany(job => job.Steps).Single(step => Workflow.Text(step, "id") == "functions"), "run"),
            TestContext.Current.CancellationToken);
        _sandbox.WriteProgram("unzip", "exit 9");

        var (exitCode, _) = await _sandbox.RunAsync("bash", ["-e", script], environment: [("GROUP", "group"), ("APP", "app")]);

        Assert.NotEqual(0, exitCode);
    }

    public void Dispose() => _sandbox.Dispose();

    private static IEnumerable<string> Outputs() =>
        Output().Matches(File.ReadAllText(RepositoryFiles.At("infra/bicep/main.bicep"))).Select(match => match.Groups["name"].Value);

    private async Task<(int ExitCode, string Output, string[] HandedOn)> RunAsync(IEnumerable<string> outputs)
    {
        // Azure Resource Manager makes camel case of names: azurE_RESOURCE_GROUP.
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
            environment: [("ANSWER", answer), ("GITHUB_OUTPUT", file), ("AZURE_LOCATION", "westeurope")]);
        return (exitCode, output, await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken));
    }

    [GeneratedRegex(@"steps\.template\.outputs\.(?<name>\w+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex UsedOutput();

    [GeneratedRegex(@"^output (?<name>\w+) ", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Output();
}
