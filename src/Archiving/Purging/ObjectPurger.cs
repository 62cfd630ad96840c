using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Outages;
using Archiving.Queues;
using Archiving.Settings;
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
    ArchiveStore store,
    ObjectLedger ledger,
    ObjectFinder finder,
    PurgeAudit audit,
    SharedConditions conditions,
    ArchivingMetrics metrics,
    ArchiverOptions options,
    TimeProvider timeProvider,
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
            return await LookAndPurgeAsync(message, cancellationToken);
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

    private async Task<bool> LookAndPurgeAsync(ObjectMessage message, CancellationToken cancellationToken)
    {
        if (await FindAtSourceAsync(message, cancellationToken) is not { } record)
        {
            // Gone by itself, or by an earlier delivery of this message that crashed before it could record it.
            var known = await finder.FindAsync(message.Region, message.KnownRecord, cancellationToken);
            return await CompleteAsync(
                known is null ? LedgerKey.Of(message.Region, message.KnownRecord) : new LedgerKey(known.PartitionKey, known.RowKey),
                message,
                cancellationToken);
        }

        var key = LedgerKey.Of(message.Region, record);
        var row = await ledger.FindAsync(key, cancellationToken);
        var receipt = row?.Blob is { } blob ? await ReadReceiptAsync(blob, cancellationToken) : null;
        var stored = receipt is not null ? await store.FindAsync(receipt.Blob, cancellationToken) : null;
        if (PurgeCheck.Refuse(options.Purge, timeProvider.GetUtcNow(), row, receipt, stored, record) is { } reason)
        {
            Log.Refused(logger, message.Region, message.Id, reason);
            await RememberAsync(row, record.State, receipt is null ? null : PurgeCheck.RefuseSource(receipt.Record, record), cancellationToken);
            return false;
        }

        await audit.BeginAsync(key, receipt!, timeProvider.GetUtcNow(), cancellationToken);
        try
        {
            using var phase = metrics.Begin(Phase.Purge, message.Region);
            await client.DeleteAsync(message.Region, [message.Id], cancellationToken);
        }
        catch (Exception exception) when (SourceFailure.Answer(exception) is { Status: 403 } forbidden)
        {
            await conditions.ReportAsync(new OutageException(Condition.Purge, Forbidden, forbidden), cancellationToken);
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
        if (await audit.FindAsync(key, cancellationToken) is not { } begun)
        {
            Log.Refused(logger, message.Region, message.Id, "8x8 no longer has it");
            await RememberAsync(await ledger.FindAsync(key, cancellationToken), ObjectState.Deleted, refusal: null, cancellationToken);
            return false;
        }

        await audit.CompleteAsync(begun, begun.DeletedAt ?? timeProvider.GetUtcNow(), cancellationToken);
        while (await ledger.FindAsync(key, cancellationToken) is { } row && row.Is(LedgerState.Archived))
        {
            row.State = nameof(LedgerState.Purged);
            if (await ledger.TryReplaceAsync(row, cancellationToken))
            {
                metrics.CountPurged(row.Region, row.Type);
                Log.Purged(logger, message.Region, message.Id, begun.Bytes, begun.Verification);
                return true;
            }
        }

        return true;
    }

    /// <summary>Writes down what 8x8 said, so that the planner does not ask for the same object every night in the place of others.</summary>
    private async Task RememberAsync(LedgerEntry? row, ObjectState state, string? refusal, CancellationToken cancellationToken)
    {
        // From another state it may come back; a listing sees that, and the state in the row is all there is to remember.
        refusal = state == ObjectState.Available ? refusal : null;
        if (row is null || !row.Is(LedgerState.Archived) || (row.SourceState == state.ToString() && row.PurgeRefused == refusal))
        {
            return;
        }

        row.SourceState = state.ToString();
        row.PurgeRefused = refusal;

        // A row that was written meanwhile is newer than what was read here; the object is queued on another night.
        await ledger.TryReplaceAsync(row, cancellationToken);
    }

    private async Task<Receipt?> ReadReceiptAsync(string blob, CancellationToken cancellationToken)
    {
        try
        {
            return await store.ReadAsync(ArchiveLayout.ReceiptName(blob), cancellationToken) is { } body ? Receipt.Parse(body) : null;
        }
        catch (FormatException exception)
        {
            throw new PermanentFailureException("its receipt cannot be read", exception);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1600, Level = LogLevel.Information, Message = "Deleted {Region}/{ObjectId} at 8x8: {Bytes} bytes, archived and verified by {Verification}")]
        public static partial void Purged(ILogger logger, string region, string objectId, long bytes, string verification);

        [LoggerMessage(EventId = 1601, Level = LogLevel.Warning, Message = "{Region}/{ObjectId} is not deleted at 8x8: {Reason}")]
        public static partial void Refused(ILogger logger, string region, string objectId, string reason);
    }
}
