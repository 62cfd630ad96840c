using Archiving.Model;
using Archiving.Outages;
using Archiving.Queues;

namespace Operations.Health;

/// <summary>Whether queues and tables can be read.</summary>
internal sealed class RuntimeCheck(WorkQueues queues, SharedConditions shared, HealthBoard board) : DependencyCheck(board)
{
    /// <inheritdoc/>
    protected override async Task ProbeAsync(CancellationToken cancellationToken)
    {
        await queues.CountAsync(QueueNames.All, cancellationToken);
        await shared.ReadAsync(cancellationToken);
        Board.Clear(Condition.Runtime);
    }
}
