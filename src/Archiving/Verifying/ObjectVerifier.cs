using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Outages;
using Archiving.Queues;
using Archiving.Telemetry;
using Microsoft.Extensions.Logging;

namespace Archiving.Verifying;

/// <summary>
/// Reads one archived object again, from its first byte to its last, and compares it with its receipt. A missing or
/// damaged object raises an alarm, is recorded, and is archived again beside the damaged bytes if 8x8 still has it. What the
/// archive's retention policy has removed is no damage.
/// </summary>
public sealed partial class ObjectVerifier(
    ArchiveStore store,
    ObjectLedger ledger,
    ObjectFinder finder,
    WorkQueues queues,
    SharedConditions conditions,
    ArchivingMetrics metrics,
    TimeProvider timeProvider,
    ILogger<ObjectVerifier> logger)
{
    /// <summary>What health says while there is damage that has not been looked at again.</summary>
    internal const string Damaged =
        "Archived bytes were found damaged or missing. They are archived again from 8x8 where it still has them; GET "
            + "/api/objects?state=Failed lists those that could not be. Find out who writes into the container.";

    /// <summary>Reads an object again.</summary>
    /// <returns>
    /// Whether it is intact; <see langword="null"/> when there is nothing to compare it with, or when the archive's retention policy has
    /// removed it.
    /// </returns>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<bool?> VerifyAsync(ObjectMessage message, CancellationToken cancellationToken)
    {
        var row = await finder.FindAsync(message.Region, message.KnownRecord, cancellationToken);
        if (row is { Damaged: not null } && row.Is(LedgerState.Queued))
        {
            // An earlier delivery recorded the damage, and may have crashed before it sent the message.
            await SendAsync(row, cancellationToken);
            return false;
        }

        if (row is null || row.Blob is not { } blob || !row.IsInArchive())
        {
            return null;
        }

        var damage = await FindDamageAsync(row, blob, cancellationToken);
        metrics.CountVerified(row.Region, row.Type);
        if (damage is { Cause: DamageCause.ReceiptMissing or DamageCause.BlobMissing } && row.Damaged is null
            && store.IsRemovedByPolicy(blob, row.ArchivedAt, timeProvider.GetUtcNow()))
        {
            // A row that was written meanwhile is newer than what was read here; the object is verified on another night.
            row.Become(LedgerState.Expired);
            row.LastError = null;
            if (await ledger.TryReplaceAsync(row, cancellationToken))
            {
                Log.Expired(logger, row.Region, row.Id);
            }

            return null;
        }

        if (damage is not null)
        {
            metrics.CountDamage(row.Region, row.Type, damage.Cause);
            await RecordAsync(row, blob, damage.Text, cancellationToken);
            return false;
        }

        row.VerifiedAt = timeProvider.GetUtcNow();

        // A row that was written meanwhile is newer than what was read here; the object is verified on another night.
        await ledger.TryReplaceAsync(row, cancellationToken);
        return true;
    }

    private async Task<Damage?> FindDamageAsync(LedgerEntry row, string blob, CancellationToken cancellationToken)
    {
        using var phase = metrics.StartTimer(Phase.Scrub, row.Region);
        if (await store.ReadAsync(ArchiveLayout.ReceiptName(blob), cancellationToken) is not { } body)
        {
            return new Damage(DamageCause.ReceiptMissing, "its receipt is missing");
        }

        Receipt receipt;
        try
        {
            receipt = Receipt.Parse(body);
        }
        catch (FormatException exception)
        {
            return new Damage(DamageCause.ReceiptUnreadable, $"its receipt cannot be read ({exception.Message})");
        }

        if (!row.IsOf(receipt))
        {
            return new Damage(DamageCause.ReceiptDiffers, "its receipt is of another object");
        }

        if (!row.AgreesWith(receipt))
        {
            return new Damage(DamageCause.ReceiptDiffers, "its receipt does not agree with the ledger");
        }

        if (await store.MeasureAsync(blob, cancellationToken) is not { } content)
        {
            return new Damage(DamageCause.BlobMissing, "its blob is missing");
        }

        return content.IsOf(receipt)
            ? null
            : new Damage(DamageCause.BlobDiffers, $"its blob has {content.Bytes} bytes and SHA-256 {content.Sha256}, where the receipt has "
                + $"{receipt.Bytes} and {receipt.Sha256}");
    }

    private async Task RecordAsync(LedgerEntry row, string blob, string damage, CancellationToken cancellationToken)
    {
        Log.Damaged(logger, row.Region, row.Id, damage);
        await conditions.ReportAsync(new OutageException(Condition.Integrity, Damaged), cancellationToken);

        // A purged object is not at 8x8 any more: archiving finds this and records it in the row.
        row.Become(LedgerState.Queued);
        row.QueuedAt = timeProvider.GetUtcNow();
        row.Damaged = blob;
        row.LastError = LedgerEntry.Shorten($"Found damaged: {damage}");
        row.Attempts = 0;
        if (!await ledger.TryReplaceAsync(row, cancellationToken))
        {
            throw new InvalidDataException("The row was written while the damage was recorded; it is verified again.");
        }

        await SendAsync(row, cancellationToken);
    }

    private Task SendAsync(LedgerEntry row, CancellationToken cancellationToken) => queues.SendAsync(
        QueueNames.ArchiveObjects,
        ObjectMessage.About(row) with { RunId = row.Run },
        TimeSpan.Zero,
        cancellationToken);

    private sealed record Damage(DamageCause Cause, string Text);

    private static partial class Log
    {
        [LoggerMessage(EventId = 2302, Level = LogLevel.Information, Message = "{Region}/{ObjectId} was removed by the archive's retention policy")]
        public static partial void Expired(ILogger logger, string region, string objectId);

        [LoggerMessage(
            EventId = 1700,
            Level = LogLevel.Critical,
            Message = "{Region}/{ObjectId} is damaged in the archive: {Damage}. It is archived again if 8x8 still has it")]
        public static partial void Damaged(ILogger logger, string region, string objectId, string damage);
    }
}
