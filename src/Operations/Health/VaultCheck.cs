using Archiving.Model;
using Archiving.Outages;
using Archiving.Source;

namespace Operations.Health;

/// <summary>Whether the vault can be read, and took the token of this instance if that requested one.</summary>
internal sealed class VaultCheck(ITokenStore store, AccessTokens tokens, HealthBoard board) : DependencyCheck(board)
{
    /// <inheritdoc/>
    protected override async Task ProbeAsync(CancellationToken cancellationToken)
    {
        await store.ReadTokenAsync(cancellationToken);
        if (tokens.NotKept is { } outage)
        {
            throw outage;
        }

        Board.Clear(Condition.Vault);
    }
}
