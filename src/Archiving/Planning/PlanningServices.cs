using Microsoft.Extensions.DependencyInjection;

namespace Archiving.Planning;

internal static class PlanningServices
{
    /// <summary>Registers what goes through the ledger day by day; the kinds of work register themselves as a <see cref="DayWork"/>.</summary>
    public static IServiceCollection AddPlanning(this IServiceCollection services) => services
        .AddSingleton<DayPlans>();
}
