using EightByEight;

namespace Operations.Plan;

/// <summary>An access token for one plan. It stays in memory: nothing is written into the vault, and the app's own token is left alone.</summary>
internal sealed class BorrowedToken(TokenClient client, ApiKey apiKey, TimeProvider timeProvider) : AccessTokenSource
{
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(30);
    private AccessToken? _held;

    /// <inheritdoc/>
    /// <exception cref="TokenRequestException">8x8 gives none.</exception>
    public override async ValueTask<AccessToken> GetTokenAsync(CancellationToken cancellationToken)
    {
        // A count can outlast a token.
        if (_held is { } held && timeProvider.GetUtcNow() < held.ExpiresOn - ((held.ExpiresOn - held.IssuedAt) / 4))
        {
            return held;
        }

        return _held = await client.RequestTokenAsync(apiKey, cancellationToken);
    }

    /// <inheritdoc/>
    public override async ValueTask<AccessToken> ReplaceTokenAsync(AccessToken refused, CancellationToken cancellationToken)
    {
        if (_held is { } held && timeProvider.GetUtcNow() - held.IssuedAt < FreshFor)
        {
            return held;
        }

        _held = null;
        return await GetTokenAsync(cancellationToken);
    }
}
