using Microsoft.Extensions.DependencyInjection;

namespace Archiving.Outages;

internal static class OutagesServices
{
    /// <summary>Registers what is known of outages.</summary>
    public static IServiceCollection AddOutages(this IServiceCollection services) => services
        .AddSingleton<HealthBoard>()
        .AddSingleton<FailingObjects>()
        .AddSingleton<SharedConditions>()
        .AddSingleton<WorkTimeout>()
        .AddSingleton<TimerRuns>()
        .AddSingleton<TimerHandler>();
}
