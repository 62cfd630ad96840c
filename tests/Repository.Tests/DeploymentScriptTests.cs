using System.Globalization;
using System.Runtime.Versioning;

namespace Repository.Tests;

/// <summary>The scripts that azd and the workflow run around a deployment, for the shell and for PowerShell, with an Azure that answers.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class DeploymentScriptTests : IDisposable
{
    private const string Locations = "functionapp list-flexconsumption-locations --query";
    private const string ZoneLocations = "functionapp list-flexconsumption-locations --zone-redundant=true";
    private const string Runtimes = "functionapp list-flexconsumption-runtimes";
    private const string Redundancies = "storage sku list";
    private const string UserName = "--query user.name";

    private static readonly (string, string?)[] Environment =
    [
        ("AZURE_ENV_NAME", "test"), ("AZURE_LOCATION", "westeurope"), ("AZURE_SUBSCRIPTION_ID", "subscription"), ("AZURE_RESOURCE_GROUP", "rg-test"),
    ];

    private readonly Sandbox _sandbox = new();
    private readonly CloudTools _tools;

    public DeploymentScriptTests()
    {
        _tools = new CloudTools(_sandbox);
    }

    public static TheoryData<string> Shells => ["sh", "ps1"];

    [Theory]
    [MemberData(nameof(Shells))]
    public async Task Preprovision_checks_region_runtime_and_redundancy_and_takes_the_address_of_the_user(string shell)
    {
        AnswerWithEverything().Answer("az", UserName, "anna@example.com\n");

        var (exitCode, output) = await PreprovisionAsync(shell);

        Assert.True(exitCode == 0, output);
        Assert.Equal(
            ["account show --subscription", Locations, $"{Runtimes} --location westeurope --runtime dotnet-isolated", Redundancies, UserName, "env set"],
            _tools.Calls.Select(call => Expected(call)));
        Assert.Equal("azd env set ALERT_EMAILS anna@example.com --environment test", _tools.Calls[^1]);
        Assert.Contains("Alerts go to anna@example.com", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Not checked", output, StringComparison.Ordinal);

        static string Expected(string call) => new[]
        {
            $"{Runtimes} --location westeurope --runtime dotnet-isolated", Locations, Redundancies, UserName, "account show --subscription", "env set",
        }.First(part => call.Contains(part, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("sh", Locations, "northeurope\nuksouth\n", "westeurope does not offer Flex Consumption. Regions that do: northeurope uksouth.")]
    [InlineData("ps1", Locations, "northeurope\nuksouth\n", "westeurope does not offer Flex Consumption. Regions that do: northeurope uksouth.")]
    [InlineData("sh", Runtimes, "8.0\n9.0\n", "does not offer .NET 10 on Flex Consumption, only: 8.0 9.0.")]
    [InlineData("ps1", Runtimes, "8.0\n9.0\n", "does not offer .NET 10 on Flex Consumption, only: 8.0 9.0.")]
    [InlineData("sh", Redundancies, "Premium_LRS\nStandard_LRS\nStandard_GRS\n", "Set archiveRedundancy to one of: Standard_GRS Standard_LRS.")]
    [InlineData("ps1", Redundancies, "Premium_LRS\nStandard_LRS\nStandard_GRS\n", "Set archiveRedundancy to one of: Standard_GRS Standard_LRS.")]
    public async Task Preprovision_stops_before_anything_is_created_where_a_region_lacks_something(
        string shell,
        string question,
        string listed,
        string expected)
    {
        _tools.Answer("az", question, listed);
        AnswerWithEverything();

        var (exitCode, output) = await PreprovisionAsync(shell);

        Assert.Equal(1, exitCode);
        Assert.Contains(expected, output, StringComparison.Ordinal);
        Assert.Contains("Nothing was created.", output, StringComparison.Ordinal);
        Assert.DoesNotContain(_tools.Calls, call => call.StartsWith("azd ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "Microsoft.KeyVault")]
    [InlineData("param privateNetwork = false\nparam eventDestination = null", "Microsoft.KeyVault")]
    [InlineData("param eventDestination = {\n  kind: 'webhook'\n}", "Microsoft.EventGrid Microsoft.KeyVault")]
    [InlineData("param privateNetwork = true", "Microsoft.KeyVault Microsoft.Network")]
    [InlineData("param privateNetwork = bool(readEnvironmentVariable('PRIVATE'))", "Microsoft.KeyVault Microsoft.Network")]
    public async Task Preprovision_names_the_resource_providers_that_a_pipeline_needs_and_cannot_register(string parameters, string missing)
    {
        var file = Path.Combine(_sandbox.Folder, "pipeline.bicepparam");
        await File.WriteAllTextAsync(file, $"using 'resources.bicep'\n{parameters}\n", TestContext.Current.CancellationToken);
        AnswerWithEverything()
            .Answer("az", "provider list", "microsoft.insights\nMicrosoft.Storage\nMicrosoft.Web\nMicrosoft.Authorization\n"
                + "Microsoft.ManagedIdentity\nMicrosoft.OperationalInsights\nMicrosoft.Resources\n")
            .Answer("az", "provider show", "Registered\n");

        var (exitCode, output) = await _tools.RunAsync("scripts/preprovision.sh", [file], [.. Environment, ("ALERT_EMAILS", "none")]);

        Assert.Equal(1, exitCode);
        Assert.Contains($"a pipeline cannot register them: {missing}. ", output, StringComparison.Ordinal);
        Assert.Contains("Nothing was created.", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Preprovision_for_a_pipeline_passes_when_every_resource_provider_is_registered()
    {
        var namespaces = Directory.EnumerateFiles(RepositoryFiles.At("infra/bicep"), "*.bicep", SearchOption.AllDirectories)
            .SelectMany(file => File.ReadAllText(file).Split("'Microsoft.").Skip(1).Select(part => $"Microsoft.{part.Split('/', '.')[0]}\n"));
        AnswerWithEverything().Answer("az", "provider list", string.Concat(namespaces));

        var (exitCode, output) = await _tools.RunAsync(
            "scripts/preprovision.sh",
            ["infra/bicep/resources.bicepparam"],
            [.. Environment, ("ALERT_EMAILS", "none")]);

        Assert.True(exitCode == 0, output);
        Assert.DoesNotContain("Not checked", output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public async Task Preprovision_takes_a_version_without_its_zero(string shell)
    {
        _tools.Answer("az", Runtimes, "8\n10\n");
        AnswerWithEverything();

        var (exitCode, output) = await PreprovisionAsync(shell);

        Assert.True(exitCode == 0, output);
    }

    [Theory]
    [InlineData("sh", "account show --subscription", "Run az login")]
    [InlineData("ps1", "account show --subscription", "Run az login")]
    [InlineData("sh", Redundancies, "whether westeurope offers Standard_ZRS")]
    [InlineData("ps1", Redundancies, "whether westeurope offers Standard_ZRS")]
    public async Task Preprovision_names_what_it_cannot_check_and_goes_on(string shell, string question, string expected)
    {
        _tools.Answer("az", question, (1, "ERROR: no answer\n"));
        AnswerWithEverything();

        var (exitCode, output) = await PreprovisionAsync(shell);

        Assert.True(exitCode == 0, output);
        Assert.Contains("Not checked: ", output, StringComparison.Ordinal);
        Assert.Contains(expected, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sh", "1ba0a2ee-0000-0000-0000-000000000000")]
    [InlineData("ps1", "1ba0a2ee-0000-0000-0000-000000000000")]
    [InlineData("sh", "")]
    public async Task Preprovision_says_that_no_alerts_are_sent_when_no_address_is_known(string shell, string name)
    {
        AnswerWithEverything().Answer("az", UserName, name);

        var (exitCode, output) = await PreprovisionAsync(shell);

        Assert.True(exitCode == 0, output);
        Assert.Contains("No alerts are sent", output, StringComparison.Ordinal);
        Assert.DoesNotContain(_tools.Calls, call => call.StartsWith("azd ", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public async Task Preprovision_asks_for_no_address_when_one_is_set(string shell)
    {
        AnswerWithEverything();

        var (exitCode, output) = await PreprovisionAsync(shell, ("ALERT_EMAILS", "records@example.com"));

        Assert.True(exitCode == 0, output);
        Assert.DoesNotContain(_tools.Calls, call => call.Contains(UserName, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Preprovision_asks_a_person_for_addresses_until_they_are_some()
    {
        AnswerWithEverything().Answer("az", UserName, "anna@example.com\n");
        using var terminal = _sandbox.Start(
            "script",
            ["--quiet", "--return", "--command", RepositoryFiles.At("scripts/preprovision.sh"), "/dev/null"],
            [("RECORDS", Path.Combine(_sandbox.Folder, "records")), ("CI", null), ("ALERT_EMAILS", null), .. Environment]);
        await terminal.StandardInput.WriteAsync("anna\nanna@example.com, ben@example.com\n");
        await terminal.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        var output = await terminal.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await terminal.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(terminal.ExitCode == 0, output);
        Assert.Contains("[anna@example.com]", output, StringComparison.Ordinal);
        Assert.Contains("\"anna\" is not a list of email addresses.", output, StringComparison.Ordinal);
        Assert.Equal("azd env set ALERT_EMAILS anna@example.com,ben@example.com --environment test", _tools.Calls[^1]);
    }

    [Fact]
    public async Task Preprovision_wants_a_region_and_a_subscription()
    {
        var (exitCode, output) = await _tools.RunAsync("scripts/preprovision.sh", []);

        Assert.Equal(1, exitCode);
        Assert.Contains("azd env set AZURE_LOCATION", output, StringComparison.Ordinal);
        Assert.Empty(_tools.Calls);
    }

    [Theory]
    [InlineData("sh", 60, true)]
    [InlineData("ps1", 60, true)]
    [InlineData("sh", 600, false)]
    [InlineData("ps1", 600, false)]
    public async Task Wait_lasts_until_the_last_role_is_five_minutes_old(string shell, int age, bool waits)
    {
        var created = TimeProvider.System.GetUtcNow().AddSeconds(-age).ToString("yyyy-MM-ddTHH:mm:ss.ffffff+00:00", CultureInfo.InvariantCulture);
        _tools.Answer("az", "role assignment list", $"{created}\n");

        var (exitCode, output) = await _tools.RunAsync($"scripts/wait-for-roles.{shell}", [], Environment);

        Assert.True(exitCode == 0, output);
        var slept = _tools.Calls.Where(call => call.StartsWith("sleep ", StringComparison.Ordinal))
            .Select(call => int.Parse(call.AsSpan("sleep ".Length), CultureInfo.InvariantCulture))
            .ToList();
        if (waits)
        {
            Assert.InRange(Assert.Single(slept), 200, 245);
        }
        else
        {
            Assert.Empty(slept);
        }
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public async Task Wait_says_what_to_do_when_the_age_of_the_roles_is_not_known(string shell)
    {
        _tools.Answer("az", "role assignment list", (1, "ERROR: no answer\n"));

        var (exitCode, output) = await _tools.RunAsync($"scripts/wait-for-roles.{shell}", [], Environment);

        Assert.True(exitCode == 0, output);
        Assert.Contains("run azd deploy", output, StringComparison.Ordinal);
    }

    public void Dispose() => _sandbox.Dispose();

    private CloudTools AnswerWithEverything() => _tools
        .Answer("az", ZoneLocations, "westeurope\n")
        .Answer("az", Locations, "northeurope\nwesteurope\n")
        .Answer("az", Runtimes, "8.0\n10.0\n")
        .Answer("az", Redundancies, "Standard_LRS\nStandard_ZRS\n");

    private Task<(int ExitCode, string Output)> PreprovisionAsync(string shell, params (string, string?)[] environment) =>
        _tools.RunAsync($"scripts/preprovision.{shell}", [], [.. Environment, .. environment]);
}
