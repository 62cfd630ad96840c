using Archiving.Archive;
using Archiving.Health;
using Archiving.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;

namespace Functions;

/// <summary>Copies objects.</summary>
public sealed class ArchiveFunctions(ObjectArchiver archiver, Deferral deferral)
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
}
