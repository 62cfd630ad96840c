using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Telemetry;
using EightByEight;
using Microsoft.Extensions.Logging;

namespace Archiving.Purging;

/// <summary>Records what was deleted at 8x8, and what was not.</summary>
public sealed partial class PurgeRecorder(
    ObjectLedger ledger,
    ObjectFinder finder,
    PurgeAudit audit,
    ArchivingMetrics metrics,
    TimeProvider timeProvider,
    ILogger<PurgeRecorder> logger)
{
    /// <summary>Where the row of an object is that 8x8 no longer knows.</summary>
    public async Task<LedgerKey> FindKeyAsync(ObjectMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        return await finder.FindAsync(message.Region, message.KnownRecord, cancellationToken) is { } row
            ? row.Key
            : LedgerKey.Of(message.Region, message.KnownRecord);
    }

    /// <summary>Records that a deletion is about to be asked for.</summary>
    /// <returns>The attempt, for <see cref="WithdrawAsync"/>.</returns>
    public Task<string> AddAttemptAsync(LedgerKey key, Receipt receipt, CancellationToken cancellationToken) =>
        audit.AddAttemptAsync(key, receipt, timeProvider.GetUtcNow(), cancellationToken);

    /// <summary>Records that 8x8 refused an attempt.</summary>
    public Task WithdrawAsync(LedgerKey key, string attempt, CancellationToken cancellationToken) => audit.WithdrawAsync(key, attempt, cancellationToken);

    /// <summary>Records that 8x8 no longer has an object.</summary>
    /// <returns><see langword="false"/> when this app never asked 8x8 to delete it, or 8x8 refused.</returns>
    public async Task<bool> TryCompleteAsync(LedgerKey key, CancellationToken cancellationToken)
    {
        if (await audit.CompleteAsync(key, timeProvider.GetUtcNow(), cancellationToken) is not { } begun)
        {
            await RememberAsync(await ledger.FindAsync(key, cancellationToken), ObjectState.Deleted, refusal: null, cancellationToken);
            return false;
        }

        while (await ledger.FindAsync(key, cancellationToken) is { } row && row.Is(LedgerState.Archived))
        {
            row.Become(LedgerState.Purged);
            if (await ledger.TryReplaceAsync(row, cancellationToken))
            {
                metrics.CountPurged(row.Region, row.Type);
                Log.Purged(logger, row.Region, row.Id, begun.Bytes, begun.Verification);
                return true;
            }
        }

        return true;
    }

    /// <summary>Writes down what 8x8 said, so that the planner does not ask for the same object every night in the place of others.</summary>
    public async Task RememberAsync(LedgerEntry? row, ObjectState state, string? refusal, CancellationToken cancellationToken)
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

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1600,
            Level = LogLevel.Information,
            Message = "Deleted {Region}/{ObjectId} at 8x8: {Bytes} bytes, archived and verified by {Verification}")]
        public static partial void Purged(ILogger logger, string region, string objectId, long bytes, string verification);
    }
}
