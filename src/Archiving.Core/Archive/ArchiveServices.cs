using Archiving.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Archiving.Archive;

internal static class ArchiveServices
{
    /// <summary>Registers the archive.</summary>
    public static IServiceCollection AddArchive(this IServiceCollection services) => services
        .AddSingleton<ArchiveStore>()
        .AddStorageResource<ArchiveStore>();
}
