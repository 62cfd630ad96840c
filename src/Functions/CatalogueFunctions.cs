using Archiving.Outages;
using Archiving.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Operations.Catalogue;

namespace Functions;

/// <summary>Writes the catalogue of what is archived.</summary>
public sealed class CatalogueFunctions(TimerHandler timers, MessageHandler handler, CataloguePlanner planner, CatalogueBuilder builder)
{
    /// <summary>Queues the months that changed.</summary>
    [Function("BuildCatalogue")]
    public Task BuildCatalogueAsync([TimerTrigger(TimerSchedules.Catalogue)] TimerInfo timer, CancellationToken cancellationToken) =>
        timers.RunAsync("BuildCatalogue", planner.PlanAsync, cancellationToken, failsOnOutage: true);

    /// <summary>Builds one month of a region.</summary>
    [Function("BuildCatalogueMonth")]
    public Task BuildCatalogueMonthAsync([QueueTrigger(QueueNames.CatalogueMonths)] QueueMessage message, CancellationToken cancellationToken) =>
        handler.HandleAsync<CatalogueMessage>(QueueNames.CatalogueMonths, message, builder.BuildAsync, cancellationToken);

    /// <summary>Records a month that could not be built.</summary>
    [Function("RecordFailureToCatalogue")]
    public Task RecordFailureToCatalogueAsync(
        [QueueTrigger(QueueNames.CatalogueMonths + QueueNames.PoisonSuffix)] QueueMessage message,
        CancellationToken cancellationToken) =>
        handler.HandleFailedAsync<CatalogueMessage>(QueueNames.CatalogueMonths, message, builder.RecordFailureAsync, cancellationToken);
}
