using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;

namespace Repository.Tests;

/// <summary>The step of <c>release.yml</c> that writes template and form to the branch that the portal reads, with a GitHub that answers.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ReleaseWorkflowTests : IDisposable
{
    private const string GitHub =
        """
        printf '%s\n' "$*" >>"$HOME/calls"
        case "$*" in
          *git/ref/heads/portal*) [ -f "$HOME/branch" ] ;;
          *git/refs*) touch "$HOME/branch" ;;
          *contents/*ref=portal*) [ -n "$OLD" ] && echo "$OLD" ;;
          *PUT*) cat >>"$HOME/bodies"; echo >>"$HOME/bodies" ;;
        esac
        """;

    private readonly Sandbox _sandbox = new();

    [Theory]
    [InlineData("")]
    [InlineData("0123456789abcdef")]
    public async Task Release_writes_template_and_form_to_the_branch_that_the_portal_reads(string old)
    {
        var (exitCode, output) = await RunAsync("v1.2.3", old);

        Assert.True(exitCode == 0, output);
        Assert.True(File.Exists(Path.Combine(_sandbox.Folder, "branch")));
        var bodies = (await File.ReadAllTextAsync(Path.Combine(_sandbox.Folder, "bodies"), TestContext.Current.CancellationToken))
            .Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
            .Select(body => JsonSerializer.Deserialize<Dictionary<string, string>>(body)!)
            .ToList();
        Assert.Equal(["template", "form"], bodies.Select(body => Encoding.UTF8.GetString(Convert.FromBase64String(body["content"]))));
        Assert.All(bodies, body => Assert.Equal(("portal", "v1.2.3", old), (body["branch"], body["message"], body.GetValueOrDefault("sha", ""))));
    }

    [Fact]
    public async Task Release_leaves_the_portal_alone_for_a_prerelease()
    {
        var (exitCode, output) = await RunAsync("v1.2.3-rc.1", "");

        Assert.True(exitCode == 0, output);
        Assert.False(File.Exists(Path.Combine(_sandbox.Folder, "calls")));
    }

    public void Dispose() => _sandbox.Dispose();

    private async Task<(int ExitCode, string Output)> RunAsync(string tag, string old)
    {
        _sandbox.WriteProgram("gh", GitHub);
        var package = Directory.CreateDirectory(Path.Combine(_sandbox.Folder, "package")).FullName;
        await File.WriteAllTextAsync(Path.Combine(package, "azuredeploy.json"), "template", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(package, "createUiDefinition.json"), "form", TestContext.Current.CancellationToken);
        var step = Workflow.ReadAll().Single(workflow => workflow.Name == "release.yml").Jobs.SelectMany(job => job.Steps)
            .Single(step => Workflow.Text(step, "id") == "portal");
        var script = Path.Combine(_sandbox.Folder, "step.sh");
        await File.WriteAllTextAsync(script, $"cd '{_sandbox.Folder}'\n{Workflow.Text(step, "run")}", TestContext.Current.CancellationToken);
        return await _sandbox.RunAsync(
            "bash",
            ["-e", script],
            environment: [("GITHUB_REF_NAME", tag), ("GITHUB_SHA", "sha"), ("GH_REPO", "contoso/archiver"), ("OLD", old)]);
    }
}
