using Microsoft.Extensions.DependencyInjection;

namespace Archiving.Copying;

internal static class CopyingServices
{
    /// <summary>Registers the copying of objects.</summary>
    public static IServiceCollection AddCopying(this IServiceCollection services) => services
        .AddSingleton<ContentTransfer>()
        .AddSingleton<ServerSideCopy>()
        .AddSingleton<ContentReader>()
        .AddSingleton<ReceiptWriter>()
        .AddSingleton<ObjectRouter>()
        .AddSingleton<ObjectArchiver>();
}
