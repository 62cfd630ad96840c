using System.Diagnostics.Metrics;
using System.Reflection;
using System.Text.RegularExpressions;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Operations.Status;

namespace Archiving.Tests;

/// <summary>docs/telemetry.md says what the code does, no less and no more.</summary>
public sealed partial class TelemetryReferenceTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Data", "telemetry.md"));

    [Fact]
    public void Telemetry_reference_lists_every_metric_as_it_is_and_no_other()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var factory = services.GetRequiredService<IMeterFactory>();
        using var capture = new MetricCapture(factory);
        var metrics = new ArchivingMetrics(factory, TimeProvider.System);
        var gauges = new StatusGauges(factory, TimeProvider.System);
        MeasureEverything(metrics);
        var tags = capture.All.ToLookup(measured => measured.Name, measured => Keys(measured.Tags));
        gauges.Record(0, 0, 0, null, null, null, null, new Dictionary<string, TimeSpan>(StringComparer.Ordinal) { ["uk"] = TimeSpan.Zero });
        gauges.RecordOverdue(new Dictionary<string, TimeSpan>(StringComparer.Ordinal) { ["Reconcile"] = TimeSpan.Zero });
        tags = tags.SelectMany(group => group.Select(keys => (group.Key, Keys: keys)))
            .Concat(capture.Observe().Select(measured => (Key: measured.Name, Keys: Keys(measured.Tags))))
            .ToLookup(item => item.Key, item => item.Keys);

        // Both are sets of lines, so that a difference reads as what is to be changed.
        Assert.Equal(
            capture.Instruments.Values
                .Select(instrument => $"{instrument.Name} | {Kind(instrument)} | {instrument.Unit} | {Assert.Single(tags[instrument.Name].Distinct())}")
                .Order(StringComparer.Ordinal),
            Rows("name").Select(row => $"{Code(row[0])} | {row[1]} | {Code(row[2])} | {string.Join(' ', Codes(row[3]))}").Order(StringComparer.Ordinal));
        Assert.All(capture.Instruments.Values, instrument => Assert.False(string.IsNullOrEmpty(instrument.Description), instrument.Name));
    }

    [Fact]
    public void Telemetry_reference_lists_every_span_and_no_other()
    {
        var names = typeof(Spans).GetFields(BindingFlags.Public | BindingFlags.Static).Where(field => field.Name != nameof(Spans.SourceName))
            .Select(field => (string)field.GetRawConstantValue()!);

        Assert.Equal(names.Order(StringComparer.Ordinal), Rows("span").Select(row => Codes(row[0])[0]).Order(StringComparer.Ordinal));
        Assert.Contains($"Meter `{Spans.SourceName}`", Page, StringComparison.Ordinal);
        Assert.Contains($"Source `{Spans.SourceName}`", Page, StringComparison.Ordinal);
    }

    [Fact]
    public void Telemetry_reference_lists_every_tag_and_every_value_and_no_other()
    {
        var keys = typeof(Tags).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!);
        var rows = Rows("tag");

        Assert.Equal(keys.Order(StringComparer.Ordinal), rows.Select(row => Codes(row[0])[0]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        AssertValues<Phase>("`phase`");
        AssertValues<RetryScope>("`scope`");
        AssertValues<RetryCause>("`cause` of retries");
        AssertValues<MismatchCause>("`cause` of content mismatches");
        AssertValues<DamageCause>("`cause` of verification mismatches");
        AssertValues<FailureReason>("`reason`");
        AssertValues<Condition>("`condition`");
        AssertValues<WindowKind>("`kind`");
        Assert.Equal(QueueNames.All.Order(StringComparer.Ordinal), Codes(Row("`queue`")).Order(StringComparer.Ordinal));
        Assert.Equal(Enum.GetValues<Verification>().Select(value => value.ToName()), Codes(Row("`verification`")));

        void AssertValues<T>(string tag)
            where T : struct, Enum =>
            Assert.Equal(
                Enum.GetValues<T>().Select(value => value.ToTag()).Order(StringComparer.Ordinal),
                Codes(Row(tag)).Where(code => !code.StartsWith('/')).Order(StringComparer.Ordinal));

        string Row(string tag) => Assert.Single(rows, row => row[0] == tag)[1];
    }

    /// <summary>Calls whatever can be called, so that a metric that is added is measured here on its own.</summary>
    private static void MeasureEverything(ArchivingMetrics metrics)
    {
        foreach (var method in typeof(ArchivingMetrics).GetMethods(
            BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly).Where(method => !method.IsPrivate))
        {
            var result = method.Invoke(metrics, [.. method.GetParameters()
                .Select(parameter => parameter.ParameterType == typeof(string) ? "x" : Activator.CreateInstance(parameter.ParameterType))]);
            (result as IDisposable)?.Dispose();
        }
    }

    private static string Keys(string tags) => string.Join(' ', tags.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(tag => tag.Split('=')[0]));

    private static string Kind(Instrument instrument) => instrument switch
    {
        Counter<long> => "counter",
        Histogram<double> => "histogram",
        ObservableGauge<long> or ObservableGauge<double> => "gauge",
        _ => instrument.GetType().Name,
    };

    /// <summary>The rows of the table whose first column has a heading.</summary>
    private static List<string[]> Rows(string heading) =>
    [
        .. Page.Split('\n')
            .SkipWhile(line => !line.StartsWith($"| {heading} |", StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith('|'))
            .Skip(2)
            .Select(line => line.Trim().Trim('|').Split('|', StringSplitOptions.TrimEntries)),
    ];

    private static string Code(string cell) => Assert.Single(Codes(cell));

    private static List<string> Codes(string cell) => [.. Quoted().Matches(cell).Select(match => match.Groups["text"].Value)];

    [GeneratedRegex("`(?<text>[^`]*)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Quoted();
}
