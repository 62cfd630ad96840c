using Archiving.Model;
using Archiving.Settings;
using Archiving.Telemetry;
using Azure.Core;
using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Trace;

namespace Functions;

/// <summary>
/// Sends spans, metrics and logs where the settings say: to any collector that speaks OTLP, to Azure Monitor, to both.
/// Without such a setting nothing is set up.
/// </summary>
internal static class TelemetryExport
{
    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string ConnectionString = "APPLICATIONINSIGHTS_CONNECTION_STRING";
    private const string AuthenticationString = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING";

    /// <summary>Sets up what the settings ask for.</summary>
    /// <exception cref="SettingsException">A setting is malformed.</exception>
    public static void AddTelemetryExport(this FunctionsApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var settings = new SettingsReader(builder.Configuration);
        var usesOtlp = IsOtlp(settings);
        var connection = ReadConnection(settings);
        var credential = ReadCredential(settings);
        settings.ThrowIfAnyProblem();
        if (usesOtlp || connection is not null)
        {
            Export(builder, usesOtlp, connection, credential);
        }
    }

    private static void Export(FunctionsApplicationBuilder builder, bool usesOtlp, string? connection, TokenCredential? credential)
    {
        var telemetry = builder.Services.AddOpenTelemetry()
            .UseFunctionsWorkerDefaults()
            .WithTracing(tracing => tracing.AddSource(Spans.SourceName).AddProcessor(new TelemetryRedaction.SpanProcessor()))
            .WithMetrics(metrics => metrics.AddMeter(Spans.SourceName, HttpClientMeter.MeterName).AddInstrumentation(() => new HttpClientMeter()))
            .WithLogging(logging => logging.AddProcessor(new TelemetryRedaction.LogProcessor()), options => options.IncludeFormattedMessage = true);
        if (usesOtlp)
        {
            telemetry.UseOtlpExporter();
        }

        if (connection is not null)
        {
            // Only the form without a delegate reads OTEL_TRACES_SAMPLER; the other ignores the settings and samples by its defaults.
            telemetry.UseAzureMonitorExporter();
            builder.Services.Configure<AzureMonitorExporterOptions>(options =>
            {
                options.ConnectionString = connection;
                options.Credential = credential;

                // A trace can be left out, an error never.
                options.EnableTraceBasedLogsSampler = false;
            });
        }

        // Logs of other libraries can hold whole addresses with their query, such as a search term.
        builder.Logging
            .AddFilter<OpenTelemetryLoggerProvider>(category: null, LogLevel.Warning)
            .AddFilter<OpenTelemetryLoggerProvider>("Archiving", LogLevel.Information)
            .AddFilter<OpenTelemetryLoggerProvider>("Operations", LogLevel.Information)
            .AddFilter<OpenTelemetryLoggerProvider>("Functions", LogLevel.Information)
            .AddFilter<OpenTelemetryLoggerProvider>("Azure", LogLevel.Error)
            .AddFilter<OpenTelemetryLoggerProvider>("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
    }

    private static bool IsOtlp(SettingsReader settings)
    {
        if (settings.Text(OtlpEndpoint) is not { } text)
        {
            return false;
        }

        // Collectors are on the same machine or network, so http is acceptable here.
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
        {
            settings.Reject(OtlpEndpoint, text, "an http or https address such as http://localhost:4317");
        }

        return true;
    }

    private static string? ReadConnection(SettingsReader settings)
    {
        var text = settings.Text(ConnectionString);
        if (text is not null && !Guid.TryParse(Parts(text).GetValueOrDefault("InstrumentationKey"), out _))
        {
            settings.Problem(
                $"{ConnectionString} is no connection string: expected one that begins with InstrumentationKey=, "
                + "as the Application Insights resource shows it.");
        }

        return text;
    }

    private static ManagedIdentityCredential? ReadCredential(SettingsReader settings)
    {
        if (settings.Text(AuthenticationString) is not { } text)
        {
            return null;
        }

        var parts = Parts(text);
        if (!string.Equals(parts.GetValueOrDefault("Authorization"), "AAD", StringComparison.OrdinalIgnoreCase))
        {
            settings.Reject(AuthenticationString, text, "Authorization=AAD, for an identity of its own with ;ClientId=");
            return null;
        }

        return new ManagedIdentityCredential(parts.TryGetValue("ClientId", out var client)
            ? ManagedIdentityId.FromUserAssignedClientId(client)
            : ManagedIdentityId.SystemAssigned);
    }

    private static Dictionary<string, string> Parts(string text)
    {
        var parts = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var pair = part.Split('=', 2, StringSplitOptions.TrimEntries);
            parts[pair[0]] = pair.Length == 2 ? pair[1] : "";
        }

        return parts;
    }
}
