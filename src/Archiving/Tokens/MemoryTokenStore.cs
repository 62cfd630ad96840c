using EightByEight;

namespace Archiving.Tokens;

/// <summary>A store for a machine without a vault: the key comes from settings, the token stays in this process.</summary>
/// <param name="apiKey">The key from settings.</param>
public sealed class MemoryTokenStore(ApiKey apiKey) : ITokenStore
{
    private volatile AccessToken? _token;

    /// <inheritdoc/>
    public bool IsShared => false;

    /// <inheritdoc/>
    public Task<ApiKey> ReadApiKeyAsync(CancellationToken cancellationToken) => Task.FromResult(apiKey);

    /// <inheritdoc/>
    public Task<AccessToken?> ReadTokenAsync(CancellationToken cancellationToken) => Task.FromResult(_token);

    /// <inheritdoc/>
    public Task WriteTokenAsync(AccessToken token, CancellationToken cancellationToken)
    {
        _token = token;
        return Task.CompletedTask;
    }
}
