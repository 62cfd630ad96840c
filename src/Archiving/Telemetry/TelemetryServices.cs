using Archiving.Settings;
using Azure.Core;
using EightByEight;
using Microsoft.Extensions.DependencyInjection;

namespace Archiving.Telemetry;

internal static class TelemetryServices
{
    /// <summary>Registers metrics, and the clients of 8x8 with their meters.</summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, ArchiverOptions options)
    {
        return services
            .AddMetrics()
            .AddSingleton<ArchivingMetrics>()
            .AddSingleton<RetryMeter>()
            .AddSingleton<RequestGate>(provider => new ThrottleMeter(
                new PacedGate(provider.GetRequiredService<TimeProvider>(), options.EightByEight.MaxRequestsPerSecond),
                provider.GetRequiredService<ArchivingMetrics>(),
                provider.GetRequiredService<TimeProvider>()))
            .AddSingleton(provider => new TokenClient(
                options.EightByEight.BaseUrl,
                Measured(provider, new TokenClientOptions { TimeProvider = provider.GetRequiredService<TimeProvider>() })))
            .AddSingleton(provider => new CloudStorageClient(
                options.EightByEight.BaseUrl,
                provider.GetRequiredService<AccessTokenSource>(),
                Measured(provider, new CloudStorageClientOptions
                {
                    Gate = provider.GetRequiredService<RequestGate>(),
                    TimeProvider = provider.GetRequiredService<TimeProvider>(),
                })));

        static T Measured<T>(IServiceProvider provider, T client)
            where T : ClientOptions
        {
            client.AddPolicy(provider.GetRequiredService<RetryMeter>(), HttpPipelinePosition.PerRetry);
            return client;
        }
    }
}
