using Microsoft.Extensions.DependencyInjection;

namespace Operations.Plan;

internal static class PlanServices
{
    /// <summary>Registers the plan and its checks.</summary>
    public static IServiceCollection AddPlan(this IServiceCollection services) => services
        .AddSingleton<StorageClients>()
        .AddSingleton<CredentialsChecks>()
        .AddSingleton<RecordedHealth>()
        .AddSingleton<PlanBuilder>();
}
