using System.Text.RegularExpressions;

namespace Infrastructure.Tests;

/// <summary>docs/template-sources.md names, for each property that the template sets, a source that sets the same.</summary>
public sealed partial class SourceTests(TemplateFixture template)
{
    [Fact]
    public async Task Every_property_of_the_template_has_a_source_and_no_other_is_listed()
    {
        var set = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var theCase in new[] { "default", "locked", "trial", "zones", "existing", "bootstrap" })
        {
            foreach (var resource in (await template.PredictedAsync(theCase)).Resources)
            {
                set.UnionWith(resource.Properties.Keys
                    .Where(property => !Common().IsMatch(property))
                    .Select(property => resource switch
                    {
                        { Type: "Microsoft.Web/sites/config" } when resource.Name.EndsWith("/appsettings", StringComparison.Ordinal) =>
                            "Microsoft.Web/sites/config/appsettings properties",
                        { Type: "Microsoft.Web/sites/config" } => $"{resource.Type}/authsettingsV2 {Index().Replace(property, "[]")}",
                        _ => $"{resource.Type} {Index().Replace(property, "[]")}",
                    }));
            }
        }

        var rows = Repository.Read("docs/template-sources.md").Split('\n').Select(line => Row().Match(line)).Where(row => row.Success).ToList();
        var listed = rows.SelectMany(row => Code().Matches(row.Groups["properties"].Value)
            .Select(match => $"{row.Groups["type"].Value} {match.Groups["name"].Value}"));

        Assert.Equal(set, listed.Order(StringComparer.Ordinal));
        Assert.All(
            rows,
            row => Assert.Matches(@"^(azure-functions|bicep-registry|terraform-provider)[\w-]+ [\w./-]+\.(bicep|go)$", row.Groups["source"].Value));
    }

    // What every resource of Azure has, and what the compiler could not work out.
    [GeneratedRegex(@"^(tags\..*|location|condition|identity\.userAssignedIdentities\..*)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Common();

    [GeneratedRegex(@"\[\d+\]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Index();

    [GeneratedRegex(
        @"^\| `(?<type>Microsoft\.[^`]+)` \| (?<properties>.+) \| (?<source>[^|]+) \|$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Row();

    [GeneratedRegex("`(?<name>[^`]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Code();
}
