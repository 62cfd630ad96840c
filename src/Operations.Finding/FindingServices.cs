using Microsoft.Extensions.DependencyInjection;
using Operations.Access;
using Operations.Objects;
using Operations.Search;

namespace Operations;

internal static class FindingServices
{
    /// <summary>Registers access, objects and their contents, and searches.</summary>
    public static IServiceCollection AddFinding(this IServiceCollection services) => services
        .AddAccess()
        .AddSingleton<DownloadName>()
        .AddSingleton<ContentLinks>()
        .AddSingleton<ObjectContents>()
        .AddSingleton<IndexedSearch>()
        .AddSingleton<ObjectSearch>()
        .AddSingleton<CallSearch>();
}
