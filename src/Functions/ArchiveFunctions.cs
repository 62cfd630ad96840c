using Archiving.Archive;
using Archiving.Health;
using Archiving.Queues;
using Archiving.Restore;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;

namespace Functions;

/// <summary>Copies objects, and brings back first those in cold storage.</summary>
public sealed class ArchiveFunctions(ObjectArchiver archiver, ObjectRestorer restorer, Deferral deferral)
{
    /// <summary>Copies one object, verified.</summary>
    [Function("ArchiveObject")]
    public async Task ArchiveObjectAsync([QueueTrigger(QueueNames.ArchiveObjects)] QueueMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        var work = ObjectMessage.Parse(message.Body);
        try
        {
            await archiver.ArchiveAsync(work, message.DequeueCount, cancellationToken);
        }
        catch (OutageException outage)
        {
            await deferral.PutOffAsync(QueueNames.ArchiveObjects, work, outage, cancellationToken);
        }
    }

    /// <summary>Asks 8x8 to restore one object from cold storage, and comes back until it is there.</summary>
    [Function("RestoreObject")]
    public async Task RestoreObjectAsync([QueueTrigger(QueueNames.RestoreObjects)] QueueMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        var work = ObjectMessage.Parse(message.Body);
        try
        {
            await restorer.RestoreAsync(work, message.DequeueCount, message.InsertedOn, cancellationToken);
        }
        catch (OutageException outage)
        {
            await deferral.PutOffAsync(QueueNames.RestoreObjects, work, outage, cancellationToken);
        }
    }
}
