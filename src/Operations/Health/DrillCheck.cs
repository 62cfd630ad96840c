using System.Globalization;
using Archiving.Model;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Operations.Drill;

namespace Operations.Health;

/// <summary>Whether the last restore drill could restore what it downloaded. Names no object: the status does, to those who may see it.</summary>
internal sealed class DrillCheck(DrillRecord record) : IHealthCheck
{
    /// <summary>Name of the check.</summary>
    public const string Name = "Drill";

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            return await record.FindAsync(cancellationToken) is { Failed: > 0 } report
                ? HealthCheckResult.Unhealthy(Describe(report))
                : HealthCheckResult.Healthy();
        }
        catch (OutageException)
        {
            // The check of the runtime's storage reads the same account, and reports it.
            return HealthCheckResult.Healthy();
        }
    }

    private static string Describe(DrillReport report)
    {
        var day = report.At.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        return $"The restore drill of {day} downloaded {Wording.Objects(report.Objects)}, of which {Wording.Number(report.Failed)} cannot be restored "
            + "as archived. The status names them. Recover them as the operator's guide says, then run the drill again.";
    }
}
