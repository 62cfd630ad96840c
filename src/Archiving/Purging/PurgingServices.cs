using Archiving.Planning;
using Archiving.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Archiving.Purging;

internal static class PurgingServices
{
    /// <summary>Registers the purge.</summary>
    public static IServiceCollection AddPurging(this IServiceCollection services) => services
        .AddSingleton<PurgePlanner>()
        .AddSingleton<DayWork>(provider => provider.GetRequiredService<PurgePlanner>())
        .AddSingleton<PurgeAudit>()
        .AddSingleton<PurgeInspector>()
        .AddSingleton<PurgeRecorder>()
        .AddSingleton<ObjectPurger>()
        .AddStorageResource<PurgeAudit>();
}
