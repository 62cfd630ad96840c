using Archiving.Copying;
using Archiving.Queues;
using Archiving.Restoring;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;

namespace Functions;

/// <summary>Archives objects, and restores first those in cold storage.</summary>
public sealed class ArchiveFunctions(MessageHandler handler, ObjectArchiver archiver, ObjectRestorer restorer)
{
    /// <summary>Copies one object, verified.</summary>
    [Function("ArchiveObject")]
    public Task ArchiveObjectAsync([QueueTrigger(QueueNames.ArchiveObjects)] QueueMessage message, CancellationToken cancellationToken) =>
        handler.HandleAsync<ObjectMessage>(
            QueueNames.ArchiveObjects,
            message,
            (work, token) => archiver.ArchiveAsync(work, message.DequeueCount, token),
            cancellationToken);

    /// <summary>Asks 8x8 to restore one object from cold storage, and comes back until it is there.</summary>
    [Function("RestoreObject")]
    public Task RestoreObjectAsync([QueueTrigger(QueueNames.RestoreObjects)] QueueMessage message, CancellationToken cancellationToken) =>
        handler.HandleAsync<ObjectMessage>(
            QueueNames.RestoreObjects,
            message,
            (work, token) => restorer.RestoreAsync(work, message.DequeueCount, message.InsertedOn, token),
            cancellationToken);
}
