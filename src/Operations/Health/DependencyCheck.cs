using Archiving.Model;
using Archiving.Outages;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Operations.Health;

/// <summary>Tries something that archiving needs. What it finds goes to the board too, which logs an outage once.</summary>
internal abstract class DependencyCheck(HealthBoard board) : IHealthCheck
{
    /// <summary>What this instance knows of its dependencies.</summary>
    protected HealthBoard Board => board;

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await ProbeAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (OutageException outage)
        {
            board.Report(outage);
            return HealthCheckResult.Unhealthy(outage.Message, outage);
        }
    }

    /// <summary>Tries it, and clears on the board what is proven to work.</summary>
    /// <exception cref="OutageException">It does not work, or something that it needs.</exception>
    protected abstract Task ProbeAsync(CancellationToken cancellationToken);
}
