using Microsoft.Extensions.DependencyInjection;

namespace Operations.Cases;

internal static class CasesServices
{
    /// <summary>Registers cases, legal holds and exports.</summary>
    public static IServiceCollection AddCases(this IServiceCollection services) => services
        .AddSingleton<CaseBook>()
        .AddSingleton<CaseChanger>()
        .AddSingleton<ExportPlanner>()
        .AddSingleton<PartWriter>()
        .AddSingleton<ExportCheck>()
        .AddSingleton<ManifestWriter>()
        .AddSingleton<CaseExporter>()
        .AddSingleton<ExportReader>();
}
