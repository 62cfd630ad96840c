using Archiving.Listing;
using Archiving.Storage;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Operations.Plan;

/// <summary>
/// What health reports of the app's work. The checks of what the app depends on are left out: the doctor checks that
/// itself, and writes nothing where they would.
/// </summary>
public sealed class RecordedHealth(HealthCheckService checks, StorageClients storage)
{
    /// <summary>Tags of the checks that read what is on record.</summary>
    public static readonly IReadOnlyList<string> Tags = ["recorded"];

    /// <summary>Runs the checks; nothing where the app never started, because nothing is on record.</summary>
    internal async Task<IReadOnlyList<Check>> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!await FirstStart.IsOnRecordAsync(storage.Tables, cancellationToken))
            {
                return [];
            }
        }
        catch (Exception exception) when (StorageOutage.Runtime(exception) is { } outage)
        {
            return [Check.Unknown(CheckNames.Health, outage.Message)];
        }

        var report = await checks.CheckHealthAsync(check => check.Tags.Overlaps(Tags), cancellationToken);
        Check[] problems =
        [
            .. from entry in report.Entries
               where entry.Value.Status != HealthStatus.Healthy
               select entry.Value.Exception is { } exception
                    ? Check.Unknown(entry.Key, $"The check of health failed: {exception.Message}")
                    : Check.Problem(entry.Key, entry.Value.Description ?? ""),
        ];
        return problems.Length > 0 ? problems : [Check.Ok(CheckNames.Health, "The app has started here, and reports nothing wrong with its work.")];
    }
}
