using Archiving.Ledger;
using Archiving.Listing;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Tokens;

namespace Archiving.Status;

/// <summary>Counts where everything stands, from the ledger.</summary>
public sealed class StatusReader(
    ObjectLedger ledger,
    ListingStore listings,
    WorkQueues queues,
    ITokenStore tokenStore,
    AccessTokens tokens,
    ArchiverOptions options,
    TimeProvider timeProvider)
{
    private static readonly string[] Columns =
    [
        nameof(LedgerEntry.State), nameof(LedgerEntry.Type), nameof(LedgerEntry.Bytes), nameof(LedgerEntry.CreatedTime),
        nameof(LedgerEntry.Id), nameof(LedgerEntry.Region),
    ];

    /// <summary>Counts.</summary>
    /// <exception cref="Health.OutageException">The storage or the vault does not work.</exception>
    public async Task<StatusReport> ReadAsync(CancellationToken cancellationToken)
    {
        var objects = Enum.GetNames<LedgerState>().ToDictionary(name => name, _ => 0L, StringComparer.Ordinal);
        var byType = new SortedDictionary<string, Dictionary<string, long>>(StringComparer.Ordinal);
        var bytes = 0L;
        var atRisk = 0L;
        UnarchivedObject? oldest = null;
        var riskFrom = timeProvider.GetUtcNow() + RetentionOptions.AtRisk;
        await foreach (var entry in ledger.ReadAllAsync(Columns, cancellationToken))
        {
            objects[entry.State] = objects.GetValueOrDefault(entry.State) + 1;
            if (!byType.TryGetValue(entry.Type, out var states))
            {
                byType[entry.Type] = states = new Dictionary<string, long>(StringComparer.Ordinal);
            }

            states[entry.State] = states.GetValueOrDefault(entry.State) + 1;
            bytes += entry.Bytes ?? 0;
            if (entry.Is(LedgerState.Archived) || entry.Is(LedgerState.Purged) || entry.Is(LedgerState.Gone))
            {
                continue;
            }

            var deletedOn = options.Retention.DeletedOn(entry.Type, entry.CreatedTime);
            atRisk += deletedOn <= riskFrom ? 1 : 0;
            if (oldest is null || entry.CreatedTime < oldest.CreatedTime)
            {
                oldest = new UnarchivedObject(entry.Id, entry.Region, entry.CreatedTime, deletedOn);
            }
        }

        var watermarks = await listings.ReadWatermarksAsync(cancellationToken);
        return new StatusReport(
            objects,
            byType.ToDictionary(type => type.Key, type => (IReadOnlyDictionary<string, long>)type.Value, StringComparer.Ordinal),
            bytes,
            await queues.CountAsync(cancellationToken),
            new TokenStatus(tokens.ExpiresOn ?? (await tokenStore.ReadTokenAsync(cancellationToken))?.ExpiresOn),
            watermarks.ToDictionary(row => row.Region, row => new ListingStatus(row.Watermark, row.LastCompleted), StringComparer.Ordinal),
            oldest,
            atRisk);
    }
}
