using Archiving.Settings;
using EightByEight;
using Microsoft.Extensions.Azure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Archiving.Source;

internal static class SourceServices
{
    /// <summary>Registers 8x8 as the archiver sees it, and its tokens. The clients themselves are registered with their meters.</summary>
    public static IServiceCollection AddSource(this IServiceCollection services, ArchiverOptions options)
    {
        var apiKey = options.EightByEight is { Key: { } key, Secret: { } secret } ? new ApiKey(key, secret) : null;
        return services
            .AddSingleton<ITokenStore>(provider => options.KeyVault.Uri is null
                ? new MemoryTokenStore(apiKey!, provider.GetRequiredService<ILogger<MemoryTokenStore>>())
                : new KeyVaultTokenStore(
                    VaultClientFactory.Create(
                        options.KeyVault,
                        () => provider.GetRequiredService<AzureComponentFactory>()
                            .CreateTokenCredential(provider.GetRequiredService<IConfiguration>().GetSection("KeyVault"))),
                    apiKey,
                    provider.GetRequiredService<ILogger<KeyVaultTokenStore>>()))
            .AddSingleton<AccessTokens>()
            .AddSingleton<AccessTokenSource>(provider => provider.GetRequiredService<AccessTokens>())
            .AddSingleton<SourceHold>()
            .AddSingleton<RegionCatalog>()
            .AddSingleton<KeysetPager>()
            .AddSingleton<WantedObjects>()
            .AddSingleton<SourceListing>()
            .AddSingleton<SourceRecords>();
    }
}
