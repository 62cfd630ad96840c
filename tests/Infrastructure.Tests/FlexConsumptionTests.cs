using System.Text.Json;
using System.Text.RegularExpressions;

namespace Infrastructure.Tests;

/// <summary>
/// Flex Consumption refuses every property and some settings that it does not know (error 51021 of Resource Manager), after
/// everything else was created. No Azure is asked here, so what is set is held to what is known to work.
/// </summary>
public sealed partial class FlexConsumptionTests(TemplateFixture template)
{
    public static TheoryData<string> Cases() => ["default", "locked", "trial", "zones", "existing"];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Plan_and_site_set_only_what_Flex_Consumption_is_known_to_take(string theCase)
    {
        var snapshot = await template.PredictedAsync(theCase);
        var set = snapshot.Find("Web/serverfarms/plan-*").Properties.Keys.Select(property => $"plan {property}")
            .Concat(snapshot.Find("Web/sites/func-*").Properties.Keys.Select(property => $"site {property}"))
            .Select(property => Index().Replace(property, "[]"))
            .Where(property => !Common().IsMatch(property))
            .Distinct(StringComparer.Ordinal);

        Assert.Empty(set.Except(FlexConsumption.Properties.Keys, StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task No_app_setting_is_one_that_Flex_Consumption_does_not_take(string theCase)
    {
        var settings = (await template.PredictedAsync(theCase)).Find("Web/sites/func-*/config/appsettings").Json.GetProperty("properties").EnumerateObject()
            .Select(setting => setting.Name);

        Assert.Empty(settings.Intersect(FlexConsumption.RefusedSettings, StringComparer.OrdinalIgnoreCase));
        Assert.All(settings, name => Assert.DoesNotMatch("(?i)^(WEBSITE_|FUNCTIONS_|SCM_)", name));
    }

    [Fact]
    public async Task A_setting_that_Flex_Consumption_does_not_take_is_refused_in_extraSettings_in_any_case()
    {
        var settings = FlexConsumption.RefusedSettings.Select((name, index) => index % 2 == 0 ? name : name.ToLowerInvariant()).ToList();

        var refused = await Assert.ThrowsAsync<TemplateException>(() => template.PredictAsync(
            "refused",
            $"param extraSettings = {{\n  OTEL_SERVICE_NAME: 'x'\n{string.Concat(settings.Select(name => $"  {name}: '1'\n"))}}}",
            TestContext.Current.CancellationToken));

        Assert.All(settings, name => Assert.Contains(name, refused.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("OTEL_SERVICE_NAME", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_that_a_document_names_for_extraSettings_are_deployed()
    {
        var blocks = Directory.EnumerateFiles(Repository.Path("docs"), "*.md", SearchOption.AllDirectories)
            .Append(Repository.Path("README.md"))
            .SelectMany(file => BicepBlock().Matches(File.ReadAllText(file)).Select(match => match.Groups["text"].Value))
            .Where(block => block.Contains("param extraSettings", StringComparison.Ordinal))
            .ToList();

        Assert.NotEmpty(blocks);
        foreach (var (index, block) in blocks.Index())
        {
            var snapshot = await template.PredictAsync($"documented-{index}", block, TestContext.Current.CancellationToken);
            var deployed = snapshot.Find("Web/sites/func-*/config/appsettings").Json.GetProperty("properties");
            var settings = Assignment().Matches(block);

            Assert.NotEmpty(settings);
            Assert.All(settings, setting => Assert.Equal(setting.Groups["value"].Value, deployed.GetProperty(setting.Groups["name"].Value).GetString()));
        }
    }

    [Fact]
    public async Task Memory_runtime_and_regions_are_those_that_Flex_Consumption_offers()
    {
        using var compiled = JsonDocument.Parse((await template.BuildAsync()).Output);
        var root = compiled.RootElement;
        var site = (await template.PredictedAsync("default")).Find("Web/sites/func-*").Properties;

        Assert.Equal(FlexConsumption.Memory, Values(root.GetProperty("parameters").GetProperty("instanceMemoryMB")).Select(int.Parse));
        Assert.Empty(Values(root.GetProperty("definitions").GetProperty("flexRegion")).Except(FlexConsumption.Regions, StringComparer.Ordinal));
        Assert.EndsWith("flexRegion", root.GetProperty("parameters").GetProperty("location").GetProperty("$ref").GetString(), StringComparison.Ordinal);
        Assert.Equal("dotnet-isolated", site["properties.functionAppConfig.runtime.name"]);
        Assert.Contains(site["properties.functionAppConfig.runtime.version"], FlexConsumption.DotnetVersions);
        Assert.Contains(
            $"<TargetFramework>net{site["properties.functionAppConfig.runtime.version"]}<",
            Repository.Read("Directory.Build.props"),
            StringComparison.Ordinal);

        static IEnumerable<string> Values(JsonElement element) => element.GetProperty("allowedValues").EnumerateArray().Select(value => value.ToString());
    }

    [Theory]
    [InlineData("location", "param location = 'polandcentral'")]
    [InlineData("memory", "param location = 'westeurope'\nparam instanceMemoryMB = 1024")]
    public async Task A_region_or_a_size_that_Flex_Consumption_lacks_is_refused_before_anything_is_created(string name, string parameters)
    {
        var refused = await Assert.ThrowsAsync<TemplateException>(() => template.PredictAsync(name, parameters, TestContext.Current.CancellationToken));

        Assert.Contains("Error BCP033", refused.Message, StringComparison.Ordinal);
    }

    // What every resource of Azure has.
    [GeneratedRegex("```bicep\n(?<text>.*?)```", RegexOptions.ExplicitCapture | RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex BicepBlock();

    [GeneratedRegex("^ +(?<name>\\w+): '(?<value>[^']*)'", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"^(plan|site) (tags\..*|location|identity\..*)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Common();

    [GeneratedRegex(@"\[\d+\]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Index();
}
