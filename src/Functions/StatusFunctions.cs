using Archiving.Outages;
using Functions.Access;
using Functions.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Operations.Access;
using Operations.Catalogue;
using Operations.Drill;
using Operations.Notifications;
using Operations.Status;

namespace Functions;

/// <summary>Serves the status and its history.</summary>
public sealed class StatusFunctions(
    StatusReader reader,
    StatusHistory history,
    CatalogueInspector catalogue,
    DrillRecord drills,
    Notifier notifier,
    TimerHandler timers)
{
    /// <summary>Counts by state and type, queues, token, listings, and what is nearest to being lost.</summary>
    [Function("GetStatus")]
    [AllowedRoles(Role.Operator, Audit = AuditRule.SignedIn)]
    public async Task<IActionResult> GetStatusAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "status")] HttpRequest request,
        CancellationToken cancellationToken) =>
        ApiJson.Result(
            await reader.ReadAsync(cancellationToken) with
            {
                Catalogue = await catalogue.InspectAsync(cancellationToken),
                Drill = await drills.FindAsync(cancellationToken),
                Notifications = await notifier.FindStatusAsync(cancellationToken),
            },
            ApiJson.Default.StatusReport);

    /// <summary>The main figures of the status over the last <c>hours</c>.</summary>
    [Function("GetHistory")]
    [AllowedRoles(Role.Operator, Audit = AuditRule.SignedIn)]
    public async Task<IActionResult> GetHistoryAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "history")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var hours = new RequestQuery(request, "hours").Integer("hours", defaultValue: 24, min: 1, StatusHistory.MaxHours);
        return ApiJson.Result(await history.ReadAsync(hours, cancellationToken), ApiJson.Default.StatusSamples);
    }

    /// <summary>Samples the status every five minutes, and warns when something needs a person.</summary>
    [Function("SampleStatus")]
    public Task SampleStatusAsync([TimerTrigger("30 */5 * * * *")] TimerInfo timer, CancellationToken cancellationToken) =>
        timers.RunAsync("SampleStatus", async stop => await notifier.WarnAsync(await history.SampleAsync(stop), stop), cancellationToken);
}
