using System.Runtime.Versioning;
using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Repository.Tests;

/// <summary>What GitHub reads apart from workflows: the forms of issues, the owners of the code, the dev container.</summary>
public sealed partial class CommunityFileTests
{
    private static readonly JsonDocumentOptions WithComments = new() { CommentHandling = JsonCommentHandling.Skip };

    /// <summary>The files of the issue forms.</summary>
    public static TheoryData<string> IssueForms() =>
        [.. Directory.EnumerateFiles(RepositoryFiles.At(".github/ISSUE_TEMPLATE")).Select(file => Path.GetFileName(file)).Where(name => name != "config.yml")];

    [Theory]
    [MemberData(nameof(IssueForms))]
    public void Issue_form_has_what_GitHub_requires(string name)
    {
        var form = ReadYaml($".github/ISSUE_TEMPLATE/{name}");
        var fields = ((YamlSequenceNode)form["body"]).Cast<YamlMappingNode>().ToList();
        var questions = fields.Where(field => Workflow.Text(field, "type") != "markdown").ToList();

        Assert.False(string.IsNullOrWhiteSpace(Workflow.Text(form, "name")));
        Assert.False(string.IsNullOrWhiteSpace(Workflow.Text(form, "description")));
        Assert.All(fields, field => Assert.Contains(Workflow.Text(field, "type"), new[] { "markdown", "input", "textarea", "dropdown", "checkboxes" }));
        Assert.NotEmpty(questions);
        Assert.All(questions, question => Assert.False(string.IsNullOrWhiteSpace(Workflow.Text(Workflow.Map(question, "attributes")!, "label"))));
        Assert.Distinct(questions.Select(question => Workflow.Text(question, "id")));
    }

    [Fact]
    public void Issue_chooser_leads_vulnerabilities_away_from_public_issues()
    {
        var chooser = ReadYaml(".github/ISSUE_TEMPLATE/config.yml");
        var addresses = ((YamlSequenceNode)chooser["contact_links"]).Cast<YamlMappingNode>().Select(link => new Uri(Workflow.Text(link, "url")!).AbsolutePath);

        Assert.Equal("false", Workflow.Text(chooser, "blank_issues_enabled"));
        Assert.Contains(addresses, address => address.EndsWith("/security/policy", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_file_has_an_owner()
    {
        Assert.Contains(File.ReadLines(RepositoryFiles.At(".github/CODEOWNERS")), line => Owner().IsMatch(line));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task Owner_and_name_are_put_in_by_the_command_of_the_guide()
    {
        using var sandbox = new Sandbox();
        var command = NameCommand().Match(File.ReadAllText(RepositoryFiles.At("docs/delivery.md"))).Groups["command"].Value;
        var files = command.Split(' ').Where(part => part.Contains('.', StringComparison.Ordinal)).ToList();
        foreach (var file in files)
        {
            var copy = Path.Combine(sandbox.Folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(RepositoryFiles.At(file), copy);
        }

        var (exitCode, output) = await sandbox.RunAsync("bash", ["-c", $"cd '{sandbox.Folder}' && {command}"]);

        Assert.True(exitCode == 0, output);
        Assert.Equal([".github/CODEOWNERS", ".github/ISSUE_TEMPLATE/config.yml", "README.md"], files);
        Assert.All(files, file => Assert.DoesNotContain("OWNER", File.ReadAllText(Path.Combine(sandbox.Folder, file)), StringComparison.Ordinal));
        var readme = await File.ReadAllTextAsync(Path.Combine(sandbox.Folder, "README.md"), TestContext.Current.CancellationToken);
        Assert.Contains("raw.githubusercontent.com%2Fcontoso%2Farchiver%2Fportal%2Fazuredeploy.json", readme, StringComparison.Ordinal);
        Assert.DoesNotContain(" -i", command, StringComparison.Ordinal); // sed of macOS takes what follows for the end of a name.
    }

    [Fact]
    public void Dev_container_has_the_versions_of_the_workflows()
    {
        using var container = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.At(".devcontainer/devcontainer.json")), WithComments);
        using var sdk = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.At("global.json")));
        var framework = Version.Parse(sdk.RootElement.GetProperty("sdk").GetProperty("version").GetString()!).ToString(2);
        var node = Workflow.ReadAll().SelectMany(workflow => workflow.Jobs).SelectMany(job => job.Steps)
            .Select(step => Workflow.Map(step, "with") is { } inputs ? Workflow.Text(inputs, "node-version") : null)
            .OfType<string>()
            .Distinct(StringComparer.Ordinal);
        var feature = container.RootElement.GetProperty("features").EnumerateObject()
            .Single(feature => feature.Name.Contains("/features/node:", StringComparison.Ordinal));

        Assert.Contains($"-{framework}", container.RootElement.GetProperty("image").GetString(), StringComparison.Ordinal);
        Assert.Equal(Assert.Single(node), feature.Value.GetProperty("version").GetString());
    }

    [Fact]
    public void Dev_container_runs_scripts_that_are_there()
    {
        using var container = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.At(".devcontainer/devcontainer.json")), WithComments);
        var script = Script().Match(container.RootElement.GetProperty("postCreateCommand").GetString()!).Groups["path"].Value;

        Assert.NotEmpty(script);
        Assert.True(RepositoryFiles.Exists(script), script);
    }

    private static YamlMappingNode ReadYaml(string path)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(File.ReadAllText(RepositoryFiles.At(path))));
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }

    [GeneratedRegex(@"^\* @[\w-]+(/[\w-]+)?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Owner();

    [GeneratedRegex(@"^ +(?<command>(sed|perl) -.*README\.md)$", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NameCommand();

    [GeneratedRegex(@"\bbash (?<path>\S+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Script();
}
