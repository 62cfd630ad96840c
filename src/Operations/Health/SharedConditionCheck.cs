using Archiving.Model;
using Archiving.Outages;
using Archiving.Settings;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Operations.Health;

/// <summary>Whether an instance has recorded, for all of them, an outage that cannot be probed: only work meets it.</summary>
internal sealed class SharedConditionCheck(Condition condition, SharedConditions shared, ArchiverOptions options) : IHealthCheck
{
    // A feature that was disabled during its outage cannot end the outage by working again.
    private readonly bool _isInUse = condition switch
    {
        Condition.Restore => options.EightByEight.IncludeArchived,
        Condition.Purge => options.Purge.Enabled,
        _ => true,
    };

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!_isInUse)
        {
            return HealthCheckResult.Healthy();
        }

        try
        {
            var outages = await shared.ReadAsync(cancellationToken);
            return outages.TryGetValue(condition, out var message) ? HealthCheckResult.Unhealthy(message) : HealthCheckResult.Healthy();
        }
        catch (OutageException outage)
        {
            // Not known. The check of the runtime's storage reads the same table, and reports it.
            return HealthCheckResult.Degraded(exception: outage);
        }
        catch (OperationCanceledException)
        {
            return HealthCheckResult.Healthy();
        }
    }
}
