using System.Text;

namespace Infrastructure.Tests;

/// <summary>Whatever a change to the template changes shows as a change of a committed table.</summary>
public sealed class GoldenTests(TemplateFixture template)
{
    private const string Default = "default";

    [Theory]
    [InlineData(Default, "by default", "infra/bicep/main.bicepparam")]
    [InlineData("bootstrap", "by an owner, for a pipeline", "Cases/bootstrap.bicepparam")]
    public async Task Template_deploys_what_the_table_says(string theCase, string when, string parameters)
    {
        var table = new StringBuilder($$"""
            # What is deployed {{when}}

            GoldenTests compares this with what the compiler predicts from {{parameters}}, and updates it when
            UPDATE_GOLDEN is 1. `*` is a hash of subscription, environment and region; in braces stands what only Azure knows.

            """);
        foreach (var resource in Rows(await template.PredictedAsync(theCase)).GroupBy(row => row.Resource))
        {
            table.Append("\n## ").Append(resource.Key).Append("\n\n| property | value |\n| --- | --- |\n");
            foreach (var row in resource)
            {
                table.Append("| ").Append(row.Property).Append(" | ").Append(row.Value).Append(" |\n");
            }
        }

        Repository.AssertSame($"tests/Infrastructure.Tests/Golden/{theCase}.md", table.ToString());
    }

    [Theory]
    [InlineData("locked")]
    [InlineData("trial")]
    [InlineData("zones")]
    [InlineData("existing")]
    public async Task Template_deploys_what_the_table_says_with_the_parameters_of_a_case(string theCase)
    {
        var standard = Rows(await template.PredictedAsync(Default)).ToList();
        var rows = Rows(await template.PredictedAsync(theCase)).ToList();

        var table = new StringBuilder($"""
            # What is deployed otherwise: {theCase}

            GoldenTests compares this with what the compiler predicts from Cases/{theCase}.bicepparam, and updates it when
            UPDATE_GOLDEN is 1. Only what differs from default.md.

            | | resource | property | value |
            | --- | --- | --- | --- |

            """);
        foreach (var (sign, row) in standard.Except(rows).Select(row => ('-', row)).Concat(rows.Except(standard).Select(row => ('+', row)))
            .OrderBy(item => item.row.Resource, StringComparer.Ordinal)
            .ThenBy(item => item.row.Property, StringComparer.Ordinal)
            .ThenByDescending(item => item.Item1))
        {
            table.Append("| ").Append(sign).Append(" | ").Append(row.Resource).Append(" | ").Append(row.Property).Append(" | ").Append(row.Value)
                .Append(" |\n");
        }

        Repository.AssertSame($"tests/Infrastructure.Tests/Golden/{theCase}.md", table.ToString());
    }

    /// <summary>Every value but region and tags, which all resources have.</summary>
    private static IEnumerable<Row> Rows(Snapshot snapshot) => snapshot.Resources.SelectMany(resource => resource.Properties
        .Where(property => property.Key is not ("location" or "tags.azd-env-name" or "tags.owner"))
        .Select(property => new Row(resource.Name, property.Key, property.Key == "properties.serializedData" ? "workbook.json" : Cell(property.Value)))
        .DefaultIfEmpty(new Row(resource.Name, "", "")));

    private static string Cell(string value) => value.Length == 0 ? "(empty)" : $"`{value.Replace("|", "\\|", StringComparison.Ordinal)}`";

    private sealed record Row(string Resource, string Property, string Value);
}
