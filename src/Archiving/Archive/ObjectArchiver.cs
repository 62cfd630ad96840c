using Archiving.Health;
using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Queues;
using Archiving.Settings;
using EightByEight;
using Microsoft.Extensions.Logging;

namespace Archiving.Archive;

/// <summary>
/// Archives one object. Any number may run at once, on the same object too: each gives the same result.
/// <list type="number">
/// <item>Takes the record from the message, or asks 8x8 for it.</item>
/// <item>Reads the content once, measures it, and holds it against 8x8's claims; reads it again when it contradicts them, or when no checksum proves it.</item>
/// <item>Stores the content under its final name unless something is there; other bytes there send it beside the old.</item>
/// <item>Writes the receipt, then the ledger row. The receipt is what makes the object count as archived.</item>
/// </list>
/// What 8x8 no longer has is recorded as <c>Gone</c>, what cannot be archived as <c>Failed</c>; whatever may pass is
/// thrown, so that the queue delivers the message again.
/// </summary>
public sealed partial class ObjectArchiver(
    CloudStorageClient client,
    ContentTransfer transfer,
    ArchiveStore store,
    ObjectLedger ledger,
    WorkQueues queues,
    HealthBoard health,
    ArchiverOptions options,
    TimeProvider timeProvider,
    ILogger<ObjectArchiver> logger)
{
    private const int MostReads = 4;
    private static readonly TimeSpan PendingDelay = TimeSpan.FromMinutes(15);

    /// <summary>Archives the object that a message names.</summary>
    /// <param name="message">The object.</param>
    /// <param name="attempt">How often the message has been delivered, this time included.</param>
    /// <param name="cancellationToken">Stops the work; nothing becomes visible then.</param>
    /// <exception cref="OutageException">Something that every object depends on does not work.</exception>
    public async Task ArchiveAsync(ObjectMessage message, long attempt, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        using var scope = logger.BeginScope(new Dictionary<string, object>(StringComparer.Ordinal) { ["Region"] = message.Region, ["ObjectId"] = message.Id });
        var record = message.Record;
        try
        {
            if (record is null)
            {
                record = await ReadRecordAsync(message, cancellationToken);
            }

            if (await RouteAsync(message.Region, record, cancellationToken))
            {
                return;
            }

            if (attempt > 1 && await FindReceiptAsync(message.Region, record, cancellationToken) is { } receipt)
            {
                await ledger.ReplaceAsync(LedgerEntry.Archived(message.Region, record, receipt, message.RunId), cancellationToken);
                return;
            }

            try
            {
                await CopyAsync(message, record, attempt, cancellationToken);
            }
            catch (StateChangedException exception)
            {
                record = exception.Present;
                await RouteAsync(message.Region, record, cancellationToken);
            }
        }
        catch (PermanentFailureException exception)
        {
            await FailAsync(message.Region, record ?? Unknown(message.Id), exception.Message, attempt, cancellationToken);
        }
        catch (ObjectGoneException exception)
        {
            await MarkGoneAsync(message.Region, record ?? Unknown(message.Id), exception.Message, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            if (SourceFailure.AsOutage(exception) is { } outage)
            {
                throw outage;
            }

            await NoteAsync(message.Region, record ?? Unknown(message.Id), Explain(exception), attempt, cancellationToken);
            throw;
        }
    }

    /// <summary>Records that an object could not be archived, unless it has been meanwhile.</summary>
    public async Task FailAsync(string region, StorageObject record, string reason, long attempts, CancellationToken cancellationToken)
    {
        var changed = await UpdateAsync(
            region,
            record,
            entry =>
            {
                entry.State = nameof(LedgerState.Failed);
                entry.LastError = LedgerEntry.Shorten(reason);
                entry.Attempts = (int)attempts;
            },
            cancellationToken);
        if (changed)
        {
            Log.Failed(logger, region, record.Id, reason);
        }
    }

    private async Task CopyAsync(ObjectMessage message, StorageObject record, long attempt, CancellationToken cancellationToken)
    {
        var region = message.Region;
        var started = timeProvider.GetTimestamp();
        var name = ArchiveLayout.ContentName(region, record);
        ContentDigest? unconfirmed = null;
        for (var read = 1; read <= MostReads; read++)
        {
            var confirmed = unconfirmed;
            var result = await ReadOnceAsync(region, record, name, content => IsRight(content, confirmed), cancellationToken);
            switch (result.Outcome)
            {
                case TransferOutcome.Stored:
                    await FinishAsync(message, record, name, result.Content, timeProvider.GetElapsedTime(started), cancellationToken);
                    return;

                case TransferOutcome.NameTaken when name == ArchiveLayout.ContentName(region, record):
                    // New content for an id that is archived already goes beside the old.
                    name = ArchiveLayout.LaterContentName(region, record, result.Content.Digest.Md5Hex);
                    unconfirmed = result.Content.Digest;
                    break;

                case TransferOutcome.NameTaken:
                    throw new PermanentFailureException($"Other bytes stand under {name} already. Something else writes into the container; move that blob away and queue the object again.");

                case TransferOutcome.Refused when result.Content.Mismatch is { } mismatch && unconfirmed?.Sha256 == result.Content.Digest.Sha256:
                    // Two reads agree with each other and not with the claim: it is the claim that is wrong, or 8x8's copy.
                    throw new PermanentFailureException($"8x8's content contradicts its own record, twice alike: {mismatch}. Read: {result.Content.Digest.Bytes} bytes, MD5 {result.Content.Digest.Md5Hex}, SHA-256 {result.Content.Digest.Sha256}. Nothing was stored; ask 8x8 about the object.");

                default:
                    if (result.Content.Mismatch is { } wrong)
                    {
                        Log.Mismatch(logger, region, record.Id, wrong, attempt);
                        unconfirmed = result.Content.Digest;

                        // The record in the message may be old: the object can have changed since it was listed.
                        record = await ReadRecordAsync(new ObjectMessage { Region = region, Id = record.Id }, cancellationToken);
                        if (await RouteAsync(region, record, cancellationToken))
                        {
                            return;
                        }
                    }
                    else
                    {
                        unconfirmed = result.Content.Digest;
                    }

                    break;
            }
        }

        throw new InvalidDataException("8x8 sent other bytes at every read. Nothing was stored; it is tried again later.");
    }

    /// <summary>Content may be stored when a checksum of 8x8's proves it, or else when a second read gives the same bytes.</summary>
    private static bool IsRight(VerifiedContent content, ContentDigest? earlier) =>
        content.Mismatch is null
        && (content.Verification != Verification.Size || content.Digest.Bytes == 0 || earlier?.Sha256 == content.Digest.Sha256);

    private async Task<TransferResult> ReadOnceAsync(string region, StorageObject record, string name, Func<VerifiedContent, bool> isRight, CancellationToken cancellationToken)
    {
        ObjectContent content;
        try
        {
            content = await client.OpenContentAsync(region, record.Id, cancellationToken);
        }
        catch (Exception exception) when (SourceFailure.Answer(exception) is { Status: 404 or 410 } gone)
        {
            throw new ObjectGoneException($"8x8 no longer has the content ({gone.Status}).", gone);
        }
        catch (Exception exception) when (SourceFailure.Answer(exception) is { Status: 403 } forbidden)
        {
            throw await ExplainForbiddenAsync(region, record, forbidden, cancellationToken);
        }

        await using (content)
        {
            health.Clear(Condition.Source);
            if (LooksLikeError(content, record))
            {
                throw new InvalidDataException($"8x8 answered 200 with {content.ContentType} where {record.MimeType} was promised: an error page, not the object.");
            }

            return await transfer.RunAsync(content, name, record, isRight, cancellationToken);
        }
    }

    /// <summary>A 200 whose type is that of an error page, whose length is not the object's: an error in disguise, which may pass.</summary>
    private static bool LooksLikeError(ObjectContent content, StorageObject record) =>
        content.ContentType is { } type
        && (type.StartsWith("text/html", StringComparison.OrdinalIgnoreCase) || type.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) || type.StartsWith("application/problem+json", StringComparison.OrdinalIgnoreCase))
        && record.MimeType?.StartsWith(type.Split(';')[0].Trim(), StringComparison.OrdinalIgnoreCase) != true
        && record.StoredBytes is { } stored && content.Length is { } length && length != stored;

    private async Task<Exception> ExplainForbiddenAsync(string region, StorageObject record, Exception forbidden, CancellationToken cancellationToken)
    {
        // 8x8 refuses content for two reasons: the key may not download, or the object went to cold storage meanwhile.
        var present = await ReadRecordAsync(new ObjectMessage { Region = region, Id = record.Id }, cancellationToken);
        return present.State == ObjectState.Available
            ? new PermanentFailureException(
                "8x8 does not let this API key download the object (403). Give the key's user the role Storage API with the right to download, then redrive the failures.",
                forbidden)
            : new StateChangedException(present);
    }

    private async Task<StorageObject> ReadRecordAsync(ObjectMessage message, CancellationToken cancellationToken)
    {
        try
        {
            var record = await client.GetObjectAsync(message.Region, message.Id, cancellationToken);
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
                "8x8 does not let this API key read the object's record (403). Give the key's user the role Storage API for this region's scope, then redrive the failures.",
                forbidden);
        }
    }

    /// <summary>Sends an object where its state belongs.</summary>
    /// <returns><see langword="false"/> when it is to be archived now.</returns>
    private async Task<bool> RouteAsync(string region, StorageObject record, CancellationToken cancellationToken)
    {
        if (record.State == ObjectState.Available)
        {
            return false;
        }

        if (record.State == ObjectState.Revoked || record.State == ObjectState.Deleted)
        {
            throw new ObjectGoneException($"8x8 has deleted the object (state {record.State}).", innerException: null);
        }

        if (record.State == ObjectState.Archived)
        {
            if (!options.EightByEight.IncludeArchived)
            {
                throw new PermanentFailureException("The object is in 8x8's cold storage, and EightByEight__IncludeArchived is false.");
            }

            await queues.SendAsync(QueueNames.RestoreObjects, new ObjectMessage { Region = region, Id = record.Id, Record = record }, TimeSpan.Zero, cancellationToken);
            return true;
        }

        if (record.State == ObjectState.Pending)
        {
            await queues.SendAsync(QueueNames.ArchiveObjects, new ObjectMessage { Region = region, Id = record.Id }, PendingDelay, cancellationToken);
            return true;
        }

        throw new PermanentFailureException($"8x8 reports the object in state {record.State}, in which it has no content to download.");
    }

    private async Task FinishAsync(ObjectMessage message, StorageObject record, string name, VerifiedContent content, TimeSpan duration, CancellationToken cancellationToken)
    {
        var region = message.Region;
        var receipt = new Receipt(
            region,
            record,
            name,
            content.Digest.Bytes,
            content.Digest.Md5Hex,
            content.Digest.Sha256,
            content.Verification.ToName(),
            timeProvider.GetUtcNow());
        var json = receipt.ToJson();
        var receiptName = ArchiveLayout.ReceiptName(name);
        if (!await store.TryPutAsync(receiptName, json, System.Security.Cryptography.MD5.HashData(json.Span), new ContentHeaders("application/json", ContentDisposition: null), cancellationToken))
        {
            receipt = await CheckReceiptAsync(receiptName, receipt, cancellationToken);
        }

        await ledger.ReplaceAsync(LedgerEntry.Archived(region, record, receipt, message.RunId), cancellationToken);
        health.Clear(Condition.Archive);
        Log.Archived(logger, region, record.Id, receipt.Bytes, receipt.Verification, (long)duration.TotalMilliseconds);
    }

    private async Task<Receipt> CheckReceiptAsync(string name, Receipt receipt, CancellationToken cancellationToken)
    {
        var stored = await store.ReadAsync(name, cancellationToken) ?? throw new InvalidDataException($"The receipt {name} vanished while it was written.");
        try
        {
            var present = Receipt.Parse(stored);
            if (present.Md5 == receipt.Md5 && present.Bytes == receipt.Bytes && present.Region == receipt.Region && present.Record.Id == receipt.Record.Id)
            {
                return present;
            }
        }
        catch (FormatException)
        {
            // Not a receipt at all: the same trouble as a receipt of something else.
        }

        throw new PermanentFailureException($"Something else stands under the receipt's name {name}. Something else writes into the container; move that blob away and queue the object again.");
    }

    /// <summary>The receipt of an earlier delivery of the same message, if it got that far.</summary>
    private async Task<Receipt?> FindReceiptAsync(string region, StorageObject record, CancellationToken cancellationToken)
    {
        if (await store.ReadAsync(ArchiveLayout.ReceiptName(ArchiveLayout.ContentName(region, record)), cancellationToken) is not { } body)
        {
            return null;
        }

        try
        {
            var receipt = Receipt.Parse(body);
            return receipt.Record.Id == record.Id && receipt.Record.Checksum == record.Checksum && receipt.Record.StoredBytes == record.StoredBytes ? receipt : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private async Task MarkGoneAsync(string region, StorageObject record, string reason, CancellationToken cancellationToken)
    {
        var changed = await UpdateAsync(
            region,
            record,
            entry =>
            {
                entry.State = nameof(LedgerState.Gone);
                entry.LastError = LedgerEntry.Shorten(reason);
            },
            cancellationToken);
        if (changed)
        {
            Log.Gone(logger, region, record.Id, reason);
        }
    }

    private async Task NoteAsync(string region, StorageObject record, string error, long attempt, CancellationToken cancellationToken)
    {
        Log.Attempt(logger, region, record.Id, attempt, error);
        await UpdateAsync(
            region,
            record,
            entry =>
            {
                entry.LastError = LedgerEntry.Shorten(error);
                entry.Attempts = (int)attempt;
            },
            cancellationToken);
    }

    /// <summary>Changes a row that is not archived. What is archived stays so, whatever a late or repeated message meets.</summary>
    private async Task<bool> UpdateAsync(string region, StorageObject record, Action<LedgerEntry> change, CancellationToken cancellationToken)
    {
        while (true)
        {
            var entry = await ledger.FindAsync(LedgerKey.Of(region, record), cancellationToken)
                ?? LedgerEntry.Queued(region, record, timeProvider.GetUtcNow());
            if (entry.Is(LedgerState.Archived) || entry.Is(LedgerState.Purged))
            {
                return false;
            }

            change(entry);
            if (await ledger.TryReplaceAsync(entry, cancellationToken))
            {
                return true;
            }
        }
    }

    private static StorageObject Unknown(string id) =>
        StorageObject.Parse(BinaryData.FromObjectAsJson(new { id }));

    private static string Explain(Exception exception) => exception switch
    {
        AggregateException { InnerExceptions: [.., var last] } => Explain(last),
        _ => exception.Message.ReplaceLineEndings(" "),
    };

    private static partial class Log
    {
        [LoggerMessage(EventId = 1300, Level = LogLevel.Information, Message = "Archived {Region}/{ObjectId}: {Bytes} bytes, verified by {Verification}, {Milliseconds} ms")]
        public static partial void Archived(ILogger logger, string region, string objectId, long bytes, string verification, long milliseconds);

        [LoggerMessage(EventId = 1301, Level = LogLevel.Warning, Message = "Attempt {Attempt} at {Region}/{ObjectId} failed: {Error}")]
        public static partial void Attempt(ILogger logger, string region, string objectId, long attempt, string error);

        [LoggerMessage(EventId = 1302, Level = LogLevel.Warning, Message = "Content of {Region}/{ObjectId} is not what 8x8 claims: {Mismatch}. Attempt {Attempt} reads it again")]
        public static partial void Mismatch(ILogger logger, string region, string objectId, string mismatch, long attempt);

        [LoggerMessage(EventId = 1303, Level = LogLevel.Error, Message = "{Region}/{ObjectId} cannot be archived: {Reason}")]
        public static partial void Failed(ILogger logger, string region, string objectId, string reason);

        [LoggerMessage(EventId = 1304, Level = LogLevel.Warning, Message = "{Region}/{ObjectId} is gone: {Reason}")]
        public static partial void Gone(ILogger logger, string region, string objectId, string reason);
    }
}
