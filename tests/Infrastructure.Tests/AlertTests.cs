using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Archiving.Telemetry;

namespace Infrastructure.Tests;

/// <summary>Alerts and workbook ask for what the code sends.</summary>
public sealed partial class AlertTests(TemplateFixture template)
{
    private static readonly string Sources = string.Concat(Repository.Sources("src").Select(File.ReadAllText));

    [Theory]
    [InlineData("default")]
    [InlineData("pipeline")]
    public async Task Addresses_are_taken_without_the_blanks_around_them(string theCase)
    {
        var group = (await template.PredictedAsync(theCase)).Find("Insights/actionGroups/ag-*").Json;

        var receiver = Assert.Single(group.GetProperty("properties").GetProperty("emailReceivers").EnumerateArray());
        Assert.Equal("records@example.com", receiver.GetProperty("emailAddress").GetString());
    }

    [Fact]
    public async Task Every_metric_that_is_asked_for_is_in_code_and_reference()
    {
        var reference = Repository.Read("docs/telemetry.md");
        var metrics = (await QueriesAsync()).SelectMany(query => Metric().Matches(query).Select(match => match.Groups["name"].Value))
            .Distinct(StringComparer.Ordinal)
            .ToList();

        Assert.True(metrics.Count > 10);
        Assert.All(metrics, metric => Assert.True(Sources.Contains($"\"{metric}\"", StringComparison.Ordinal), $"The code has no metric {metric}."));
        Assert.All(metrics, metric => Assert.True(reference.Contains($"`{metric}`", StringComparison.Ordinal), $"docs/telemetry.md has no {metric}."));
    }

    [Fact]
    public async Task Every_event_that_is_asked_for_is_in_code()
    {
        var events = (await QueriesAsync()).SelectMany(query => Event().Matches(query).Select(match => match.Value.Trim('"'))).Distinct(StringComparer.Ordinal)
            .ToList();

        Assert.True(events.Count >= 6);
        Assert.All(events, id => Assert.True(Sources.Contains($"EventId = {id},", StringComparison.Ordinal), $"The code has no event {id}."));
    }

    [Fact]
    public async Task Every_property_that_is_asked_for_is_sent()
    {
        var properties = (await QueriesAsync()).SelectMany(query => Property().Matches(query).Select(match => match.Groups["name"].Value))
            .Distinct(StringComparer.Ordinal)
            .ToList();

        Assert.True(properties.Count >= 5);
        Assert.All(
            properties.Where(property => property != "EventId"),
            property => Assert.True(
                Sources.Contains($"= \"{property}\";", StringComparison.Ordinal) || Sources.Contains($"{{{property}}}", StringComparison.Ordinal),
                $"Nothing sends {property}."));
    }

    [Fact]
    public async Task Every_alert_says_what_to_do_and_has_a_name_of_its_own()
    {
        var alerts = (await template.PredictedAsync("default")).Resources.Where(resource => resource.Type == "Microsoft.Insights/scheduledQueryRules").ToList();

        Assert.Equal(
            [
                "at-risk", "damaged", "exceptions", "failed-drill", "failed-objects", "failed-runs", "given-up", "incomplete-case", "no-audit",
                "no-listing", "no-token", "oldest-unarchived", "overdue", "restore-rights", "silent", "trouble", "unverified",
            ],
            alerts.Select(alert => alert.Name["Insights/scheduledQueryRules/".Length..^"-*".Length]).Order(StringComparer.Ordinal));
        Assert.All(alerts, alert =>
        {
            Assert.NotEmpty(alert.Properties["properties.description"]);
            Assert.InRange(alert.Properties["properties.description"].Length, 20, 200);
            Assert.Equal("true", alert.Properties["properties.enabled"]);
        });
    }

    [Theory]
    [InlineData("overdue", "archiving.status.timer.overdue", "Function")]
    [InlineData("unverified", "archiving.status.oldest_verified.age", null)]
    [InlineData("no-listing", "archiving.status.listing.age", "Region")]
    [InlineData("no-audit", "\"3000\"", null)]
    [InlineData("failed-drill", "\"2210\"", null)]
    [InlineData("incomplete-case", "\"3100\"", null)]
    [InlineData("silent", "archiving.status.backlog", null)]
    public async Task What_can_stop_silently_has_an_alert(string alert, string signal, string? each)
    {
        var properties = (await template.PredictedAsync("default")).Find($"Insights/scheduledQueryRules/{alert}-*").Properties;

        Assert.Contains(signal, properties["properties.criteria.allOf[0].query"], StringComparison.Ordinal);
        Assert.Equal(each, properties.GetValueOrDefault("properties.criteria.allOf[0].dimensions[0].name"));
    }

