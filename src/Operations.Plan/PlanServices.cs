using Microsoft.Extensions.DependencyInjection;

namespace Operations.Plan;

internal static class PlanServices
{
    /// <summary>Registers the doctor and what it examines.</summary>
    public static IServiceCollection AddPlan(this IServiceCollection services) => services
        .AddSingleton<StorageClients>()
        .AddSingleton<CredentialsExamination>()
        .AddSingleton<RecordedHealth>()
        .AddSingleton<Checkup>();
}
