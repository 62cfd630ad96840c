using System.Text.Json.Serialization;
using Archiving.Outages;
using Archiving.Planning;
using Archiving.Purging;
using Archiving.Queues;
using Azure.Storage.Queues.Models;
using Functions.Access;
using Functions.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Operations.Access;

namespace Functions;

/// <summary>Deletes at 8x8 what is archived and proven. Off unless two settings are given.</summary>
public sealed class PurgeFunctions(TimerHandler timers, MessageHandler handler, DayPlans plans, PurgePlanner planner, ObjectPurger purger)
{
    private static readonly TimeSpan InlineDuration = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AtOnceInRequest = TimeSpan.FromSeconds(5);

    /// <summary>Picks what is old enough, each night after the objects to verify were picked.</summary>
    [Function("PlanPurge")]
    public Task PlanPurgeAsync([TimerTrigger("%VerifySchedule%")] TimerInfo timer, CancellationToken cancellationToken) =>
        timers.RunAsync("PlanPurge", RunNightlyAsync, cancellationToken);

    /// <summary>The same, by hand: <c>{dryRun?}</c>, which is <c>true</c> unless it is said otherwise.</summary>
    [Function("StartPurge")]
    [AllowedRoles(Role.Administrator)]
    public async Task<IActionResult> StartPurgeAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "purge")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var wanted = await RequestBody.ReadAsync(request, RequestJson.Default.PurgeRequest, cancellationToken);
        var isDryRun = wanted.DryRun ?? true;
        if (!planner.CanPlan || (!isDryRun && !planner.IsEnabled))
        {
            throw new ConflictException("Purging is not switched on. Set Purge__AfterDays for a dry run, and Purge__Enabled to true to delete.");
        }

        var plan = await plans.StartAsync(planner.Prepare(isDryRun), AtOnceInRequest, cancellationToken)
            ?? throw new ConflictException("A purge, or its dry run, is under way. Try again when its report is in the container under _reports/purge/.");
        return ApiJson.Result(
            planner.ToResult(plan),
            ApiJson.Default.PurgePlan,
            isDryRun && plan.IsComplete ? StatusCodes.Status200OK : StatusCodes.Status202Accepted);
    }

    /// <summary>Deletes one object at 8x8, if all checks pass.</summary>
    [Function("PurgeObject")]
    public Task PurgeObjectAsync([QueueTrigger(QueueNames.PurgeObjects)] QueueMessage message, CancellationToken cancellationToken) =>
        handler.HandleAsync<ObjectMessage>(QueueNames.PurgeObjects, message, purger.PurgeAsync, cancellationToken);

    private async Task RunNightlyAsync(CancellationToken cancellationToken)
    {
        if (await planner.PrepareNightlyAsync(cancellationToken) is { } plan)
        {
            await plans.StartAsync(plan, InlineDuration, cancellationToken);
        }
    }
}

/// <summary>How to purge.</summary>
/// <param name="DryRun">Whether it only tells what would be deleted; so it does when it is missing.</param>
internal sealed record PurgeRequest([property: JsonConverter(typeof(BooleanField))] bool? DryRun = null);
