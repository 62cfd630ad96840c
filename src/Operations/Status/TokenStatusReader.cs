using Archiving.Model;
using Archiving.Outages;
using Archiving.Source;

namespace Operations.Status;

/// <summary>Finds out how long the access token is good for.</summary>
public sealed class TokenStatusReader(ITokenStore store, AccessTokens tokens, HealthBoard health, TimeProvider timeProvider)
{
    /// <summary>A vault that does not answer must hide neither the rest of the status nor the metrics.</summary>
    public async Task<TokenStatus> ReadAsync(CancellationToken cancellationToken)
    {
        if (tokens.ExpiresOn is { } held && held > timeProvider.GetUtcNow())
        {
            return new TokenStatus(held);
        }

        try
        {
            return new TokenStatus((await store.ReadTokenAsync(cancellationToken))?.ExpiresOn);
        }
        catch (OutageException outage) when (outage.Condition == Condition.Vault)
        {
            health.Report(outage);
            return new TokenStatus(ExpiresOn: null);
        }
    }
}
