using Microsoft.Extensions.DependencyInjection;
using Operations.Cases;
using Operations.Catalogue;

namespace Operations;

internal static class ExportingServices
{
    /// <summary>Registers cases with their exports, and the catalogue.</summary>
    public static IServiceCollection AddExporting(this IServiceCollection services) => services.AddCases().AddCatalogue();
}
