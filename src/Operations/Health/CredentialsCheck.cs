using Archiving.Outages;
using Archiving.Source;

namespace Operations.Health;

/// <summary>Whether there is an access token. That 8x8 accepts it is proven by <see cref="SourceCheck"/>, which clears this outage as well.</summary>
internal sealed class CredentialsCheck(AccessTokens tokens, HealthBoard board) : DependencyCheck(board)
{
    /// <inheritdoc/>
    protected override async Task ProbeAsync(CancellationToken cancellationToken) => await tokens.GetTokenAsync(cancellationToken);
}
