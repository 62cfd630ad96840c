using System.Text.Json.Serialization;
using Archiving.Listing;
using Archiving.Model;
using Archiving.Outages;
using Archiving.Source;
using Functions.Access;
using Functions.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Operations.Access;
using Operations.Runs;

namespace Functions;

/// <summary>Starts runs and reports their progress.</summary>
public sealed class RunFunctions(RunStarter starter, RunReader reader, ReconcileReports reports, SourceHold hold, TimerHandler timers, TimerRuns timerRuns)
{
    /// <summary>Starts to archive what was created in a time range: <c>{from,to,regions?,types?}</c>.</summary>
    [Function("StartBackfill")]
    [AllowedRoles(Role.Operator)]
    public async Task<IActionResult> StartBackfillAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "backfill")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var (from, to, regions, types) = await RequestBody.ReadAsync(request, RequestJson.Default.BackfillRequest, cancellationToken);
        if (to <= from)
        {
            throw new BadRequestException("to", "Expected a time after \"from\".");
        }

        try
        {
            return Accepted(await starter.BackfillAsync(from, to, Distinct(regions), Distinct(types), cancellationToken));
        }
        catch (RefusedException exception)
        {
            throw new BadRequestException(exception.Field ?? "to", exception.Message);
        }
    }

    /// <summary>Compares everything that 8x8 has with the archive, by schedule.</summary>
    [Function("Reconcile")]
    public Task ReconcileAsync([TimerTrigger("%ReconcileSchedule%")] TimerInfo timer, CancellationToken cancellationToken) =>
        timers.RunAsync("Reconcile", starter.ReconcileAsync, cancellationToken, failsOnOutage: true);

    /// <summary>The same, by hand.</summary>
    [Function("StartReconcile")]
    [AllowedRoles(Role.Operator)]
    public async Task<IActionResult> StartReconcileAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "reconcile")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        await RequestBody.ReadAsync(request, RequestJson.Default.EmptyRequest, cancellationToken);
        hold.ThrowIfOn();
        var started = await starter.ReconcileAsync(cancellationToken);

        // Where its schedule was missed, this makes up for it.
        await timerRuns.RecordAsync("Reconcile", cancellationToken);
        return Accepted(started);
    }

    /// <summary>The newest report.</summary>
    [Function("GetLatestReconcile")]
    [AllowedRoles(Role.Operator)]
    public async Task<IActionResult> GetLatestReconcileAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "reconcile/latest")] HttpRequest request,
        CancellationToken cancellationToken) =>
        await reports.ReadLatestAsync(cancellationToken) is { } report
            ? new ContentResult { Content = report.ToString(), ContentType = ApiJson.ContentType, StatusCode = StatusCodes.Status200OK }
            : throw new NotFoundException("There is no report yet. POST /api/reconcile makes one.");

    /// <summary>Restores the ledger from the receipts.</summary>
    [Function("RebuildLedger")]
    [AllowedRoles(Role.Administrator)]
    public async Task<IActionResult> RebuildLedgerAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "ledger/rebuild")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        await RequestBody.ReadAsync(request, RequestJson.Default.EmptyRequest, cancellationToken);
        return Accepted(await starter.RebuildAsync(cancellationToken));
    }

    /// <summary>How far a run is.</summary>
    [Function("GetRun")]
    [AllowedRoles(Role.Operator)]
    public async Task<IActionResult> GetRunAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "runs/{runId}")] HttpRequest request,
        string runId,
        CancellationToken cancellationToken) =>
        await reader.ReadAsync(runId, cancellationToken) is { } progress
            ? ApiJson.Result(progress, ApiJson.Default.RunProgress)
            : throw new NotFoundException("There is no run of this id. Runs are kept for a week.");

    private static IReadOnlyList<string> Distinct(IReadOnlyList<string>? names) => [.. (names ?? []).Distinct(StringComparer.Ordinal)];

    private static ContentResult Accepted(StartedRun run) => ApiJson.Result(run, ApiJson.Default.StartedRun, StatusCodes.Status202Accepted);
}

/// <summary>What a backfill archives.</summary>
/// <param name="From">Objects created before are left out.</param>
/// <param name="To">Objects created then or later are left out.</param>
/// <param name="Regions">8x8's regions; all when it is missing.</param>
/// <param name="Types">Object types; all when it is missing.</param>
internal sealed record BackfillRequest(
    [property: JsonConverter(typeof(TimeFieldConverter))] DateTimeOffset From,
    [property: JsonConverter(typeof(TimeFieldConverter))] DateTimeOffset To,
    [property: JsonConverter(typeof(NamesField))] IReadOnlyList<string>? Regions = null,
    [property: JsonConverter(typeof(NamesField))] IReadOnlyList<string>? Types = null);
