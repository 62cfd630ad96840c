using System.Diagnostics;
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

namespace Archiving.Copying;

/// <summary>
/// Archives one object. Any number may run at once, on the same object too: each gives the same result.
/// <list type="number">
/// <item>Takes the record from the message, or asks 8x8 for it.</item>
/// <item>Reads the content once, measures it, and compares it with 8x8's claims; reads it again when it contradicts them, or when no checksum proves it.</item>
/// <item>Stores the content under its final name unless that exists; when other bytes exist there, under another name beside them.</item>
/// <item>Writes the receipt, then the ledger row. The receipt is what makes the object count as archived.</item>
/// </list>
/// What 8x8 no longer has is recorded as <c>Gone</c>, what cannot be archived as <c>Failed</c>; a failure that may be temporary
/// is thrown, so that the queue delivers the message again.
/// </summary>
public sealed partial class ObjectArchiver(
    CloudStorageClient client,
    SourceRecords source,
    ServerSideCopy serverSide,
    ContentTransfer transfer,
    ArchiveStore store,
    ObjectLedger ledger,
    OutcomeRecorder outcomes,
    WorkQueues queues,
    HealthBoard health,
    FailingObjects failing,
    ArchivingMetrics metrics,
    ArchiverOptions options,
    TimeProvider timeProvider,
    ILogger<ObjectArchiver> logger)
{
    private const int MostReads = 4;
    private const int MostNames = 3;
    private static readonly TimeSpan PendingDelay = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan BusyDelay = TimeSpan.FromMinutes(1);

    /// <summary>Archives the object that a message names.</summary>
    /// <param name="message">The object.</param>
    /// <param name="attempt">How often the message has been delivered, this time included.</param>
    /// <param name="cancellationToken">Stops the work; nothing becomes visible then.</param>
    /// <exception cref="OutageException">A dependency of every object does not work.</exception>
    public Task ArchiveAsync(ObjectMessage message, long attempt, CancellationToken cancellationToken)
    {
        var work = new ObjectWork(message, attempt);
        return outcomes.RunAsync(work, () => ArchiveAsync(work, cancellationToken), cancellationToken);
    }

    private async Task ArchiveAsync(ObjectWork work, CancellationToken cancellationToken)
    {
        if (work.Message.Record is null)
        {
            work.Record = await source.ReadAsync(work.Region, work.Id, cancellationToken);
        }

        if (await RouteAsync(work, cancellationToken))
        {
            return;
        }

        if ((work.Attempt > 1 || work.Message.IsSentAgain) && await FindReceiptAsync(work, cancellationToken) is { } receipt)
        {
            await WriteRowAsync(work, receipt, cancellationToken);
            return;
        }

        try
        {
            await CopyAsync(work, cancellationToken);
        }
        catch (StateChangedException exception)
        {
            work.Record = exception.Present;
            await RouteAsync(work, cancellationToken);
        }
        catch (NoPlaceException)
        {
            // Sent again, so that waiting costs no attempt; another instance, which has a free place, may receive it.
            await queues.SendAsync(QueueNames.ArchiveObjects, work.Message, BusyDelay, cancellationToken);
        }
    }

    private async Task CopyAsync(ObjectWork work, CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var name = ArchiveLayout.ContentName(work.Region, work.Record);
        var namesTaken = 0;
        ContentDigest? unconfirmed = null;
        RetryCause? again = null;
        for (var read = 1; read <= MostReads; read++)
        {
            if (again is { } cause)
            {
                metrics.CountRetry(RetryScope.Read, cause);
            }

            var confirmed = unconfirmed;
            var result = await ReadOnceAsync(work, name, content => IsRight(work.Record, content, confirmed), cancellationToken);
            if (result.Content.Mismatch is not null)
            {
                metrics.CountMismatch(work.Region, work.Record.Type, result.Content.Cause);
            }

            switch (result.Outcome)
            {
                case TransferOutcome.Stored when await TryFinishAsync(work, name, result.Content, timeProvider.GetElapsedTime(started), cancellationToken):
                    return;

                case TransferOutcome.Stored or TransferOutcome.NameTaken when namesTaken == MostNames:
                    throw new PermanentFailureException($"{name} or its receipt already exists with different content. Another application writes to the container; move that content away and queue the object again.") { Reason = FailureReason.NameTaken };

                case TransferOutcome.Stored or TransferOutcome.NameTaken:
                    // New content for an id that is archived already, or bytes or a receipt that were damaged: it goes beside the old.
                    name = ArchiveLayout.LaterContentName(work.Region, work.Record, result.Content.Digest.Md5Hex, ++namesTaken);
                    unconfirmed = result.Content.Digest;
                    again = RetryCause.NameTaken;
                    read--;
                    break;

                case TransferOutcome.Refused when result.Content.Mismatch is { } mismatch && unconfirmed?.Sha256 == result.Content.Digest.Sha256:
                    // Two reads agree with each other and not with the claim: the claim is wrong, or 8x8's copy is.
                    throw new PermanentFailureException($"8x8's content contradicts its own record, on two reads: {mismatch}. Read: {result.Content.Digest.Bytes} bytes, MD5 {result.Content.Digest.Md5Hex}, SHA-256 {result.Content.Digest.Sha256}. Nothing was stored; ask 8x8 about the object.") { Reason = FailureReason.WrongContent };

                default:
                    unconfirmed = result.Content.Digest;
                    again = RetryCause.Unconfirmed;
                    if (result.Content.Mismatch is { } wrong)
                    {
                        again = RetryCause.WrongContent;
                        Log.Mismatch(logger, work.Region, work.Id, wrong, work.Attempt);

                        // The record in the message may be old: the object can have changed since it was listed.
                        work.Record = await source.ReadAsync(work.Region, work.Id, cancellationToken);
                        if (await RouteAsync(work, cancellationToken))
                        {
                            return;
                        }
                    }

                    // A name beside the old was made of the content that was read then; this is other content.
                    name = ArchiveLayout.ContentName(work.Region, work.Record);
                    namesTaken = 0;
                    break;
            }
        }

        throw new InvalidDataException("8x8 sent other bytes at every read. Nothing was stored; it is tried again later.");
    }

    /// <summary>Content may be stored when a checksum of 8x8's proves it, or else when a second read gives the same bytes.</summary>
    private static bool IsRight(StorageObject record, VerifiedContent content, ContentDigest? earlier) =>
        content.Mismatch is null
        && (content.Verification != Verification.Size || record.StoredBytes == 0 || earlier?.Sha256 == content.Digest.Sha256);

    private async Task<TransferResult> ReadOnceAsync(ObjectWork work, string name, Func<VerifiedContent, bool> isRight, CancellationToken cancellationToken)
    {
        if (serverSide.Suits(work.Record) && await AskAsync(work, () => CopyAsideAsync(work, name, cancellationToken), cancellationToken) is { } copied)
        {
            return copied;
        }

        using var place = await transfer.EnterAsync(work.Record.StoredBytes, cancellationToken);
        var content = await AskAsync(work, () => OpenAsync(work, cancellationToken), cancellationToken);
        await using (content)
        {
            health.Clear(Condition.Source);
            failing.Clear();
            if (LooksLikeError(content, work.Record))
            {
                throw new InvalidDataException($"8x8 answered 200 with {content.ContentType} where {work.Record.MimeType} was promised: an error page, not the object.");
            }

            try
            {
                using var phase = metrics.Begin(Phase.Store, work.Region);
                return await transfer.RunAsync(place, content, name, work.Record, isRight, cancellationToken);
            }
            catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
            {
                throw new IOException("8x8 stopped sending in the middle of the content. Nothing was stored; it is tried again later.", exception);
            }
        }
    }

    /// <summary>Asks 8x8 for content, and says in the archive's terms why it is refused.</summary>
    private async Task<T> AskAsync<T>(ObjectWork work, Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await ask();
        }
        catch (Exception exception) when (SourceFailure.Answer(exception) is { Status: 404 or 410 } gone)
        {
            throw new ObjectGoneException($"8x8 no longer has the content ({gone.Status}).", gone);
        }
        catch (Exception exception) when (SourceFailure.Answer(exception) is { Status: 403 } forbidden)
        {
            throw await ExplainForbiddenAsync(work, forbidden, cancellationToken);
        }
    }

    private async Task<ObjectContent> OpenAsync(ObjectWork work, CancellationToken cancellationToken)
    {
        using var phase = metrics.Begin(Phase.Fetch, work.Region);
        return await client.OpenContentAsync(work.Region, work.Id, cancellationToken);
    }

    private async Task<TransferResult?> CopyAsideAsync(ObjectWork work, string name, CancellationToken cancellationToken)
    {
        using var phase = metrics.Begin(Phase.Copy, work.Region);
        return await serverSide.TryRunAsync(work, name, cancellationToken);
    }

    /// <summary>
    /// A 200 with the type of an error page and another length than the object's: an error that may be temporary.
    /// Where 8x8 claims neither size nor checksum, the type alone decides.
    /// </summary>
    private static bool LooksLikeError(ObjectContent content, StorageObject record) =>
        content.ContentType is { } type
        && (type.StartsWith("text/html", StringComparison.OrdinalIgnoreCase) || type.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) || type.StartsWith("application/problem+json", StringComparison.OrdinalIgnoreCase))
        && record.MimeType?.StartsWith(type.Split(';')[0].Trim(), StringComparison.OrdinalIgnoreCase) != true
        && (record.StoredBytes is { } stored ? content.Length is { } length && length != stored : record is { Checksum: null, MimeType: not null });

    private async Task<Exception> ExplainForbiddenAsync(ObjectWork work, Exception forbidden, CancellationToken cancellationToken)
    {
        // 8x8 refuses content for two reasons: the key may not download, or the object went to cold storage meanwhile.
        var present = await source.ReadAsync(work.Region, work.Id, cancellationToken);
        return present.State == ObjectState.Available
            ? new PermanentFailureException(
                "8x8 does not let this API key download the object (403). Give the key's user the role Storage API with the right to download, then redrive the failures.",
                forbidden)
            {
                Reason = FailureReason.Forbidden,
            }
            : new StateChangedException(present);
    }

    /// <summary>Sends an object where its state belongs.</summary>
    /// <returns><see langword="false"/> when it is to be archived now.</returns>
    private async Task<bool> RouteAsync(ObjectWork work, CancellationToken cancellationToken)
    {
        var state = work.Record.State;
        if (state == ObjectState.Available)
        {
            return false;
        }

        if (state == ObjectState.Revoked || state == ObjectState.Deleted)
        {
            throw new ObjectGoneException($"8x8 has deleted the object (state {state}).", innerException: null);
        }

        if (state == ObjectState.Archived)
        {
            if (!options.EightByEight.IncludeArchived)
            {
                throw new PermanentFailureException("The object is in 8x8's cold storage, and EightByEight__IncludeArchived is false.") { Reason = FailureReason.ColdStorage };
            }

            await queues.SendAsync(QueueNames.RestoreObjects, new ObjectMessage { Region = work.Region, Id = work.Id, Record = work.Record, RunId = work.Message.RunId }, TimeSpan.Zero, cancellationToken);
            return true;
        }

        if (state == ObjectState.Pending)
        {
            await queues.SendAsync(QueueNames.ArchiveObjects, work.Message with { Record = null, Type = work.Record.Type, CreatedTime = LedgerKey.CreatedTime(work.Record), Deferrals = 0 }, PendingDelay, cancellationToken);
            return true;
        }

        throw new PermanentFailureException($"8x8 reports the object in state {state}, in which it has no content to download.") { Reason = FailureReason.NoContent };
    }

    /// <summary>Writes the receipt and the row.</summary>
    /// <returns><see langword="false"/> when other content exists under the receipt's name.</returns>
    private async Task<bool> TryFinishAsync(ObjectWork work, string name, VerifiedContent content, TimeSpan duration, CancellationToken cancellationToken)
    {
        var receipt = new Receipt(
            work.Region,
            work.Record,
            name,
            content.Digest.Bytes,
            content.Digest.Md5Hex,
            content.Digest.Sha256,
            content.Verification.ToName(),
            timeProvider.GetUtcNow());
        var receiptName = ArchiveLayout.ReceiptName(name);
        if (await TryWriteAsync(work, receiptName, receipt.ToJson(), cancellationToken))
        {
            // Counted here and nowhere else: of all the runs that an object may have, one writes the receipt.
            metrics.CountArchived(work.Region, work.Record.Type, content.Verification, receipt.Bytes);
        }
        else if (await FindSameReceiptAsync(receiptName, receipt, cancellationToken) is { } present)
        {
            receipt = present;
        }
        else
        {
            return false;
        }

        await WriteRowAsync(work, receipt, cancellationToken);
        health.Clear(Condition.Archive);
        Activity.Current?.SetTag(Tags.Outcome, "archived").SetTag(Tags.Verification, receipt.Verification).SetTag(Tags.Bytes, receipt.Bytes);
        Log.Archived(logger, work.Region, work.Id, receipt.Bytes, receipt.Verification, (long)duration.TotalMilliseconds);
        return true;
    }

    private async Task<bool> TryWriteAsync(ObjectWork work, string receiptName, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        using var phase = metrics.Begin(Phase.Receipt, work.Region);
        return await store.TryPutAsync(receiptName, json, System.Security.Cryptography.MD5.HashData(json.Span), new ContentHeaders("application/json", ContentDisposition: null), cancellationToken);
    }

    private async Task WriteRowAsync(ObjectWork work, Receipt receipt, CancellationToken cancellationToken)
    {
        using var phase = metrics.Begin(Phase.Ledger, work.Region);
        await ledger.ReplaceAsync(LedgerEntry.Archived(work.Region, work.Record, receipt, work.Message.RunId), cancellationToken);
    }

    private async Task<Receipt?> FindSameReceiptAsync(string name, Receipt receipt, CancellationToken cancellationToken)
    {
        var stored = await store.ReadAsync(name, cancellationToken) ?? throw new InvalidDataException($"The receipt {name} vanished while it was written.");
        try
        {
            var present = Receipt.Parse(stored);
            return present.Blob == receipt.Blob && present.Sha256 == receipt.Sha256 && present.Bytes == receipt.Bytes && present.Region == receipt.Region && present.Record.Id == receipt.Record.Id
                ? present
                : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>The receipt of an earlier delivery, if it got that far and what it speaks of is there and whole.</summary>
    private async Task<Receipt?> FindReceiptAsync(ObjectWork work, CancellationToken cancellationToken)
    {
        var record = work.Record;
        if (await store.ReadAsync(ArchiveLayout.ReceiptName(ArchiveLayout.ContentName(work.Region, record)), cancellationToken) is not { } body)
        {
            return null;
        }

        try
        {
            var receipt = Receipt.Parse(body);
            return receipt.Record.Id == record.Id && !LedgerEntry.Describe(work.Region, receipt.Record).MayDifferFrom(record)
                && await store.MeasureAsync(receipt.Blob, cancellationToken) is { } stored && stored.Sha256 == receipt.Sha256
                    ? receipt
                    : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1300, Level = LogLevel.Information, Message = "Archived {Region}/{ObjectId}: {Bytes} bytes, verified by {Verification}, {Milliseconds} ms")]
        public static partial void Archived(ILogger logger, string region, string objectId, long bytes, string verification, long milliseconds);

        [LoggerMessage(EventId = 1302, Level = LogLevel.Warning, Message = "Content of {Region}/{ObjectId} is not what 8x8 claims: {Mismatch}. Attempt {Attempt} reads it again")]
        public static partial void Mismatch(ILogger logger, string region, string objectId, string mismatch, long attempt);
    }
}
