using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.Json;

namespace Infrastructure.Tests;

/// <summary>What the button Deploy to Azure deploys and asks, as <c>scripts/portal.sh</c> makes it for a release.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class PortalTests(TemplateFixture azd) : IAsyncLifetime
{
    private readonly DirectoryInfo _copy = Directory.CreateTempSubdirectory("portal-");
    private JsonDocument? _template;
    private JsonDocument? _form;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private JsonElement Parameters => _template!.RootElement.GetProperty("parameters");

    private JsonElement Form => _form!.RootElement.GetProperty("parameters");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        var files = new[] { "infra", "scripts" }.SelectMany(folder => Directory.EnumerateFiles(Repository.Path(folder), "*", SearchOption.AllDirectories))
            .Append(Repository.Path("local.settings.sample.json"));
        foreach (var file in files)
        {
            var target = At(Path.GetRelativePath(Repository.Root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        var (exitCode, errors) = await RunAsync(At("scripts/portal.sh"), "1.2.3", At("out"), "contoso/archiver");
        Assert.True(exitCode == 0 && errors.Length == 0, errors);
        _template = JsonDocument.Parse(await File.ReadAllTextAsync(At("out/azuredeploy.json"), Cancellation));
        _form = JsonDocument.Parse(await File.ReadAllTextAsync(At("out/createUiDefinition.json"), Cancellation));
    }

    [Fact]
    public void Portal_deploys_the_package_of_the_release()
    {
        Assert.Equal(
            "https://github.com/contoso/archiver/releases/download/v1.2.3/8x8-archiver-1.2.3.zip",
            Parameters.GetProperty("packageUri").GetProperty("defaultValue").GetString());
    }

    [Fact]
    public void Portal_gives_every_parameter_that_has_no_default_and_none_that_does_not_exist()
    {
        var given = Form.GetProperty("outputs").EnumerateObject().Select(output => output.Name).ToList();
        var needed = Parameters.EnumerateObject().Where(parameter => !parameter.Value.TryGetProperty("defaultValue", out _))
            .Select(parameter => parameter.Name);

        Assert.Empty(needed.Except(given, StringComparer.Ordinal));
        Assert.Empty(given.Except(Parameters.EnumerateObject().Select(parameter => parameter.Name), StringComparer.Ordinal));
    }

    [Fact]
    public void Portal_asks_for_no_more_than_azd_up()
    {
        // The portal itself asks for subscription, resource group and region, azd for subscription, name of the environment and region.
        Assert.Equal("alertEmails", Assert.Single(Form.GetProperty("basics").EnumerateArray()).GetProperty("name").GetString());
        Assert.Empty(Form.GetProperty("steps").EnumerateArray());
    }

    [Fact]
    public void Portal_offers_the_regions_that_the_template_takes_where_storage_can_be_zone_redundant()
    {
        var offered = Form.GetProperty("config").GetProperty("basics").GetProperty("location").GetProperty("allowedValues").EnumerateArray()
            .Select(value => value.GetString());
        var taken = _template!.RootElement.GetProperty("definitions").EnumerateObject()
            .Single(definition => definition.Name.EndsWith("flexRegion", StringComparison.Ordinal))
            .Value.GetProperty("allowedValues").EnumerateArray()
            .Select(value => value.GetString());

        // "Azure regions that support ZRS" (Microsoft Learn) lacks these, and the portal does not ask for another redundancy.
        string[] without = ["australiasoutheast", "northcentralus", "southindia", "ukwest", "westcentralus", "westus"];
        Assert.Equal(taken.Except(without, StringComparer.Ordinal), offered);
    }

    [Fact]
    public async Task Portal_deploys_what_azd_deploys_by_default_and_the_package()
    {
        await File.WriteAllTextAsync(
            At("infra/portal/case.bicepparam"),
            """
            using 'main.bicep'
            param location = 'westeurope'
            param alertEmails = 'anna@example.com, ben@example.com'
            param packageUri = 'https://example.com/package.zip'
            """,
            Cancellation);
        string[] snapshot =
        [
            "snapshot", At("infra/portal/case.bicepparam"), "--subscription-id", Snapshot.Subscription, "--tenant-id", "00000000-0000-0000-0000-000000000002",
            "--resource-group", "rg-test", "--location", "westeurope", "--deployment-name", "main",
        ];
        var (exitCode, errors) = await RunAsync(Repository.Bicep, snapshot);
        Assert.True(exitCode == 0, errors);
        var portal = new Snapshot(JsonDocument.Parse(await File.ReadAllTextAsync(At("infra/portal/case.snapshot.json"), Cancellation)));
        var names = portal.Resources.Select(resource => resource.Name).ToList();
        var byAzd = (await azd.PredictedAsync("default")).Resources.Select(resource => resource.Name).ToList();
        var package = portal.Resources.Single(resource => resource.Type == "Microsoft.Web/sites/extensions");
        var emails = portal.Resources.Single(resource => resource.Type == "Microsoft.Insights/actionGroups").Json
            .GetProperty("properties").GetProperty("emailReceivers").EnumerateArray()
            .Select(receiver => receiver.GetProperty("emailAddress").GetString());

        Assert.Equal("https://example.com/package.zip", package.Properties["properties.packageUri"]);
        Assert.EndsWith("/onedeploy", package.Name, StringComparison.Ordinal);
        Assert.Equal(["anna@example.com", "ben@example.com"], emails);

        // The portal makes the resource group, and who deploys there may store the credentials.
        Assert.Equal(["{group}"], byAzd.Except(names, StringComparer.Ordinal));
        Assert.Equal(
            [package.Name, "role Key Vault Secrets Officer on KeyVault/vaults/kv-*"],
            names.Except(byAzd, StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("infra/portal/main.bicep")]
    [InlineData("infra/portal/package.bicep")]
    public async Task Portal_template_is_formatted(string file)
    {
        var (exitCode, errors) = await RunAsync(Repository.Bicep, "format", At(file));

        Assert.True(exitCode == 0, errors);
        Assert.Equal(Repository.Read(file), await File.ReadAllTextAsync(At(file), Cancellation), ignoreLineEndingDifferences: true);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _template?.Dispose();
        _form?.Dispose();
        _copy.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private string At(string path) => Path.Combine(_copy.FullName, path);

    private static async Task<(int ExitCode, string Errors)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["BICEP"] = Repository.Bicep;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Cancellation);
        var errors = process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        await output;
        return (process.ExitCode, await errors);
    }
}
