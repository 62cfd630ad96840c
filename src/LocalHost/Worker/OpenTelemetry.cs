using System.Reflection;
using LocalHost.Functions;
using OpenTelemetry;
using OpenTelemetry.Resources;

namespace Microsoft.Azure.Functions.Worker.OpenTelemetry;

/// <summary>OpenTelemetry in a function app.</summary>
public static class ConfigureFunctionsOpenTelemetry
{
    /// <summary>Names the app as the service, and takes in the span that each invocation has.</summary>
    public static IOpenTelemetryBuilder UseFunctionsWorkerDefaults(this IOpenTelemetryBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var app = Environment.GetEnvironmentVariable("WEBSITE_SITE_NAME") ?? Assembly.GetEntryAssembly()?.GetName().Name ?? "unknown";

        // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come last, and so win.
        return builder
            .ConfigureResource(resource => resource.AddService(app, serviceVersion: Assembly.GetEntryAssembly()?.GetName().Version?.ToString()).AddEnvironmentVariableDetector())
            .WithTracing(tracing => tracing.AddSource(FunctionInvoker.SpanSource));
    }
}
