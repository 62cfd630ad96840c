using EightByEight;
using Microsoft.Extensions.Logging;

namespace Archiving.Source;

/// <summary>A store for a machine without a vault: the key comes from settings, the token stays in this process.</summary>
public sealed partial class MemoryTokenStore : ITokenStore
{
    private readonly ApiKey _apiKey;
    private volatile AccessToken? _token;

    /// <summary>Initializes the store, and says in the log that there is no vault.</summary>
    /// <param name="apiKey">The key from settings.</param>
    /// <param name="logger">The log.</param>
    public MemoryTokenStore(ApiKey apiKey, ILogger<MemoryTokenStore> logger)
    {
        _apiKey = apiKey;
        Log.NoVault(logger);
    }

    /// <inheritdoc/>
    public bool IsShared => false;

    /// <inheritdoc/>
    public Task<ApiKey> ReadApiKeyAsync(CancellationToken cancellationToken) => Task.FromResult(_apiKey);

    /// <inheritdoc/>
    public Task<AccessToken?> ReadTokenAsync(CancellationToken cancellationToken) => Task.FromResult(_token);

    /// <inheritdoc/>
    public Task WriteTokenAsync(AccessToken token, CancellationToken cancellationToken)
    {
        _token = token;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<string?> FindSecretAsync(string name, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1101,
            Level = LogLevel.Warning,
            Message = "KeyVault__Uri is empty: the token stays in memory, and key and secret come from settings. Use a vault for anything but development")]
        public static partial void NoVault(ILogger logger);
    }
}
