using Archiving.Outages;
using Archiving.Planning;
using Archiving.Queues;
using Archiving.Verifying;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;

namespace Functions;

/// <summary>Verifies the archive, a share each night.</summary>
public sealed class VerifyFunctions(TimerHandler timers, MessageHandler handler, DayPlans plans, ObjectVerifier verifier)
{
    private static readonly TimeSpan InlineDuration = TimeSpan.FromMinutes(1);

    /// <summary>Picks the night's share. What is left out one night is overdue the next.</summary>
    [Function("VerifyArchive")]
    public Task VerifyArchiveAsync([TimerTrigger("%VerifySchedule%")] TimerInfo timer, CancellationToken cancellationToken) =>
        timers.RunAsync("VerifyArchive", token => plans.StartAsync(VerificationPlanner.Night, InlineDuration, token), cancellationToken);

    /// <summary>Reads one object again and compares.</summary>
    [Function("VerifyObject")]
    public Task VerifyObjectAsync([QueueTrigger(QueueNames.VerifyObjects)] QueueMessage message, CancellationToken cancellationToken) =>
        handler.HandleAsync<ObjectMessage>(QueueNames.VerifyObjects, message, verifier.VerifyAsync, cancellationToken);
}
