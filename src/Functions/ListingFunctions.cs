using Archiving.Listing;
using Archiving.Outages;
using Archiving.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;

namespace Functions;

/// <summary>Finds what is new at 8x8.</summary>
public sealed class ListingFunctions(TimerHandler timers, MessageHandler handler, ListingPlanner planner, WindowLister lister)
{
    /// <summary>Plans the windows to list, region by region.</summary>
    [Function("ListObjects")]
    public Task ListObjectsAsync([TimerTrigger("%ListingSchedule%")] TimerInfo timer, CancellationToken cancellationToken) =>
        timers.RunAsync("ListObjects", planner.PlanAsync, cancellationToken);

    /// <summary>Lists one window and queues what is not archived.</summary>
    [Function("ListWindow")]
    public Task ListWindowAsync([QueueTrigger(QueueNames.ListWindows)] QueueMessage message, CancellationToken cancellationToken) =>
        handler.HandleAsync<WindowMessage>(
            QueueNames.ListWindows,
            message,
            (window, token) => lister.ListAsync(window, message.DequeueCount, token),
            cancellationToken);
}
