using Archiving.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Operations.Catalogue;

internal static class CatalogueServices
{
    /// <summary>Registers the catalogue of what is archived.</summary>
    public static IServiceCollection AddCatalogue(this IServiceCollection services) => services
        .AddSingleton<CatalogueLimits>()
        .AddSingleton<CatalogueMonths>()
        .AddStorageResource<CatalogueMonths>()
        .AddSingleton<CatalogueReader>()
        .AddSingleton<CataloguePlanner>()
        .AddSingleton<CatalogueBuilder>()
        .AddSingleton<CatalogueInspector>();
}
