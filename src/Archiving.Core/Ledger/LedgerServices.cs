using Archiving.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Archiving.Ledger;

internal static class LedgerServices
{
    /// <summary>Registers the ledger.</summary>
    public static IServiceCollection AddLedger(this IServiceCollection services) => services
        .AddSingleton<LedgerChanges>()
        .AddSingleton<DaySummaries>()
        .AddSingleton<SearchIndex>()
        .AddSingleton<ObjectLedger>()
        .AddSingleton<LedgerDays>()
        .AddSingleton<ObjectFinder>()
        .AddStorageResource<ObjectLedger>()
        .AddStorageResource<LedgerChanges>()
        .AddStorageResource<SearchIndex>();
}
