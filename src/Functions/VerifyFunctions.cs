using Archiving.Health;
using Archiving.Queues;
using Archiving.Scrub;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;

namespace Functions;

/// <summary>Reads the archive again, a share each night.</summary>
public sealed class VerifyFunctions(ScrubPlanner planner, ObjectVerifier verifier, Deferral deferral, HealthBoard health)
{
    /// <summary>Picks the night's share.</summary>
    [Function("VerifyArchive")]
    public async Task VerifyArchiveAsync([TimerTrigger("%VerifySchedule%")] TimerInfo timer, CancellationToken cancellationToken)
    {
        try
        {
            await planner.PlanAsync(cancellationToken);
        }
        catch (OutageException outage)
        {
            // Said once in log and health. What is left out tonight is overdue tomorrow.
            health.Report(outage);
        }
    }

    /// <summary>Reads one object again and compares.</summary>
    [Function("VerifyObject")]
    public async Task VerifyObjectAsync([QueueTrigger(QueueNames.VerifyObjects)] QueueMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        var work = ObjectMessage.Parse(message.Body);
        try
        {
            await verifier.VerifyAsync(work, cancellationToken);
        }
        catch (OutageException outage)
        {
            await deferral.PutOffAsync(QueueNames.VerifyObjects, work, outage, cancellationToken);
        }
    }
}
