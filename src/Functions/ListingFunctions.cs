using Archiving.Health;
using Archiving.Listing;
using Archiving.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;

namespace Functions;

/// <summary>Finds what is new at 8x8.</summary>
public sealed class ListingFunctions(ListingPlanner planner, WindowLister lister, Deferral deferral, HealthBoard health)
{
    /// <summary>Plans the windows to list, region by region.</summary>
    [Function("ListObjects")]
    public async Task ListObjectsAsync([TimerTrigger("%ListingSchedule%")] TimerInfo timer, CancellationToken cancellationToken)
    {
        try
        {
            await planner.PlanAsync(cancellationToken);
        }
        catch (OutageException outage)
        {
            // Said once in log and health, and tried again at the next tick: the watermark has not moved.
            health.Report(outage);
        }
    }

    /// <summary>Lists one window and queues what is not archived.</summary>
    [Function("ListWindow")]
    public async Task ListWindowAsync([QueueTrigger(QueueNames.ListWindows)] QueueMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        var window = WindowMessage.Parse(message.Body);
        try
        {
            await lister.ListAsync(window, cancellationToken);
        }
        catch (OutageException outage)
        {
            await deferral.PutOffAsync(window, outage, cancellationToken);
        }
    }
}
