using Archiving.Model;
using Archiving.Outages;
using Archiving.Queues;
using Archiving.Source;
using Archiving.Telemetry;
using EightByEight;
using Microsoft.Extensions.Logging;

namespace Archiving.Purging;

/// <summary>
/// Deletes one archived object at 8x8, after checking everything again: 8x8's record, the ledger row, the receipt and
/// the stored blob. Afterwards it checks that 8x8 did so.
/// </summary>
public sealed partial class ObjectPurger(
    CloudStorageClient client,
    SourceRecords source,
    PurgeInspector inspector,
    PurgeRecorder recorder,
    SharedConditions conditions,
    ArchivingMetrics metrics,
    ILogger<ObjectPurger> logger)
{
    private const string Forbidden =
        "8x8 does not let this API key delete objects (403). Give the API app the right to edit, or set Purge__Enabled to false. Nothing was deleted.";

    /// <summary>Deletes an object at 8x8, or leaves it and says why.</summary>
    /// <returns>Whether 8x8 no longer has it because this app deleted it.</returns>
    /// <exception cref="OutageException">A dependency of every object does not work.</exception>
    public async Task<bool> PurgeAsync(ObjectMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        try
        {
            return await InspectAndPurgeAsync(message, cancellationToken);
        }
        catch (Exception exception) when (SourceFailure.AsOutage(exception) is { } outage)
        {
            throw outage;
        }
        catch (PermanentFailureException exception)
        {
            Log.Refused(logger, message.Region, message.Id, exception.Message);
            return false;
        }
    }

    private async Task<bool> InspectAndPurgeAsync(ObjectMessage message, CancellationToken cancellationToken)
    {
        if (await FindAtSourceAsync(message, cancellationToken) is not { } record)
        {
            // Gone by itself, or by an earlier delivery of this message that crashed before it could record it.
            return await CompleteAsync(await recorder.FindKeyAsync(message, cancellationToken), message, cancellationToken);
        }

        var key = LedgerKey.Of(message.Region, record);
        var finding = await inspector.InspectAsync(key, record, cancellationToken);
        if (finding.Refusal is { } reason)
        {
            Log.Refused(logger, message.Region, message.Id, reason);
            await recorder.RememberAsync(finding.Row, record.State, finding.SourceRefusal, cancellationToken);
            return false;
        }

        var attempt = await recorder.AddAttemptAsync(key, finding.Receipt!, cancellationToken);
        try
        {
            using var phase = metrics.StartTimer(Phase.Purge, message.Region);
            await client.DeleteAsync(message.Region, [message.Id], cancellationToken);
        }
        catch (Exception exception) when (SourceFailure.Answer(exception) is CloudStorageException answer && (answer.IsRefusal || answer.Status == 403))
        {
            if (answer.IsRefusal)
            {
                // Else who deletes the object later, 8x8's retention or a person, would be recorded as this app.
                await recorder.WithdrawAsync(key, attempt, cancellationToken);
            }

            if (answer.Status != 403)
            {
                throw;
            }

            await conditions.ReportAsync(new OutageException(Condition.Purge, Forbidden, answer), cancellationToken);
            return false;
        }

        await conditions.ClearAsync(Condition.Purge, cancellationToken);
        if (await FindAtSourceAsync(message, cancellationToken) is not null)
        {
            throw new InvalidDataException("8x8 says that it deleted the object, and still has it.");
        }

        return await CompleteAsync(key, message, cancellationToken);
    }

    /// <summary>8x8's record; <see langword="null"/> when 8x8 no longer has the object.</summary>
    private async Task<StorageObject?> FindAtSourceAsync(ObjectMessage message, CancellationToken cancellationToken)
    {
        try
        {
            var record = await source.ReadAsync(message.Region, message.Id, cancellationToken);
            if (record.State != ObjectState.Deleted && record.State != ObjectState.Revoked)
            {
                return record;
            }
        }
        catch (ObjectGoneException)
        {
            // Not found says the same.
        }

        return null;
    }

    private async Task<bool> CompleteAsync(LedgerKey key, ObjectMessage message, CancellationToken cancellationToken)
    {
        if (await recorder.TryCompleteAsync(key, cancellationToken))
        {
            return true;
        }

        Log.Refused(logger, message.Region, message.Id, "8x8 no longer has it");
        return false;
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1601, Level = LogLevel.Warning, Message = "{Region}/{ObjectId} is not deleted at 8x8: {Reason}")]
        public static partial void Refused(ILogger logger, string region, string objectId, string reason);
    }
}
