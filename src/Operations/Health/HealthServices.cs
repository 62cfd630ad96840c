using Archiving.Model;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Operations.Plan;

namespace Operations.Health;

internal static class HealthServices
{
    /// <summary>How long a check may take.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>The outages that only work can meet, and that all instances share.</summary>
    public static readonly IReadOnlyList<Condition> Shared = [Condition.Content, Condition.Restore, Condition.Purge, Condition.Integrity];

    /// <summary>Registers one check for each thing that is checked, in the order in which health reports them.</summary>
    public static IServiceCollection AddHealth(this IServiceCollection services)
    {
        var checks = services.AddHealthChecks()
            .AddCheck<CredentialsCheck>(nameof(Condition.Credentials), timeout: Timeout)
            .AddCheck<SourceCheck>(nameof(Condition.Source), timeout: Timeout)
            .AddCheck<VaultCheck>(nameof(Condition.Vault), timeout: Timeout)
            .AddCheck<ArchiveCheck>(nameof(Condition.Archive), timeout: Timeout)
            .AddCheck<RuntimeCheck>(nameof(Condition.Runtime), timeout: Timeout)
            .AddCheck<ListingCheck>(ListingCheck.Name, failureStatus: null, RecordedHealth.Tags, Timeout)
            .AddCheck<CatalogueCheck>(CatalogueCheck.Name, failureStatus: null, RecordedHealth.Tags, Timeout)
            .AddCheck<DrillCheck>(DrillCheck.Name, failureStatus: null, RecordedHealth.Tags, Timeout)
            .AddCheck<AuditCheck>(AuditCheck.Name, failureStatus: null, RecordedHealth.Tags, Timeout)
            .AddCheck<NotificationCheck>(NotificationCheck.Name, failureStatus: null, RecordedHealth.Tags, Timeout);
        foreach (var condition in Shared)
        {
            checks.AddTypeActivatedCheck<SharedConditionCheck>(condition.ToString(), failureStatus: null, RecordedHealth.Tags, Timeout, args: condition);
        }

        // The framework logs each failed check each time. The board logs an outage when it begins and when it ends.
        return services
            .AddLogging(logging => logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None))
            .AddSingleton<HealthReader>();
    }
}
