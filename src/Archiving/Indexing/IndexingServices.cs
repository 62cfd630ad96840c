using Microsoft.Extensions.DependencyInjection;

namespace Archiving.Indexing;

internal static class IndexingServices
{
    /// <summary>Registers what keeps the index of the ledger.</summary>
    public static IServiceCollection AddIndexing(this IServiceCollection services) => services.AddSingleton<ObjectIndexer>();
}
