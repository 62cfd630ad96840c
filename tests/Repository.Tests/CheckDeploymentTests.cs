using System.Runtime.Versioning;
using System.Text;
using System.Text.RegularExpressions;

namespace Repository.Tests;

/// <summary><c>publish.sh</c> and <c>check-deployment</c>, for the shell and for PowerShell, with an Azure and an app that answer.</summary>
[UnsupportedOSPlatform("windows")]
public sealed partial class CheckDeploymentTests : IDisposable
{
    private const string Healthy = """{"status":"Healthy"}""";
    private const string Unhealthy = """{"status":"Unhealthy","checks":[{"name":"Credentials"}]}""";
    private const string Uri = "https://func-test.azurewebsites.net";

    private static readonly List<string> Functions =
    [
        .. Directory.EnumerateFiles(RepositoryFiles.At("src/Functions"), "*.cs")
            .SelectMany(file => FunctionAttribute().Matches(File.ReadAllText(file)).Select(match => match.Groups["name"].Value)),
    ];

    private readonly Sandbox _sandbox = new();
    private readonly CloudTools _tools;

    public CheckDeploymentTests()
    {
        _tools = new CloudTools(_sandbox);

        // As the Azure CLI shows an app on Flex Consumption: its host name is among its properties, and nowhere else.
        _tools.Answer("az", "functionapp show --resource-group rg-test --name func-test --query properties.defaultHostName", "func-test.azurewebsites.net\n");
    }

    private static string AllFunctions => string.Concat(Functions.Append("WarmUp").Select(name => $"func-test/{name}\n"));

