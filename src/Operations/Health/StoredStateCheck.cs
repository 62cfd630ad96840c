using Archiving.Model;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Operations.Health;

/// <summary>A check that reads what the app keeps in the storage of the runtime.</summary>
internal abstract class StoredStateCheck : IHealthCheck
{
    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            return await FindProblemAsync(cancellationToken) is { } problem ? HealthCheckResult.Unhealthy(problem) : HealthCheckResult.Healthy();
        }
        catch (OutageException outage)
        {
            // Not known. The check of the runtime's storage reads the same account, and reports it.
            return HealthCheckResult.Degraded(exception: outage);
        }
    }

    /// <summary>What does not work, in whole sentences; <see langword="null"/> when all does.</summary>
    /// <exception cref="OutageException">The storage does not answer.</exception>
    protected abstract Task<string?> FindProblemAsync(CancellationToken cancellationToken);
}