    [Fact]
    public async Task Alerts_reach_the_addresses_that_azd_asks_for()
    {
        var snapshot = await template.PredictedAsync("default");

        Assert.Equal("records@example.com", snapshot.Find("Insights/actionGroups/ag-*").Properties["properties.emailReceivers[0].emailAddress"]);
        Assert.All(
            snapshot.Resources.Where(resource => resource.Type == "Microsoft.Insights/scheduledQueryRules"),
            rule => Assert.EndsWith("/actionGroups/ag-*]", rule.Properties["properties.actions.actionGroups"], StringComparison.Ordinal));
    }

    [Fact]
    public async Task Thresholds_are_those_of_the_parameters()
    {
        var snapshot = await template.PredictedAsync("locked");

        Assert.Equal("50", Threshold("oldest-unarchived"));
        Assert.Equal("30", Threshold("no-listing"));
        Assert.Equal("5", Threshold("failed-runs"));
        Assert.Equal("10", Threshold("exceptions"));

        string Threshold(string alert) => snapshot.Find($"Insights/scheduledQueryRules/{alert}-*").Properties["properties.criteria.allOf[0].threshold"];
    }

    [Fact]
    public async Task An_outage_alerts_when_its_reminder_is_logged_and_not_at_the_end_of_a_quarter_of_an_hour()
    {
        var alert = (await template.PredictedAsync("default")).Find("Insights/scheduledQueryRules/trouble-*").Properties;

        var query = alert["properties.criteria.allOf[0].query"];
        Assert.Contains("by Condition = tostring(Properties.Condition)", query, StringComparison.Ordinal);
        Assert.Contains("Value = round((TimeGenerated - Begin) / 1m)", query, StringComparison.Ordinal);
        Assert.DoesNotContain("bin(", query, StringComparison.Ordinal);
        Assert.Equal("GreaterThanOrEqual", alert["properties.criteria.allOf[0].operator"]);
        var minutes = alert["properties.criteria.allOf[0].threshold"];
        Assert.Contains($"fail for {minutes} minutes, or again within an hour", Repository.Read("docs/deploy.md"), StringComparison.Ordinal);
        Assert.Contains($"Reminder = TimeSpan.FromMinutes({minutes})", Sources, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_query_of_invocations_reads_both_tables_and_counts_an_invocation_once()
    {
        // Where an invocation lands depends on the version of the Functions host: docs/telemetry.md.
        const string Rows = "union isfuzzy=true AppRequests, (AppDependencies | where Name startswith \"function \")";
        const string Key = "by OperationId, Run = iff(IsWorker and isnotempty(ParentId), ParentId, Id)";
        var queries = (await QueriesAsync()).Concat(DocumentedQueries()).Where(query => Invocations().IsMatch(query)).ToList();

        Assert.True(queries.Count >= 3);
        Assert.All(queries, query =>
        {
            Assert.Contains(Rows, query, StringComparison.Ordinal);
            Assert.Contains(Key, query, StringComparison.Ordinal);
            Assert.Single(Invocations().Matches(query), match => match.Value == "AppRequests");
        });
    }

    [Fact]
    public async Task No_query_of_invocations_counts_the_spans_of_the_app()
    {
        // Whatever a span is called that the app begins for a message; Azure Monitor takes each for a request.
        var spans = typeof(Spans).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field.Name is not (nameof(Spans.SourceName) or nameof(Spans.Send)))
            .Select(field => $"\"{field.GetRawConstantValue()}\"");
        var filter = $"where Name !in ({string.Join(", ", spans)})";

        Assert.All(
            (await QueriesAsync()).Concat(DocumentedQueries()).Where(query => Invocations().IsMatch(query)),
            query => Assert.Contains(filter, query, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Runs_that_fail_are_weighed_as_they_are_sampled()
    {
        var alert = (await template.PredictedAsync("default")).Find("Insights/scheduledQueryRules/failed-runs-*").Properties;

        var query = alert["properties.criteria.allOf[0].query"];
        Assert.Contains("Name !contains \"health\"", query, StringComparison.Ordinal);
        Assert.Contains("ResultCode !startswith \"4\"", query, StringComparison.Ordinal);
        Assert.Contains("Items = max(ItemCount)", query, StringComparison.Ordinal);
        Assert.Contains("Value = toreal(Items)", query, StringComparison.Ordinal);
        Assert.Equal("Total", alert["properties.criteria.allOf[0].timeAggregation"]);
        Assert.Equal("Value", alert["properties.criteria.allOf[0].metricMeasureColumn"]);
    }

    [Theory]
    [InlineData("default")]
    [InlineData("existing")]
    public async Task No_query_reads_another_application_of_the_workspace(string theCase)
    {
        const string Filter = "| where _ResourceId =~ \"{group}/providers/Microsoft.Insights/components/appi-*\"";
        const string Union = "union isfuzzy=true AppRequests, (AppDependencies | where Name startswith \"function \") " + Filter;
        var snapshot = await template.PredictedAsync(theCase);
        using var workbook = JsonDocument.Parse(snapshot.Find("Insights/workbooks").Properties["properties.serializedData"]);
        var queries = snapshot.Resources.Where(resource => resource.Type == "Microsoft.Insights/scheduledQueryRules")
            .Select(rule => rule.Properties["properties.criteria.allOf[0].query"])
            .Concat(Tiles(workbook))
            .Select(query => query.Replace("\n|", " |", StringComparison.Ordinal))
            .ToList();

        Assert.True(queries.Count >= 30);
        Assert.All(queries, query =>
        {
            Assert.Contains(Filter, query, StringComparison.Ordinal);
            var rest = query.Replace(Union, "", StringComparison.Ordinal);
            Assert.All(Table().Matches(rest), table => Assert.StartsWith(" " + Filter, rest[(table.Index + table.Length)..], StringComparison.Ordinal));
        });
    }

    [Fact]
    public void The_workbook_is_whole()
    {
        using var workbook = JsonDocument.Parse(Repository.Read("infra/bicep/workbook.json"));

        var items = workbook.RootElement.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal("Notebook/1.0", workbook.RootElement.GetProperty("version").GetString());
        Assert.Equal(items.Count, items.Select(item => item.GetProperty("name").GetString()).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal("{workspaceId}", workbook.RootElement.GetProperty("fallbackResourceIds")[0].GetString());
    }

    private static IEnumerable<string> DocumentedQueries() => Directory
        .EnumerateFiles(Repository.Path("docs"), "*.md", SearchOption.AllDirectories)
        .Append(Repository.Path("README.md"))
        .SelectMany(file => Kusto().Matches(File.ReadAllText(file)).Select(match => match.Groups["query"].Value));

    private async Task<IReadOnlyList<string>> QueriesAsync()
    {
        var alerts = (await template.PredictedAsync("default")).Resources
            .Where(resource => resource.Type == "Microsoft.Insights/scheduledQueryRules")
            .Select(resource => resource.Properties["properties.criteria.allOf[0].query"]);
        using var workbook = JsonDocument.Parse(Repository.Read("infra/bicep/workbook.json"));
        return [.. alerts, .. Tiles(workbook)];
    }

    private static IEnumerable<string> Tiles(JsonDocument workbook) => workbook.RootElement.GetProperty("items").EnumerateArray()
        .Where(item => item.GetProperty("content").TryGetProperty("query", out _))
        .Select(item => item.GetProperty("content").GetProperty("query").GetString()!);

    [GeneratedRegex("\"(?<name>archiving\\.[a-z_.]+[a-z])\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Metric();

    // By the names of the tables in a workspace, and by those that Application Insights has for them.
    [GeneratedRegex(@"\b(AppRequests|AppDependencies|requests|dependencies)\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Invocations();

    [GeneratedRegex(@"\bApp(Metrics|Traces|Exceptions|Requests|Dependencies)\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Table();

    [GeneratedRegex("```kusto\n(?<query>.*?)```", RegexOptions.ExplicitCapture | RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Kusto();

    [GeneratedRegex("\"\\d{4}\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Event();

    [GeneratedRegex(@"Properties\.(?<name>\w+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Property();
}
