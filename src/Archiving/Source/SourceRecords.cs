using Archiving.Model;
using Archiving.Outages;
using EightByEight;

namespace Archiving.Source;

/// <summary>Asks 8x8 for an object's record as it is now.</summary>
public sealed class SourceRecords(CloudStorageClient client, HealthBoard health)
{
    /// <summary>Asks; <see langword="null"/> when 8x8 does not give the record, or not so that it can be read.</summary>
    /// <exception cref="OutageException">8x8 does not work.</exception>
    public async Task<StorageObject?> TryReadAsync(string region, string id, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(region, id, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return SourceFailure.AsOutage(exception) is { } outage ? throw outage : null;
        }
    }

    /// <summary>Asks.</summary>
    /// <exception cref="ObjectGoneException">8x8 no longer has the object.</exception>
    /// <exception cref="PermanentFailureException">The API key may not read it.</exception>
    public async Task<StorageObject> ReadAsync(string region, string id, CancellationToken cancellationToken)
    {
        try
        {
            var record = await client.GetObjectAsync(region, id, cancellationToken);
            health.Clear(Condition.Source);
            return record;
        }
        catch (Exception exception) when (SourceFailure.Answer(exception) is { Status: 404 or 410 } gone)
        {
            throw new ObjectGoneException($"8x8 no longer has the object ({gone.Status}).", gone);
        }
        catch (Exception exception) when (SourceFailure.Answer(exception) is { Status: 403 } forbidden)
        {
            throw new PermanentFailureException(
                "8x8 does not let this API key read the object's record (403). Give the key's user the role Storage API for this region's "
                    + "scope, then redrive the failures.",
                forbidden)
            {
                Reason = FailureReason.Forbidden,
            };
        }
    }
}
