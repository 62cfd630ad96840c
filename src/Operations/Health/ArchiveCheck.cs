using Archiving.Archive;
using Archiving.Model;
using Archiving.Outages;

namespace Operations.Health;

/// <summary>Whether the container can be written to.</summary>
internal sealed class ArchiveCheck(ArchiveStore archive, HealthBoard board) : DependencyCheck(board)
{
    /// <inheritdoc/>
    protected override async Task ProbeAsync(CancellationToken cancellationToken)
    {
        await archive.ProbeAsync(cancellationToken);
        Board.Clear(Condition.Archive);
    }
}
