using Microsoft.Extensions.Diagnostics.HealthChecks;
using Operations.Access;

namespace Operations.Health;

/// <summary>
/// Whether this instance could write the audit log when it last tried. It writes no line by itself, which would tell of no access.
/// Archiving does not depend on the log, so a failure is no outage that defers work.
/// </summary>
internal sealed class AuditCheck(AuditLog audit) : IHealthCheck
{
    /// <summary>Name of the check.</summary>
    public const string Name = "Audit";

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await audit.ProbeAsync(cancellationToken);
        return audit.Problem is { } problem ? HealthCheckResult.Unhealthy(problem) : HealthCheckResult.Healthy();
    }
}
