using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Archiving;
using Archiving.Archive;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Source;
using Azure.Data.Tables;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Extensions.Azure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Infrastructure.Tests;

/// <summary>Template, reference page and code know the same settings, queues and tables.</summary>
public sealed partial class SettingsTests(TemplateFixture template)
{
    // Credentials and the webhook's address live in the vault; the certificate is for a vault on a developer's machine.
    private static readonly string[] NotInAzure =
        ["EightByEight__Key", "EightByEight__Secret", "Notifications__WebhookUrl", "KeyVault__CertificateSha256"];

    [Fact]
    public async Task Every_documented_setting_is_set_by_the_template_or_can_be()
    {
        var fixedSettings = (await AppSettingsAsync("default")).Keys;
        var settable = (await SettingsTypeAsync()).Keys;

        var missing = Documented()
            .Where(name => !NotInAzure.Contains(name))
            .Where(name => !settable.Contains(name)
                && !fixedSettings.Any(setting => setting == name || setting.StartsWith($"{name}__", StringComparison.Ordinal)));
        Assert.Empty(missing);
    }

    [Fact]
    public async Task Every_setting_of_the_template_is_documented()
    {
        var documented = Documented().ToHashSet(StringComparer.Ordinal);

        Assert.All((await SettingsTypeAsync()).Keys, name => Assert.Contains(name, documented));
    }

    [Fact]
    public async Task Every_setting_that_can_be_set_is_read()
    {
        var sources = string.Concat(Repository.Sources("src").Select(File.ReadAllText));

        Assert.All((await SettingsTypeAsync()).Keys, name => Assert.Matches($"[\"%]{name}[\"%]", sources));
    }

    [Fact]
    public async Task Numbers_have_the_limits_of_the_code()
    {
        var types = await SettingsTypeAsync();
        var limits = Repository.Sources("src/Archiving.Core/Settings")
            .SelectMany(file => Limits().Matches(File.ReadAllText(file)))
            .Select(match => (Name: match.Groups["name"].Value, Minimum: Number(match.Groups["minimum"].Value), Maximum: Number(match.Groups["maximum"].Value)))
            .Where(limit => types.ContainsKey(limit.Name))
            .ToList();

        Assert.True(limits.Count >= 7);
        Assert.All(limits, limit =>
        {
            var type = types[limit.Name];
            Assert.Equal(
                (limit.Name, limit.Minimum, limit.Maximum),
                (limit.Name, type.GetProperty("minValue").GetInt32(), type.GetProperty("maxValue").GetInt32()));
        });
    }

    [Fact]
    public async Task Settings_reach_the_app_as_they_were_given()
    {
        var settings = await AppSettingsAsync("locked");

        Assert.Equal("uk", settings["EightByEight__DiscoveryRegion"]);
        Assert.Equal("3", settings["EightByEight__RestoreDays"]);
        Assert.Equal("false", settings["EightByEight__IncludeArchived"], ignoreCase: true);
        Assert.Equal("0 */20 * * * *", settings["ListingSchedule"]);
        Assert.Equal("90", settings["Retention__callrecording"]);
        Assert.Equal("archive", settings["Archive__Container"]);
        Assert.Equal("-1", settings["AzureFunctionsJobHost__functionTimeout"]);
    }

