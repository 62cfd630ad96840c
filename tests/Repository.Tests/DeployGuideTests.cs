using System.Globalization;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Repository.Tests;

/// <summary><c>docs/deploy.md</c> is followed step by step, with an Azure CLI and an azd that know their commands and options.</summary>
[UnsupportedOSPlatform("windows")]
public sealed partial class DeployGuideTests : IDisposable
{
    private static readonly string Guide = File.ReadAllText(RepositoryFiles.At("docs/deploy.md"));

    private readonly Sandbox _sandbox = new();
    private readonly CloudTools _tools;
    private readonly string _copy;

    public DeployGuideTests()
    {
        _tools = new CloudTools(_sandbox);
        _copy = Path.Combine(_sandbox.Folder, "repository");
        string[] folders = ["scripts", "infra/bicep", "src/Functions"];
        var files = folders.SelectMany(folder => Directory.EnumerateFiles(RepositoryFiles.At(folder)))
            .Concat([RepositoryFiles.At("azure.yaml"), RepositoryFiles.At("Directory.Build.props")]);
        foreach (var file in files)
        {
            var target = Path.Combine(_copy, Path.GetRelativePath(RepositoryFiles.Root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        _tools.SetHooks(Hooks().Select(hook => (hook.Name, hook.Posix)));
    }

    [Fact]
    public async Task Guide_deploys_with_its_commands_in_their_order()
    {
        AnswerWithEverything();
        var section = Guide[Guide.IndexOf("\n## Deploy with azd\n", StringComparison.Ordinal)..];
        foreach (var command in Commands(section[..section.IndexOf("\n## ", 1, StringComparison.Ordinal)]))
        {
            await FollowAsync(command);
        }

        string[] expected =
        [
            "az login", "azd auth login", "azd up",
            "hook preprovision", "az functionapp list-flexconsumption-locations", "az functionapp list-flexconsumption-runtimes", "az storage sku list",
            "azd env set ALERT_EMAILS anna@example.com",
            "hook predeploy", "az role assignment list",
            "hook postdeploy", "az functionapp function list", "curl", "curl",
            "azd env get-values", "az keyvault secret list", "az keyvault secret set", "az keyvault secret set",
            "azd env get-value AZURE_FUNCTION_APP_URI", "curl",
        ];
        var calls = _tools.Calls.Where(call => !call.StartsWith("az account", StringComparison.Ordinal)
            && !call.StartsWith("az functionapp show", StringComparison.Ordinal)
            && !call.StartsWith("az functionapp config appsettings list", StringComparison.Ordinal)).ToList();
        Assert.Equal(expected.Length, calls.Count);
        Assert.All(expected.Zip(calls), pair => Assert.StartsWith(pair.First, pair.Second, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("docs/deploy.md")]
    [InlineData("README.md")]
    public async Task Guide_names_commands_and_options_that_exist(string document)
    {
        AnswerWithEverything();
        var commands = Commands(await File.ReadAllTextAsync(RepositoryFiles.At(document), TestContext.Current.CancellationToken))
            .Where(command => !command.StartsWith("dotnet ", StringComparison.Ordinal))
            .ToList();

        Assert.NotEmpty(commands);
        foreach (var command in commands)
        {
            await FollowAsync(command);
        }
    }

    [Fact]
    public async Task Guide_and_other_documents_name_in_their_text_commands_that_exist()
    {
        AnswerWithEverything();
        var documents = Directory.EnumerateFiles(RepositoryFiles.At("docs"), "*.md").Append(RepositoryFiles.At("README.md"));
        var commands = documents.SelectMany(file => CodeSpan().Matches(File.ReadAllText(file)).Select(match => match.Groups["command"].Value))
            .Distinct(StringComparer.Ordinal)
            .ToList();

        Assert.NotEmpty(commands);
        foreach (var command in commands)
        {
            var (exitCode, output) = await _tools.RunCommandAsync(Filled(command), _copy, "", Environment());
            Assert.False(exitCode == 2, $"{command}: {output} Correct it, or add it to azure-commands.txt if the reference knows it.");
        }
    }

    [Theory]
    [InlineData("sh")]
    [InlineData("ps1")]
    public async Task Preprovision_checks_what_the_parameters_ask_for(string shell)
    {
        await File.AppendAllTextAsync(
            Path.Combine(_copy, "infra/bicep/main.bicepparam"),
            "\nparam zoneRedundant = true\nparam privateNetwork = true\nparam archiveRedundancy = 'Standard_GZRS'\n",
            TestContext.Current.CancellationToken);
        _tools.Answer("az", "--zone-redundant=true", "northeurope\n")
            .Answer("az", "list-flexconsumption-locations", "westeurope\n")
            .Answer("az", "list-flexconsumption-runtimes", "10\n")
            .Answer("az", "storage sku list", "Standard_ZRS\n")
            .Answer("az", "provider show", "NotRegistered\n");

        var (exitCode, output) = await _tools.RunAsync(Path.Combine(_copy, $"scripts/preprovision.{shell}"), [], Environment());

        Assert.Equal(1, exitCode);
        Assert.Contains("Set zoneRedundant to false, or choose one of: northeurope.", output, StringComparison.Ordinal);
        Assert.Contains("does not offer the redundancy Standard_GZRS", output, StringComparison.Ordinal);
        Assert.Contains("az provider register --namespace Microsoft.App --wait", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Guide_of_azd_runs_scripts_that_exist_for_both_systems()
    {
        var hooks = Hooks().ToList();

        Assert.Equal(["preprovision", "predeploy", "postdeploy"], hooks.Select(hook => hook.Name));
        Assert.All(hooks, hook =>
        {
            Assert.Equal(Path.ChangeExtension(hook.Posix, ".ps1"), hook.Windows);
            Assert.True(RepositoryFiles.Exists(hook.Posix) && RepositoryFiles.Exists(hook.Windows), hook.Name);
            Assert.True(File.GetUnixFileMode(RepositoryFiles.At(hook.Posix)).HasFlag(UnixFileMode.UserExecute), hook.Posix);
        });
    }

    public void Dispose() => _sandbox.Dispose();

    /// <summary>Lets everything be as a deployment needs it.</summary>
    private void AnswerWithEverything()
    {
        var functions = Directory.EnumerateFiles(RepositoryFiles.At("src/Functions"), "*.cs")
            .SelectMany(file => FunctionAttribute().Matches(File.ReadAllText(file)).Select(match => $"func-test/{match.Groups["name"].Value}\n"));
        var created = TimeProvider.System.GetUtcNow().AddMinutes(-10).ToString("yyyy-MM-ddTHH:mm:ss.ffffff+00:00", CultureInfo.InvariantCulture);
        _tools.Answer("az", "list-flexconsumption-locations", "westeurope\n")
            .Answer("az", "list-flexconsumption-runtimes", "10.0\n")
            .Answer("az", "storage sku list", "Standard_ZRS\n")
            .Answer("az", "user.name", "anna@example.com\n")
            .Answer("az", "role assignment list", $"{created}\n")
            .Answer("az", "functionapp function list", string.Concat(functions))
            .Answer("az", "functionapp show", "func-test.azurewebsites.net\n")
            .Answer("azd", "env get-values", "AZURE_KEY_VAULT_NAME=\"kv-test\"\n")
            .Answer("azd", "AZURE_FUNCTION_APP_URI", "https://func-test.azurewebsites.net\n")
            .Answer("curl", "--write-out \\n%{http_code} https://func-test.azurewebsites.net/api/health", "{\"status\":\"Healthy\"}\n200")
            .Answer("curl", "/api/status", "\n401")
            .Answer("curl", "/api/health", "{\"status\":\"Healthy\"}");
    }

    private static IEnumerable<(string Name, string Posix, string Windows)> Hooks()
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(File.ReadAllText(RepositoryFiles.At("azure.yaml"))));
        return Workflow.Map((YamlMappingNode)yaml.Documents[0].RootNode, "hooks")!.Children
            .Select(hook => (hook.Key.ToString(), Script(hook.Value, "posix"), Script(hook.Value, "windows")));

        static string Script(YamlNode hook, string system) => Workflow.Text(Workflow.Map((YamlMappingNode)hook, system)!, "run")!;
    }

    private static IEnumerable<string> Commands(string text) => Block().Matches(text)
        .SelectMany(block => block.Groups["text"].Value.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    // Names in angle brackets are for the reader to fill in.
    private static string Filled(string command) => Placeholder().Replace(command, "name");

    private static (string, string?)[] Environment() =>
    [
        ("AZURE_ENV_NAME", "test"), ("AZURE_LOCATION", "westeurope"), ("AZURE_SUBSCRIPTION_ID", "subscription"), ("AZURE_RESOURCE_GROUP", "rg-test"),
        ("AZURE_FUNCTION_APP_NAME", "func-test"), ("AZURE_FUNCTION_APP_URI", null), ("ALERT_EMAILS", null), ("WEBHOOK", "https://example.com"),
    ];

    private async Task FollowAsync(string command)
    {
        // Key and secret, for the script that stores them.
        var (exitCode, output) = await _tools.RunCommandAsync(Filled(command), _copy, "key\nsecret\n", Environment());

        Assert.True(exitCode == 0, $"{command}: {output}");
    }

    [GeneratedRegex("```shell\n(?<text>.*?)```", RegexOptions.ExplicitCapture | RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Block();

    [GeneratedRegex("(?<!`)`(?<command>azd? [^`\n]+)`(?!`)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CodeSpan();

    [GeneratedRegex("<[^>\n]+>", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"\[Function\(""(?<name>\w+)""\)\]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FunctionAttribute();
}
