using System.Globalization;
using Simulator;
using Simulator.Faults;
using Simulator.Objects;
using Testing;

namespace DevStack.Tests;

/// <summary>What the running app sends to a collector and to Azure Monitor.</summary>
public sealed class TelemetryTests(AzuriteFixture azurite)
{
    // What the objects are called, who speaks in them, what 8x8 says of them; and what opens them.
    private static readonly string[] TellTales = ["Hortensia", "5558675309", "remark-of-a-caller", "demo-secret", "demo-key", "AccountKey", "sig=", "Bearer "];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task App_sends_metrics_spans_and_logs_to_a_collector_and_nothing_personal_in_any_byte_of_them()
    {
        await using var collector = await Collector.StartAsync(Cancellation);
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        FillWithTellTales(simulator);
        var account = azurite.NewAccount();
        await using (var app = await AppProcess.StartAsync(
            simulator.BaseUrl,
            account,
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "500"),
            ("OTEL_BSP_SCHEDULE_DELAY", "200"),
            ("OTEL_BLRP_SCHEDULE_DELAY", "200")))
        {
            await app.GetAsync("/api/runs/Hortensia?q=%2B15558675309");
            await Eventually.HoldsAsync(
                () => collector["/v1/logs"].Contains("cannot be archived", StringComparison.Ordinal)
                    && ContainsAll(
                        collector["/v1/metrics"],
                        "archiving.objects.archived",
                        "archiving.objects.failed",
                        "archiving.phase.duration",
                        "archiving.retries",
                        "http.client.request.duration")
                    && ContainsAll(
                        collector["/v1/traces"],
                        "send archive-objects",
                        "archive object",
                        "list window",
                        "function ArchiveObject",
                        "function GetRun"),
                "metrics, spans and logs at the collector");
        }

        Assert.Contains("Functions", collector["/v1/metrics"], StringComparison.Ordinal);
        Assert.Contains(simulator.Objects.GetAll()[0].Id, collector["/v1/traces"], StringComparison.Ordinal);
        Assert.All(simulator.Objects.GetAll(), item => Assert.DoesNotContain(item.Id, collector["/v1/metrics"], StringComparison.Ordinal));
        Assert.DoesNotContain("http.client.open_connections", collector["/v1/metrics"], StringComparison.Ordinal);
        Assert.All(TellTales, tellTale => Assert.DoesNotContain(tellTale, collector.All, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task App_sends_spans_and_logs_to_azure_monitor_and_nothing_personal_in_any_byte_of_them()
    {
        await using var collector = await Collector.StartAsync(Cancellation);
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        FillWithTellTales(simulator);
        var account = azurite.NewAccount();
        await using (await AppProcess.StartAsync(simulator.BaseUrl, account, SettingsOfAzureMonitor(collector)))
        {
            await Eventually.HoldsAsync(
                () => ContainsAll(collector["/v2.1/track"], "archive object", "list window", "cannot be archived"),
                "spans and logs at Azure Monitor");
        }

        Assert.All(TellTales, tellTale => Assert.DoesNotContain(tellTale, collector.All, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task App_sends_the_trace_of_every_object_to_azure_monitor_when_the_settings_ask_for_all()
    {
        // Far more than the five a second that are sent when no setting says otherwise.
        await using var collector = await Collector.StartAsync(Cancellation);
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        for (var number = 0; number < 100; number++)
        {
            simulator.Objects.Add(new ObjectSpecification { CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-1) });
        }

        await using var app = await AppProcess.StartAsync(simulator.BaseUrl, azurite.NewAccount(), SettingsOfAzureMonitor(collector));

        await Eventually.HoldsAsync(
            () =>
            {
                var archived = collector["/v2.1/track"].Split('\n').Where(item => item.Contains("\"archive object\"", StringComparison.Ordinal)).ToList();
                return simulator.Objects.GetAll().All(item => archived.Exists(span => span.Contains(item.Id, StringComparison.Ordinal)));
            },
            "a span for each object");
    }

    [Fact]
    public async Task App_reports_malformed_settings_of_telemetry_and_ends()
    {
        await using var simulator = await SimulatorServer.StartAsync(cancellationToken: Cancellation);
        await using var app = new AppProcess(AppProcess.Settings(simulator.BaseUrl, azurite.NewAccount(), [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
            ("APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=confidential"),
            ("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "Authorization=Key")]));

        Assert.Equal(1, await app.WaitForEndAsync());
        var output = string.Join('\n', app.Lines);
        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT is \"collector:4317\": expected an http or https address", output, StringComparison.Ordinal);
        Assert.Contains("APPLICATIONINSIGHTS_CONNECTION_STRING is no connection string", output, StringComparison.Ordinal);
        Assert.Contains("APPLICATIONINSIGHTS_AUTHENTICATION_STRING is \"Authorization=Key\"", output, StringComparison.Ordinal);
        Assert.DoesNotContain("confidential", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    private static (string Name, string Value)[] SettingsOfAzureMonitor(Collector collector) =>
    [
        ("APPLICATIONINSIGHTS_CONNECTION_STRING", $"InstrumentationKey={Guid.NewGuid()};IngestionEndpoint={collector.Url}/;LiveEndpoint={collector.Url}/"),
        ("APPLICATIONINSIGHTS_STATSBEAT_DISABLED", "true"),
        ("OTEL_TRACES_SAMPLER", "microsoft.fixed_percentage"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.0"),

        // Few windows: the exporter keeps 2,048 spans between two sendings and drops what is beyond, which a listing of a year is.
        ("Listing__StartFrom", TimeProvider.System.GetUtcNow().AddDays(-2).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)),
    ];

    private static void FillWithTellTales(SimulatorServer simulator)
    {
        for (var number = 0; number < 6; number++)
        {
            simulator.Objects.Add(new ObjectSpecification
            {
                ObjectName = $"Hortensia +15558675309 {number}.mp3",
                Tags = [new("caller", "+15558675309"), new("name", "Hortensia")],
                CreatedTime = TimeProvider.System.GetUtcNow().AddHours(-number - 1),
            });
        }

        var items = simulator.Objects.GetAll();
        simulator.Faults.Set(
            new FaultRule { Call = "content", Kind = FaultKind.Status, Status = 500, Body = "remark-of-a-caller", Id = items[1].Id, First = 3 },
            new FaultRule { Call = "content", Kind = FaultKind.Flip, Id = items[2].Id });
    }

    private static bool ContainsAll(string text, params string[] parts) => Array.TrueForAll(parts, part => text.Contains(part, StringComparison.Ordinal));
}
