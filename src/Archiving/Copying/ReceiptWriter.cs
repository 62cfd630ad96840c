using System.Diagnostics;
using System.Security.Cryptography;
using Archiving.Archive;
using Archiving.Cases;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Outages;
using Archiving.Queues;
using Archiving.Telemetry;
using EightByEight;
using Microsoft.Extensions.Logging;

namespace Archiving.Copying;

/// <summary>Writes the receipt of stored content, which is what makes the object count as archived, and then the ledger row.</summary>
public sealed partial class ReceiptWriter(
    ArchiveStore store,
    ObjectLedger ledger,
    ObjectHolds holds,
    HealthBoard health,
    ArchivingMetrics metrics,
    TimeProvider timeProvider,
    ILogger<ReceiptWriter> logger)
{
    // What changes at 8x8 during an attempt this short is listed after it, because listings leave out the last minute
    // (Listing__SettleSeconds): so the row that it writes cannot be in place of a newer one that no later listing would write again.
    private static readonly TimeSpan ShortAttempt = TimeSpan.FromSeconds(15);

    /// <summary>Writes receipt and row.</summary>
    /// <param name="work">The object.</param>
    /// <param name="name">The name of the content.</param>
    /// <param name="content">The content.</param>
    /// <param name="started">The clock's timestamp from before its content was asked for.</param>
    /// <param name="cancellationToken">Stops between the two.</param>
    /// <returns><see langword="false"/> when other content exists under the receipt's name; then nothing was written.</returns>
    internal async Task<bool> TryWriteAsync(ObjectWork work, string name, VerifiedContent content, long started, CancellationToken cancellationToken)
    {
        var receipt = new Receipt(
            work.Region,
            work.Record,
            name,
            content.Digest.Bytes,
            content.Digest.Md5Hex,
            content.Digest.Sha256,
            content.Verification.ToName(),
            timeProvider.GetUtcNow())
        {
            Contradiction = content.Contradiction,
        };
        var receiptName = ArchiveLayout.ReceiptName(name);
        if (await TryPutAsync(work.Region, receiptName, receipt.ToJson(), cancellationToken))
        {
            // Counted here and nowhere else: of all the runs that an object may have, one writes the receipt.
            metrics.CountArchived(work.Region, work.Record.Type, content.Verification, receipt.Bytes);
            if (content.Contradiction is not null)
            {
                metrics.CountMismatch(work.Region, work.Record.Type, content.Cause);
            }
        }
        else if (await FindSameAsync(receiptName, receipt, cancellationToken) is { } present)
        {
            receipt = present;
        }
        else
        {
            return false;
        }

        var duration = timeProvider.GetElapsedTime(started);
        DateTimeOffset? readAt = content.Verification == Verification.None ? timeProvider.GetUtcNow() : null;
        await WriteRowAsync(work, receipt, isLate: duration > ShortAttempt, readAt, cancellationToken);
        health.Clear(Condition.Archive);
        Activity.Current?.SetTag(Tags.Outcome, "archived").SetTag(Tags.Verification, receipt.Verification).SetTag(Tags.Bytes, receipt.Bytes);
        Log.Archived(logger, work.Region, work.Id, receipt.Bytes, receipt.Verification, (long)duration.TotalMilliseconds);
        return true;
    }

    /// <summary>Writes the row of an object that an earlier delivery archived, if it got that far and what its receipt speaks of is there and whole.</summary>
    /// <returns><see langword="false"/> when it did not.</returns>
    public async Task<bool> TryAdoptAsync(ObjectWork work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        var record = work.Record;
        if (await store.ReadAsync(ArchiveLayout.ReceiptName(ArchiveLayout.ContentName(work.Region, record)), cancellationToken) is not { } body
            || Parse(body) is not { } receipt
            || receipt.Record.Id != record.Id
            || LedgerEntry.Describe(work.Region, receipt.Record).MayDifferFrom(record)
            || (await store.MeasureAsync(receipt.Blob, cancellationToken))?.Sha256 != receipt.Sha256)
        {
            return false;
        }

        await WriteRowAsync(work, receipt, isLate: true, readAt: null, cancellationToken);
        return true;
    }

    private async Task<bool> TryPutAsync(string region, string name, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        using var phase = metrics.StartTimer(Phase.Receipt, region);
        return await store.TryPutAsync(
            name,
            json,
            MD5.HashData(json.Span),
            new ContentHeaders("application/json", ContentDisposition: null),
            cancellationToken);
    }

    private async Task WriteRowAsync(ObjectWork work, Receipt receipt, bool isLate, DateTimeOffset? readAt, CancellationToken cancellationToken)
    {
        // Before the row, so that a delivery that crashes in between is followed by one that does it.
        await holds.HoldNewAsync(work.Region, work.Id, LedgerKey.Of(work.Region, work.Record), receipt.Blob, cancellationToken);
        using var phase = metrics.StartTimer(Phase.Ledger, work.Region);
        var row = LedgerEntry.Archived(work.Region, work.Record, receipt, work.Message.RunId);
        row.SourceReadAt = readAt;
        if (isLate)
        {
            await WriteLateRowAsync(row, work.Record, cancellationToken);
        }
        else
        {
            await ledger.ReplaceAsync(row, cancellationToken);
        }
    }

    /// <summary>
    /// Writes a row that may be late. One that a listing wrote meanwhile for newer content stays: its own message archives that
    /// content, and until then the object is not archived.
    /// </summary>
    private async Task WriteLateRowAsync(LedgerEntry row, StorageObject record, CancellationToken cancellationToken)
    {
        do
        {
            var present = await ledger.FindAsync(row.Key, cancellationToken);
            if (present is not null && IsForNewerContent(present, record))
            {
                return;
            }

            row.ETag = present?.ETag ?? default;
        }
        while (!await ledger.TryReplaceAsync(row, cancellationToken));
    }

    /// <summary>Whether a row is for content that is newer than a record, or may be. What 8x8 has deleted has none.</summary>
    private static bool IsForNewerContent(LedgerEntry present, StorageObject record) =>
        !present.Is(LedgerState.Gone)
        && present.SourceState != ObjectState.Deleted.ToString()
        && present.UpdatedTime > LedgerKey.Storable(record.UpdatedTime)
        && (!present.HasContentOf(record) || (string.IsNullOrEmpty(record.Checksum) && present.SourceState == ObjectState.Available.ToString()));

    private async Task<Receipt?> FindSameAsync(string name, Receipt receipt, CancellationToken cancellationToken)
    {
        var stored = await store.ReadAsync(name, cancellationToken) ?? throw new InvalidDataException($"The receipt {name} vanished while it was written.");
        return Parse(stored) is { } present
            && (present.Blob, present.Sha256, present.Bytes) == (receipt.Blob, receipt.Sha256, receipt.Bytes)
            && (present.Region, present.Record.Id) == (receipt.Region, receipt.Record.Id)
                ? present
                : null;
    }

    private static Receipt? Parse(BinaryData body)
    {
        try
        {
            return Receipt.Parse(body);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1300,
            Level = LogLevel.Information,
            Message = "Archived {Region}/{ObjectId}: {Bytes} bytes, verified by {Verification}, {Milliseconds} ms")]
        public static partial void Archived(ILogger logger, string region, string objectId, long bytes, string verification, long milliseconds);
    }
}
