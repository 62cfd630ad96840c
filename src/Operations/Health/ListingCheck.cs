using Archiving.Listing;
using Archiving.Model;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Operations.Health;

/// <summary>Whether every region is listed as scheduled. Names regions and reasons.</summary>
internal sealed class ListingCheck(ListingInspector inspector) : IHealthCheck
{
    /// <summary>Name of the check.</summary>
    public const string Name = "Listing";

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var problems = (await inspector.InspectAsync(cancellationToken)).Where(problem => !problem.IsExpected).ToList();
            return problems.Count == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(string.Join(' ', problems.Select(problem => problem.Text)));
        }
        catch (OutageException)
        {
            // The check of the runtime's storage reads the same account, and reports it.
            return HealthCheckResult.Healthy();
        }
    }
}
