using Archiving.Model;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Operations.Catalogue;

namespace Operations.Health;

/// <summary>Whether the catalogue is built as scheduled. Names regions, months and reasons.</summary>
internal sealed class CatalogueCheck(CatalogueInspector inspector) : IHealthCheck
{
    /// <summary>Name of the check.</summary>
    public const string Name = "Catalogue";

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var status = await inspector.InspectAsync(cancellationToken);
            return status is null or { Problems.Count: 0 } ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(string.Join(' ', status.Problems));
        }
        catch (OutageException)
        {
            // The check of the runtime's storage reads the same account, and reports it.
            return HealthCheckResult.Healthy();
        }
    }
}
