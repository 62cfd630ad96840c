namespace EightByEight;

/// <summary>Gives a <see cref="CloudStorageClient"/> its access token.</summary>
public abstract class AccessTokenSource
{
    /// <summary>A token that is good now.</summary>
    public abstract ValueTask<AccessToken> GetTokenAsync(CancellationToken cancellationToken);

    /// <summary>Another token after 8x8 refused one with 401; the same one when there is no other, and then the call fails with the 401.</summary>
    public abstract ValueTask<AccessToken> ReplaceTokenAsync(AccessToken refused, CancellationToken cancellationToken);
}