    [Theory]
    [InlineData("sh", "200", Healthy, "", "with a function key")]
    [InlineData("ps1", "200", Healthy, "", "with a function key")]
    [InlineData("sh", "503", Unhealthy, "EntraId\n", "and sign in")]
    [InlineData("ps1", "503", Unhealthy, "EntraId\n", "and sign in")]
    public async Task Check_passes_when_functions_are_listed_and_health_answers_in_either_mode(
        string shell,
        string status,
        string body,
        string mode,
        string expected)
    {
        Assert.True(Functions.Count >= 35);
        _tools.Answer("az", "functionapp function list", AllFunctions)
            .Answer("az", "appsettings list", mode)
            .Answer("curl", "/api/health", $"{body}\n{status}")
            .Answer("curl", "/api/status", "\n401");

        var (exitCode, output) = await CheckAsync(shell);

        Assert.True(exitCode == 0, output);
        Assert.Contains($"Azure lists all {Functions.Count} functions.", output, StringComparison.Ordinal);
        Assert.Contains($"{Uri}/api/health answers {status}: {body}", output, StringComparison.Ordinal);
        Assert.Contains(expected, output, StringComparison.Ordinal);
        Assert.DoesNotContain(_tools.Calls, call => call.StartsWith("sleep ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("sh")]
    [InlineData("ps1")]
    public async Task Check_waits_for_the_host_to_list_functions_and_for_the_app_to_answer(string shell)
    {
        _tools.Answer("az", "functionapp function list", (1, "ERROR: not yet\n"), (0, "func-test/WarmUp\n"), (0, AllFunctions))
            .Answer("curl", "/api/health", (0, "\n000"), (0, "Not found\n404"), (0, "\n200"), (0, $"{Healthy}\n200"))
            .Answer("curl", "/api/status", (0, "\n500"), (0, "\n401"));

        var (exitCode, output) = await CheckAsync(shell);

        Assert.True(exitCode == 0, output);
        Assert.Equal(6, _tools.Calls.Count(call => call == "sleep 10"));
    }

    [Theory]
    [InlineData("sh")]
    [InlineData("ps1")]
    public async Task Check_fails_unless_the_host_lists_every_function(string shell)
    {
        var missing = Functions.Order(StringComparer.Ordinal).Take(2).ToList();
        var listed = Functions.Except(missing, StringComparer.Ordinal).Select(name => $"func-test/{name}\n");
        _tools.Answer("az", "functionapp function list", string.Concat(listed));

        var (exitCode, output) = await CheckAsync(shell);

        Assert.Equal(1, exitCode);
        Assert.Contains($"Azure does not list: {string.Join(' ', missing)}. What to do: docs/deploy.md", output, StringComparison.Ordinal);
        Assert.Equal(30, _tools.Calls.Count(call => call.Contains("function list", StringComparison.Ordinal)));
        Assert.DoesNotContain(_tools.Calls, call => call.StartsWith("curl ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("sh", "\n401", "must exclude it")]
    [InlineData("ps1", "\n401", "must exclude it")]
    [InlineData("sh", "Ip Forbidden\n403", "allowedAddresses")]
    [InlineData("ps1", "Ip Forbidden\n403", "allowedAddresses")]
    [InlineData("sh", "\n000", "There is no answer")]
    [InlineData("sh", "<html>\n503", "answers 503, and not with the app's health")]
    [InlineData("ps1", "<html>\n503", "answers 503, and not with the app's health")]
    public async Task Check_says_why_health_does_not_answer(string shell, string answer, string expected)
    {
        _tools.Answer("az", "functionapp function list", AllFunctions).Answer("curl", "/api/health", answer);

        var (exitCode, output) = await CheckAsync(shell);

        Assert.Equal(1, exitCode);
        Assert.Contains(expected, output, StringComparison.Ordinal);
        Assert.Contains("What to do: docs/deploy.md", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sh")]
    [InlineData("ps1")]
    public async Task Check_fails_at_once_when_the_app_believes_a_caller_who_calls_himself_an_administrator(string shell)
    {
        _tools.Answer("az", "functionapp function list", AllFunctions)
            .Answer("curl", "/api/health", $"{Healthy}\n200")
            .Answer("curl", "/api/status", "{}\n200");

        var (exitCode, output) = await CheckAsync(shell);

        Assert.Equal(1, exitCode);
        Assert.Contains("Every caller can read /api/status", output, StringComparison.Ordinal);
        var header = Assert.Single(_tools.Calls, call => call.Contains("/api/status", StringComparison.Ordinal));
        var claims = Encoding.UTF8.GetString(Convert.FromBase64String(Principal().Match(header).Groups["value"].Value));
        Assert.Contains("\"Administrator\"", claims, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sh")]
    [InlineData("ps1")]
    public async Task Check_asks_in_the_subscription_of_the_azd_environment(string shell)
    {
        _tools.Answer("az", "functionapp function list", AllFunctions)
            .Answer("curl", "/api/health", $"{Healthy}\n200")
            .Answer("curl", "/api/status", "\n401");

        var (exitCode, output) = await CheckAsync(shell, ("AZURE_SUBSCRIPTION_ID", "another"));

        Assert.True(exitCode == 0, output);
        Assert.All(
            _tools.Calls.Where(call => call.StartsWith("az ", StringComparison.Ordinal)),
            call => Assert.EndsWith(" --subscription another", call, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("sh")]
    [InlineData("ps1")]
    public async Task Check_without_a_sign_in_names_what_it_does_not_check(string shell)
    {
        _tools.Answer("az", "account show", (1, "ERROR: Please run 'az login'\n"))
            .Answer("curl", "/api/health", $"{Healthy}\n200")
            .Answer("curl", "/api/status", "\n401");

        var (exitCode, output) = await CheckAsync(shell, ("AZURE_FUNCTION_APP_URI", Uri));

        Assert.True(exitCode == 0, output);
        Assert.Contains("Not checked: whether Azure lists every function", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_without_a_sign_in_and_an_address_fails()
    {
        _tools.Answer("az", "account show", (1, "ERROR: Please run 'az login'\n"));

        var (exitCode, output) = await CheckAsync("sh");

        Assert.Equal(1, exitCode);
        Assert.Contains("Run az login", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("BlobUploadFailedException: Response status code does not indicate success: 403 (This request is not authorized to perform this operation).")]
    [InlineData("Deployment was cancelled due to another deployment being in progress.")]
    public async Task Publish_tries_again_while_the_role_of_the_app_propagates(string refusal)
    {
        _tools.Answer("az", "config-zip", (1, refusal), (1, refusal), (0, ""));

        var (exitCode, output) = await PublishAsync();

        Assert.True(exitCode == 0, output);
        Assert.Equal(3, _tools.Calls.Count(call => call.StartsWith("az functionapp deployment source config-zip", StringComparison.Ordinal)));
        Assert.Equal(2, _tools.Calls.Count(call => call == "sleep 30"));
    }

    [Fact]
    public async Task Publish_gives_up_after_ten_minutes_and_says_what_to_check()
    {
        _tools.Answer("az", "config-zip", (1, "Failed to upload because Azure Storage responded with Forbidden"));

        var (exitCode, output) = await PublishAsync();

        Assert.Equal(1, exitCode);
        Assert.Contains("docs/deploy.md, Roles", output, StringComparison.Ordinal);
        Assert.Equal(19, _tools.Calls.Count(call => call == "sleep 30"));
    }

    [Theory]
    [InlineData("ERROR: The package is not a zip file.")]
    [InlineData("ERROR: (AuthorizationFailed) The client does not have authorization to perform action. Code: 403")]
    public async Task Publish_does_not_try_again_what_will_be_refused_again(string refusal)
    {
        _tools.Answer("az", "config-zip", (1, refusal));

        var (exitCode, output) = await PublishAsync();

        Assert.Equal(1, exitCode);
        Assert.Contains(refusal, output, StringComparison.Ordinal);
        Assert.DoesNotContain(_tools.Calls, call => call.StartsWith("sleep ", StringComparison.Ordinal));
    }

    public void Dispose() => _sandbox.Dispose();

    private Task<(int ExitCode, string Output)> CheckAsync(string shell, params (string, string?)[] environment) =>
        _tools.RunAsync($"scripts/check-deployment.{shell}", ["rg-test", "func-test"], environment);

    private async Task<(int ExitCode, string Output)> PublishAsync()
    {
        var package = Path.Combine(_sandbox.Folder, "app.zip");
        await File.WriteAllTextAsync(package, "package", TestContext.Current.CancellationToken);
        return await _tools.RunAsync("scripts/publish.sh", [package, "rg-test", "func-test"]);
    }

    [GeneratedRegex(@"\[Function\(""(?<name>\w+)""\)\]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FunctionAttribute();

    [GeneratedRegex("X-MS-CLIENT-PRINCIPAL: (?<value>[A-Za-z0-9+/=]+) ", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Principal();
}
