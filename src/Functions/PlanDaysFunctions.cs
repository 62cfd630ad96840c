using Archiving.Planning;
using Archiving.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;

namespace Functions;

/// <summary>Goes through the ledger day by day, for whatever has to look at all of it.</summary>
public sealed class PlanDaysFunctions(MessageHandler handler, DayPlans plans)
{
    /// <summary>Does the next step of a plan.</summary>
    [Function("PlanDays")]
    public Task PlanDaysAsync([QueueTrigger(QueueNames.PlanDays)] QueueMessage message, CancellationToken cancellationToken) =>
        handler.HandleAsync<PlanMessage>(QueueNames.PlanDays, message, plans.ContinueAsync, cancellationToken);

    /// <summary>Leaves out a day at which a plan failed too often.</summary>
    [Function("RecordFailureToPlan")]
    public Task RecordFailureToPlanAsync(
        [QueueTrigger(QueueNames.PlanDays + QueueNames.PoisonSuffix)] QueueMessage message,
        CancellationToken cancellationToken) =>
        handler.HandleFailedAsync<PlanMessage>(QueueNames.PlanDays, message, plans.SkipDayAsync, cancellationToken);
}
