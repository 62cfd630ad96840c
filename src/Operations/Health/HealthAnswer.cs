using System.Text.Json.Serialization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Operations.Health;

/// <summary>What <c>GET /api/health</c> returns.</summary>
/// <param name="Status"><c>Healthy</c> or <c>Unhealthy</c>.</param>
/// <param name="Checks">What does not work; <see langword="null"/> when everything works.</param>
public sealed record HealthAnswer(string Status, IReadOnlyList<FailedCheck>? Checks)
{
    /// <summary>Whether everything works.</summary>
    [JsonIgnore]
    public bool IsHealthy => Checks is null;

    /// <summary>The answer to what the checks found.</summary>
    /// <param name="checks">Those that failed.</param>
    public static HealthAnswer Of(IReadOnlyList<FailedCheck> checks)
    {
        ArgumentNullException.ThrowIfNull(checks);
        return checks.Count == 0 ? new HealthAnswer(nameof(HealthStatus.Healthy), Checks: null) : new HealthAnswer(nameof(HealthStatus.Unhealthy), checks);
    }
}

/// <summary>A check that failed.</summary>
/// <param name="Name">What does not work.</param>
/// <param name="Status">Always <c>Unhealthy</c>.</param>
/// <param name="Message">Cause and remedy; nothing of the tenant.</param>
public sealed record FailedCheck(string Name, string Status, string Message);
