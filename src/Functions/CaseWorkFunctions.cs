using Archiving.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Operations.Cases;

namespace Functions;

/// <summary>Does the work on cases that takes long: objects of a search, legal holds, exports.</summary>
public sealed class CaseWorkFunctions(MessageHandler handler, CaseChanger changer, CaseExporter exporter)
{
    /// <summary>Adds, removes, holds or releases objects of a case.</summary>
    [Function("ChangeCase")]
    public Task ChangeCaseAsync([QueueTrigger(QueueNames.ChangeCases)] QueueMessage message, CancellationToken cancellationToken) =>
        handler.HandleAsync<CaseMessage>(QueueNames.ChangeCases, message, changer.ChangeAsync, cancellationToken);

    /// <summary>Writes one part of a case's export.</summary>
    [Function("ExportCase")]
    public Task ExportCaseAsync([QueueTrigger(QueueNames.ExportCases)] QueueMessage message, CancellationToken cancellationToken) =>
        handler.HandleAsync<CaseMessage>(QueueNames.ExportCases, message, exporter.ExportAsync, cancellationToken);

    /// <summary>Records a change of a case that failed.</summary>
    [Function("RecordFailureToChangeCase")]
    public Task RecordFailureToChangeCaseAsync(
        [QueueTrigger(QueueNames.ChangeCases + QueueNames.PoisonSuffix)] QueueMessage message,
        CancellationToken cancellationToken) =>
        handler.HandleFailedAsync<CaseMessage>(QueueNames.ChangeCases, message, changer.RecordFailureAsync, cancellationToken);

    /// <summary>Records an export that failed.</summary>
    [Function("RecordFailureToExportCase")]
    public Task RecordFailureToExportCaseAsync(
        [QueueTrigger(QueueNames.ExportCases + QueueNames.PoisonSuffix)] QueueMessage message,
        CancellationToken cancellationToken) =>
        handler.HandleFailedAsync<CaseMessage>(QueueNames.ExportCases, message, exporter.RecordFailureAsync, cancellationToken);
}
