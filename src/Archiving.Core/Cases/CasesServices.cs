using Archiving.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Archiving.Cases;

internal static class CasesServices
{
    /// <summary>Registers the cases, and what they hold.</summary>
    public static IServiceCollection AddCases(this IServiceCollection services) => services
        .AddSingleton<CaseStore>()
        .AddStorageResource<CaseStore>()
        .AddSingleton<ObjectReceipts>()
        .AddSingleton<ObjectHolds>();
}
