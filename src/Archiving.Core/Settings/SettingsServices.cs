using Microsoft.Extensions.DependencyInjection;

namespace Archiving.Settings;

internal static class SettingsServices
{
    /// <summary>Registers the settings, and each section of them by itself.</summary>
    public static IServiceCollection AddSettings(this IServiceCollection services, ArchiverOptions options) => services
        .AddSingleton(options)
        .AddSingleton(options.EightByEight)
        .AddSingleton(options.Archive)
        .AddSingleton(options.Listing)
        .AddSingleton(options.Retention)
        .AddSingleton(options.Verify)
        .AddSingleton(options.Access)
        .AddSingleton(options.Catalogue)
        .AddSingleton(options.Search)
        .AddSingleton(options.Schedules)
        .AddSingleton(options.Host);
}
