using System.Collections.Concurrent;
using Archiving.Ledger;
using Archiving.Model;
using Azure.Data.Tables;

namespace Operations.Status;

/// <summary>What the ledger holds of a region's objects that were made on a day, UTC.</summary>
/// <param name="Region">8x8's region.</param>
/// <param name="Day">The day, UTC.</param>
/// <param name="Types">By object type.</param>
public sealed record DaySummary(string Region, DateTimeOffset Day, IReadOnlyDictionary<string, TypeSummary> Types);

/// <summary>
/// Counts of the ledger by region and day, kept beside its <see cref="LedgerDays"/>: all of them are read with one query,
/// and only days that changed since they were counted are counted again, each with one query of its partition.
/// <para>
/// A day that takes long to count is counted again only after twenty times as long, so its figures lag while it changes.
/// Clocks of instances may differ by two minutes. If they differ by more, or a write takes longer than that, figures
/// are stale until <see cref="RefreshOldestAsync"/> counts the day, which it does for one day after the other.
/// </para>
/// </summary>
public sealed class DaySummaries(LedgerDays days, LedgerChanges changes, ObjectLedger ledger, TimeProvider timeProvider)
{
    private const int CountsAtOnce = 8;
    private static readonly TimeSpan QuickCount = TimeSpan.FromMilliseconds(100);

    private static readonly string[] Columns =
    [
        nameof(LedgerEntry.State), nameof(LedgerEntry.Type), nameof(LedgerEntry.Bytes),
        nameof(LedgerEntry.CreatedTime), nameof(LedgerEntry.Id), nameof(LedgerEntry.Region), nameof(LedgerEntry.RetentionDays),
        nameof(LedgerEntry.ArchivedAt), nameof(LedgerEntry.VerifiedAt), nameof(LedgerEntry.Damaged),
        nameof(LedgerEntry.UpdatedTime),
    ];

    /// <summary>The days that hold anything, in order of region and day.</summary>
    /// <param name="region">Only those of a region.</param>
    /// <param name="from">Only days that end after this time.</param>
    /// <param name="to">Only days that begin before this time.</param>
    /// <param name="cancellationToken">Stops the queries.</param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<IReadOnlyList<DaySummary>> ReadAsync(string? region, DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellationToken)
    {
        var rows = await days.ReadRowsAsync(region, from, to, cancellationToken);
        var now = timeProvider.GetUtcNow();
        var summaries = new ConcurrentBag<DaySummary>();
        await Parallel.ForEachAsync(
            rows,
            new ParallelOptions { MaxDegreeOfParallelism = CountsAtOnce, CancellationToken = cancellationToken },
            async (row, stop) =>
            {
                var summary = IsDue(row, now) ? await CountAsync(row, stop) : new DaySummary(row.Region ?? "", row.ToDay(), row.ReadCounts());
                if (summary.Types.Count > 0)
                {
                    summaries.Add(summary);
                }
            });
        return [.. summaries.OrderBy(summary => summary.Region, StringComparer.Ordinal).ThenBy(summary => summary.Day)];
    }

    /// <summary>Counts again the days that were counted longest ago, whether or not they are known to have changed.</summary>
    public async Task RefreshOldestAsync(int count, CancellationToken cancellationToken)
    {
        var rows = await days.ReadRowsAsync(region: null, from: null, to: null, cancellationToken);
        foreach (var row in rows.OrderBy(row => row.CountedAt).Take(count))
        {
            await CountAsync(row, cancellationToken);
        }
    }

    private async Task<DaySummary> CountAsync(DayRow row, CancellationToken cancellationToken)
    {
        var at = timeProvider.GetUtcNow();
        var started = timeProvider.GetTimestamp();
        var types = new Dictionary<string, TypeSummary>(StringComparer.Ordinal);
        string? region = null;
        using var digest = new LedgerDigest();
        await foreach (var entry in ledger.ReadPartitionAsync(row.RowKey, Columns, cancellationToken))
        {
            region ??= entry.Region;
            if (!types.TryGetValue(entry.Type, out var type))
            {
                types[entry.Type] = type = new TypeSummary();
            }

            type.Add(entry);
            digest.Add(entry);
        }

        // Merged, so that a note that was made meanwhile stays. When two instances count at once, the earlier figures may
        // win: they carry the earlier time, and the day is counted again if it changed after that.
        var counted = DayRow.Create(row.RowKey, region, types, digest.Finish(), at, timeProvider.GetElapsedTime(started));
        await changes.Table.WriteAsync(counted, TableUpdateMode.Merge, cancellationToken);
        return new DaySummary(region ?? "", row.ToDay(), types);
    }

    private static bool IsDue(DayRow row, DateTimeOffset now)
    {
        if (row.CountedAt is not { } at || string.IsNullOrEmpty(row.Counts))
        {
            return true;
        }

        var took = TimeSpan.FromMilliseconds(row.Milliseconds ?? 0);
        return row.IsStale() && (took < QuickCount || now - at > 20 * took || now < at);
    }
}
