using Archiving.Model;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Operations.Notifications;

namespace Operations.Health;

/// <summary>Whether the vault still gives the address of a webhook that worked. What the webhook itself answers is in the status.</summary>
internal sealed class NotificationCheck(Notifier notifier) : IHealthCheck
{
    /// <summary>Name of the check.</summary>
    public const string Name = "Notifications";

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            return await notifier.FindLossAsync(cancellationToken) is { } problem ? HealthCheckResult.Unhealthy(problem) : HealthCheckResult.Healthy();
        }
        catch (OutageException)
        {
            // The check of the runtime's storage reads the same account, and reports it.
            return HealthCheckResult.Healthy();
        }
    }
}
