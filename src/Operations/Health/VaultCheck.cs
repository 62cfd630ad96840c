using Archiving.Model;
using Archiving.Outages;
using Archiving.Source;

namespace Operations.Health;

/// <summary>Whether the vault can be read.</summary>
internal sealed class VaultCheck(ITokenStore store, HealthBoard board) : DependencyCheck(board)
{
    /// <inheritdoc/>
    protected override async Task ProbeAsync(CancellationToken cancellationToken)
    {
        await store.ReadTokenAsync(cancellationToken);
        Board.Clear(Condition.Vault);
    }
}
