using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Model;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;

namespace Archiving.Cases;

/// <summary>
/// Legal holds of objects. A case on hold keeps its objects: the app deletes none of them at 8x8, and every blob of them,
/// also content that is archived later, is on legal hold, so that no account can delete it from the storage.
/// </summary>
public sealed partial class ObjectHolds(
    CaseStore cases,
    ObjectReceipts receipts,
    ArchiveStore store,
    ObjectLedger ledger,
    TimeProvider timeProvider,
    ILogger<ObjectHolds> logger)
{
    /// <summary>
    /// How long an instance may not know of a case that was put on hold. A change that places holds goes through the objects
    /// once more after that, for the sake of what was archived meanwhile.
    /// </summary>
    public static readonly TimeSpan Delay = TimeSpan.FromSeconds(30);

    // Sorts behind every character of an encoded id.
    private const char LastCharacter = '\u007f';

    private static readonly string[] KeyColumns =
    [
        nameof(LedgerEntry.PartitionKey), nameof(LedgerEntry.RowKey), nameof(LedgerEntry.Region), nameof(LedgerEntry.Type),
        nameof(LedgerEntry.CreatedTime), nameof(LedgerEntry.Id),
    ];

    private volatile Known? _known;

    /// <summary>Whether a case on hold has the object.</summary>
    public async Task<bool> IsHeldAsync(LedgerKey key, CancellationToken cancellationToken)
    {
        var held = await cases.ReadHeldAsync(cancellationToken);
        return held.Count > 0 && (await cases.ReadCasesOfAsync(key, cancellationToken)).Exists(held.Contains);
    }

    /// <summary>Holds content and receipt of an object that has just been archived, if a case on hold has the object.</summary>
    public async Task HoldNewAsync(string region, string id, LedgerKey key, string blob, CancellationToken cancellationToken)
    {
        // Without a case on hold, which is almost always, this costs one query in thirty seconds.
        var held = await ReadHeldAsync(cancellationToken);
        if (held.Count == 0)
        {
            return;
        }

        var holding = (await cases.ReadCasesOfAsync(key, cancellationToken)).FindAll(held.Contains);
        if (holding.Count > 0 && await SetAsync(blob, isHeld: true, cancellationToken) is { } problem)
        {
            // Archiving must go on: the case says that its hold is incomplete.
            Log.NotHeld(logger, region, id, problem);
            foreach (var caseId in holding)
            {
                await ReportAsync(caseId, problem, cancellationToken);
            }
        }
    }

    /// <summary>Sets or clears the hold of every blob of an object, of the others too when the storage refuses one.</summary>
    /// <returns>Why the storage refused; <see langword="null"/> when it did as told.</returns>
    public async Task<string?> SetAsync(CaseObjectRow item, bool isHeld, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(item);
        string? problem = null;
        var done = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var found in receipts.FindAsync(item, cancellationToken))
        {
            // One that cannot be read is held, too: it may be evidence.
            if (found.Receipt is not null || isHeld || !await MayBeOfHeldAsync(found.Name, item, cancellationToken))
            {
                done.Add(found.Blob);
                problem = await SetAsync(found.Blob, isHeld, cancellationToken) ?? problem;
            }
        }

        // Whatever state the row has: content that its receipt does not lead to may be the only copy.
        if (await ledger.FindAsync(item.Key, cancellationToken) is { Blob: { } content } row && !row.Is(LedgerState.Expired) && !done.Contains(content))
        {
            problem = await store.SetLegalHoldAsync(content, isHeld, cancellationToken) ?? (isHeld ? "Its receipt is not there." : problem);
        }

        return problem;
    }

    /// <summary>Records that the hold of a case is incomplete.</summary>
    public Task ReportAsync(string caseId, string problem, CancellationToken cancellationToken) => cases.UpdateAsync(
        caseId,
        row =>
        {
            if (row.HoldState is HoldState.None or HoldState.Releasing)
            {
                return false;
            }

            (row.Hold, row.HoldProblem) = (nameof(HoldState.Incomplete), problem);
            return true;
        },
        cancellationToken);

    private async Task<string?> SetAsync(string blob, bool isHeld, CancellationToken cancellationToken)
    {
        var ofContent = await store.SetLegalHoldAsync(blob, isHeld, cancellationToken);
        var ofReceipt = await store.SetLegalHoldAsync(ArchiveLayout.ReceiptName(blob), isHeld, cancellationToken);
        return ofContent ?? ofReceipt;
    }

    /// <summary>Whether a receipt that cannot be read may be that of an object on hold whose id begins with this one's.</summary>
    private async Task<bool> MayBeOfHeldAsync(string receiptName, CaseObjectRow item, CancellationToken cancellationToken)
    {
        var (partition, key) = (item.Key.PartitionKey, item.Key.RowKey);
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey gt {key} and RowKey lt {key + LastCharacter}");
        await foreach (var other in ledger.SearchAsync(filter, KeyColumns, cancellationToken))
        {
            if (receiptName.StartsWith(ArchiveLayout.Stem(other.Region, other.Type, other.CreatedTime, other.Id), StringComparison.Ordinal)
                && await IsHeldAsync(other.Key, cancellationToken))
            {
                return true;
            }
        }

        return false;
    }

    private async Task<HashSet<string>> ReadHeldAsync(CancellationToken cancellationToken)
    {
        if (_known is { } known && timeProvider.GetElapsedTime(known.At) < Delay)
        {
            return known.Cases;
        }

        var at = timeProvider.GetTimestamp();
        var held = await cases.ReadHeldAsync(cancellationToken);
        _known = new Known(held, at);
        return held;
    }

    private sealed record Known(HashSet<string> Cases, long At);

    private static partial class Log
    {
        [LoggerMessage(EventId = 3100, Level = LogLevel.Error, Message = "{Region}/{ObjectId} is in a case on hold, and its blobs are not: {Problem}")]
        public static partial void NotHeld(ILogger logger, string region, string objectId, string problem);
    }
}
