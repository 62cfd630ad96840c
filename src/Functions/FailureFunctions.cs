using Archiving.Failures;
using Archiving.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;

namespace Functions;

/// <summary>Keeps what failed too often.</summary>
public sealed class FailureFunctions(FailureRecorder recorder)
{
    /// <summary>Records an object that could not be archived.</summary>
    [Function("RecordFailureToArchive")]
    public Task RecordFailureToArchiveAsync([QueueTrigger(QueueNames.ArchiveObjects + QueueNames.PoisonSuffix)] QueueMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        return recorder.RecordObjectAsync(message.Body, cancellationToken);
    }

    /// <summary>Records a window that could not be listed.</summary>
    [Function("RecordFailureToList")]
    public Task RecordFailureToListAsync([QueueTrigger(QueueNames.ListWindows + QueueNames.PoisonSuffix)] QueueMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        return recorder.RecordWindowAsync(message.Body, cancellationToken);
    }
}