    [Fact]
    public async Task Extra_settings_override_nothing()
    {
        Assert.DoesNotContain(await AppSettingsAsync("locked"), setting => setting.Value.Contains("elsewhere", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("docs/scale.md")]
    [InlineData("docs/telemetry.md")]
    public async Task A_page_that_tells_to_set_what_the_type_does_not_know_says_where(string page)
    {
        var text = Repository.Read(page);
        var unknown = HostSetting().Matches(text).Select(match => match.Value).Except((await SettingsTypeAsync()).Keys, StringComparer.Ordinal);

        Assert.NotEmpty(unknown);
        Assert.Contains("`extraSettings`", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Schedules_are_those_of_the_sample_unless_set()
    {
        using var sample = JsonDocument.Parse(Repository.Read("local.settings.sample.json"));
        var settings = await AppSettingsAsync("default");

        var schedules = sample.RootElement.GetProperty("Values").EnumerateObject().Where(value => value.Name.EndsWith("Schedule", StringComparison.Ordinal))
            .ToList();
        Assert.True(schedules.Count >= 4);
        Assert.All(schedules, schedule => Assert.Equal(schedule.Value.GetString(), settings[schedule.Name]));
    }

    [Theory]
    [InlineData("default")]
    [InlineData("locked")]
    [InlineData("zones")]
    [InlineData("existing")]
    public async Task No_setting_holds_a_key(string theCase)
    {
        Assert.All(await AppSettingsAsync(theCase), setting =>
        {
            Assert.DoesNotMatch("^(AzureWebJobsStorage|ArchiveStorage)$", setting.Key);
            Assert.DoesNotMatch("(?i)AccountKey|SharedAccess|sig=|password", setting.Value);
        });
        Assert.Empty((await AppSettingsAsync(theCase)).Keys.Intersect(NotInAzure, StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_app_believes_the_sign_in_only_where_it_stands_in_front_of_the_app()
    {
        Assert.Equal("FunctionKey", (await AppSettingsAsync("default"))["Access__Mode"]);
        Assert.Equal("EntraId", (await AppSettingsAsync("zones"))["Access__Mode"]);
        Assert.DoesNotContain(
            (await template.PredictedAsync("default")).Resources,
            resource => resource.Name.EndsWith("/config/authsettingsV2", StringComparison.Ordinal));
        var signIn = (await template.PredictedAsync("zones")).Find("Web/sites/func-*/config/authsettingsV2").Properties;
        Assert.Equal("true", signIn["properties.platform.enabled"]);
        Assert.Equal("true", signIn["properties.globalValidation.requireAuthentication"]);
        Assert.Equal("Return401", signIn["properties.globalValidation.unauthenticatedClientAction"]);
        Assert.Equal("[/api/health, /api/dashboard, /api/dashboard/*]", signIn["properties.globalValidation.excludedPaths"]);
        Assert.DoesNotContain(signIn.Keys, property => property.Contains("ecret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_app_is_told_to_believe_the_sign_in_only_after_it_is_on()
    {
        using var compiled = JsonDocument.Parse((await template.BuildAsync("resources")).Output);
        var site = Resources(compiled.RootElement).Where(resource => resource.GetProperty("type").GetString() == "Microsoft.Web/sites/config").ToList();

        Assert.Contains("app::signIn", After("appsettings"));
        Assert.DoesNotContain("app::appSettings", After("authsettingsV2"));

        IEnumerable<string> After(string name) => site
            .Single(resource => resource.GetProperty("name").GetString()!.Contains($"'{name}'", StringComparison.Ordinal))
            .GetProperty("dependsOn").EnumerateArray().Select(dependency => dependency.GetString()!);
    }

    [Fact]
    public async Task Queues_and_tables_are_those_of_the_code()
    {
        var snapshot = await template.PredictedAsync("default");

        Assert.Equal(
            QueueNames.All.SelectMany(name => new[] { name, name + QueueNames.PoisonSuffix }).Order(StringComparer.Ordinal),
            Names("/queueServices/default/queues/"));
        Assert.Equal(
            new[] { typeof(ArchiveStore).Assembly, typeof(ArchivingServiceCollectionExtensions).Assembly }
                .SelectMany(assembly => assembly.GetTypes())
                .SelectMany(type => type.GetFields().Where(field => field is { Name: "TableName", IsLiteral: true }))
                .Select(field => (string)field.GetRawConstantValue()!)
                .Order(StringComparer.Ordinal),
            Names("/tableServices/default/tables/"));

        IEnumerable<string> Names(string path) => snapshot.Resources
            .Select(resource => resource.Name.Split(path))
            .Where(parts => parts.Length == 2)
            .Select(parts => parts[1])
            .Order(StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("default")]
    [InlineData("locked")]
    public async Task The_app_starts_with_the_settings_of_the_template_and_signs_in_with_its_identity(string theCase)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection((await AppSettingsAsync(theCase)).Select(
                setting => new KeyValuePair<string, string?>(setting.Key.Replace("__", ":", StringComparison.Ordinal), InAzure(setting.Key, setting.Value))))
            .AddInMemoryCollection([new("WEBSITE_SITE_NAME", "func")])
            .Build();

        await using var services = new ServiceCollection().AddLogging().AddSingleton<IConfiguration>(configuration).AddArchiving(configuration)
            .BuildServiceProvider();

        Assert.Equal(new Uri("https://archive.blob.core.windows.net/"), services.GetRequiredService<BlobServiceClient>().Uri);
        Assert.Equal(new Uri("https://run.queue.core.windows.net/"), services.GetRequiredService<QueueServiceClient>().Uri);
        Assert.Equal(new Uri("https://run.table.core.windows.net/"), services.GetRequiredService<TableServiceClient>().Uri);
        Assert.Equal(new Uri("https://kv.vault.azure.net/"), services.GetRequiredService<ArchiverOptions>().KeyVault.Uri);
        Assert.IsType<KeyVaultTokenStore>(services.GetRequiredService<ITokenStore>());
        var credentials = services.GetRequiredService<AzureComponentFactory>();
        Assert.All(
            ["AzureWebJobsStorage", "ArchiveStorage", "KeyVault"],
            section => Assert.IsType<ManagedIdentityCredential>(credentials.CreateTokenCredential(configuration.GetSection(section))));
    }

    /// <summary>What Azure would put in the place of an expression.</summary>
    private static string InAzure(string name, string value) => (value.StartsWith('['), name) switch
    {
        (false, _) => value,
        (_, "ArchiveStorage__blobServiceUri") => "https://archive.blob.core.windows.net/",
        (_, "AzureWebJobsStorage__blobServiceUri") => "https://run.blob.core.windows.net/",
        (_, "AzureWebJobsStorage__queueServiceUri") => "https://run.queue.core.windows.net/",
        (_, "AzureWebJobsStorage__tableServiceUri") => "https://run.table.core.windows.net/",
        (_, "KeyVault__Uri") => "https://kv.vault.azure.net/",
        _ => "00000000-0000-0000-0000-000000000004",
    };

    /// <summary>The resources of a compiled template and of its modules.</summary>
    private static IEnumerable<JsonElement> Resources(JsonElement compiled)
    {
        var resources = compiled.GetProperty("resources");
        return (resources.ValueKind == JsonValueKind.Array ? resources.EnumerateArray() : resources.EnumerateObject().Select(resource => resource.Value))
            .SelectMany(resource => resource.GetProperty("type").GetString() == "Microsoft.Resources/deployments"
                ? Resources(resource.GetProperty("properties").GetProperty("template"))
                : [resource]);
    }

    private static IEnumerable<string> Documented() => new[]
    {
        Repository.Read("docs/settings.md").Split("\n## On one machine")[0],
        Repository.Read("docs/telemetry.md").Split("\n## ")[0],
    }
        .SelectMany(page => Table().Matches(page).SelectMany(table => table.Groups["row"].Captures))
        .SelectMany(row => Code().Matches(row.Value.Split('|')[1]))
        .Select(match => match.Groups["name"].Value)
        .Where(name => name.All(char.IsAscii) && !name.Contains('<') && !name.StartsWith("__", StringComparison.Ordinal)
            && !name.Contains("ServiceUri", StringComparison.Ordinal)
            && !name.EndsWith("__accountName", StringComparison.Ordinal));

    private static int Number(string text) => int.Parse(text.Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);

    private async Task<Dictionary<string, string>> AppSettingsAsync(string theCase) =>
        (await template.PredictedAsync(theCase)).Find("Web/sites/func-*/config/appsettings").Json.GetProperty("properties")
            .EnumerateObject()
            .ToDictionary(setting => setting.Name, setting => setting.Value.GetString()!, StringComparer.Ordinal);

    private async Task<Dictionary<string, JsonElement>> SettingsTypeAsync()
    {
        using var compiled = JsonDocument.Parse((await template.BuildAsync()).Output);
        return compiled.RootElement.GetProperty("definitions").EnumerateObject()
            .Single(definition => definition.Name.EndsWith("archiverSettings", StringComparison.Ordinal))
            .Value.GetProperty("properties")
            .Clone()
            .EnumerateObject()
            .ToDictionary(property => property.Name, property => property.Value, StringComparer.Ordinal);
    }

    [GeneratedRegex("`(?<name>[^`]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Code();

    [GeneratedRegex(
        @"^\| setting \|.*\n\| ---.*\n(?<row>\|.*\n)+",
        RegexOptions.ExplicitCapture | RegexOptions.Multiline,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Table();

    [GeneratedRegex("(AzureFunctionsJobHost__|OTEL_)[A-Za-z_]+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex HostSetting();

    [GeneratedRegex(
        """settings\.(Integer|Number)\("(?<name>\w+)", \d+, (?<minimum>\d+), (?<maximum>[\d_]+)\)""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Limits();
}
