using Microsoft.Extensions.DependencyInjection;

namespace Archiving.Restoring;

internal static class RestoringServices
{
    /// <summary>Registers restores from cold storage.</summary>
    public static IServiceCollection AddRestoring(this IServiceCollection services) => services
        .AddSingleton<DailyQuota>()
        .AddSingleton<RestoreRequester>()
        .AddSingleton<ObjectRestorer>();
}
