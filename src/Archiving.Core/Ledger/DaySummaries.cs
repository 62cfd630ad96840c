using System.Collections.Concurrent;
using Archiving.Model;
using Azure.Data.Tables;

namespace Archiving.Ledger;

/// <summary>What the ledger holds of a region's objects that were made on a day, UTC.</summary>
/// <param name="Region">8x8's region.</param>
/// <param name="Day">The day, UTC.</param>
/// <param name="Types">By object type.</param>
public sealed record DaySummary(string Region, DateTimeOffset Day, IReadOnlyDictionary<string, TypeSummary> Types);

/// <summary>
/// Counts of the ledger by region and day, kept beside its <see cref="LedgerDays"/>: all of them are read with one query,
/// and only days that changed since they were counted are counted again, each with one query of its partition.
/// <para>
/// A day of many objects that takes long to count is counted again only after twenty times as long, so its figures lag while it changes.
/// Clocks of instances may differ by two minutes. If they differ by more, or a write takes longer than that, figures
/// are stale until <see cref="RefreshAsync"/> counts the day, which it does for one day after the other.
/// </para>
/// </summary>
public sealed class DaySummaries(LedgerDays days, LedgerChanges changes, ObjectLedger ledger, TimeProvider timeProvider)
{
    private const int CountsAtOnce = 8;

    // Rows that one request reads (Azure Table Storage, query limits).
    private const int RowsOfOneRequest = 1000;

    // A request holds 4 MiB (Azure Table Storage, entity group transactions).
    private const int DaysKeptAtOnce = 50;
    private static readonly TimeSpan QuickCount = TimeSpan.FromMilliseconds(100);

    // A person waits for so much: days of which a count takes two requests at most.
    private const int MaxQuickDays = 7;
    private static readonly TimeSpan MaxQuickCount = TimeSpan.FromMilliseconds(400);

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
    /// <param name="isQuick">
    /// Whether a person waits: then only a few of the days that changed are counted, those that are quick. The others are as of the
    /// last count, which <see cref="RefreshAsync"/> makes every few minutes. What was never counted is always counted.
    /// </param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<IReadOnlyList<DaySummary>> ReadAsync(
        string? region,
        DateTimeOffset? from,
        DateTimeOffset? to,
        CancellationToken cancellationToken,
        bool isQuick = false)
    {
        var rows = await days.ReadRowsAsync(region, from, to, cancellationToken);
        var now = timeProvider.GetUtcNow();
        var due = rows.Where(row => IsDue(row, now)).ToHashSet();
        if (isQuick)
        {
            due.IntersectWith(
            [
                .. due.Where(row => !IsCounted(row)),

                // Those counted longest ago: a day stays due for minutes after a change, so any other order would count the same ones each time.
                .. due.Where(row => IsCounted(row) && Took(row) <= MaxQuickCount).OrderBy(row => row.CountedAt).Take(MaxQuickDays),
            ]);
        }

        var counted = (await CountAsync(due, cancellationToken)).ToDictionary(row => row.RowKey, StringComparer.Ordinal);
        return
        [
            .. rows.Select(row => counted.GetValueOrDefault(row.RowKey, row))
                .Select(row => new DaySummary(row.Region ?? "", row.ToDay(), row.ReadCounts()))
                .Where(summary => summary.Types.Count > 0)
                .OrderBy(summary => summary.Region, StringComparer.Ordinal)
                .ThenBy(summary => summary.Day),
        ];
    }

    /// <summary>
    /// Counts the days that changed, and again those that were counted longest ago, whether or not they are known to have changed.
    /// </summary>
    public async Task RefreshAsync(int oldest, CancellationToken cancellationToken)
    {
        await ReadAsync(region: null, from: null, to: null, cancellationToken);
        var rows = await days.ReadRowsAsync(region: null, from: null, to: null, cancellationToken);
        await CountAsync(rows.OrderBy(row => row.CountedAt).Take(oldest), cancellationToken);
        await days.PackAsync(timeProvider.GetUtcNow(), cancellationToken);
    }

    /// <summary>Counts days, and keeps the counts, many in a request.</summary>
    private async Task<IReadOnlyList<DayRow>> CountAsync(IEnumerable<DayRow> rows, CancellationToken cancellationToken)
    {
        var all = new List<DayRow>();
        foreach (var chunk in rows.Chunk(DaysKeptAtOnce))
        {
            var counted = new ConcurrentBag<DayRow>();
            await Parallel.ForEachAsync(
                chunk,
                new ParallelOptions { MaxDegreeOfParallelism = CountsAtOnce, CancellationToken = cancellationToken },
                async (row, stop) => counted.Add(await CountAsync(row, stop)));

            // Merged, so that a note that was made meanwhile stays. When two instances count at once, the earlier figures may
            // win: they carry the earlier time, and the day is counted again if it changed after that.
            await changes.Table.TrySubmitAsync(TableTransactionActionType.UpsertMerge, [.. counted], cancellationToken);
            all.AddRange(counted);
        }

        return all;
    }

    private async Task<DayRow> CountAsync(DayRow row, CancellationToken cancellationToken)
    {
        var at = timeProvider.GetUtcNow();
        var started = timeProvider.GetTimestamp();
        var types = new Dictionary<string, TypeSummary>(StringComparer.Ordinal);
        string? region = null;
        var rows = 0;
        var digest = new LedgerDigest();
        await foreach (var entry in ledger.ReadPartitionAsync(row.RowKey, Columns, cancellationToken))
        {
            region ??= entry.Region;
            if (!types.TryGetValue(entry.Type, out var type))
            {
                types[entry.Type] = type = new TypeSummary();
            }

            type.Add(entry);
            digest.Add(entry);
            rows++;
        }

        // One request is quick. If it was not, the storage or the instance was busy, which says nothing of the next time.
        var took = rows > RowsOfOneRequest ? timeProvider.GetElapsedTime(started) : TimeSpan.Zero;
        return DayRow.Create(row.RowKey, region, types, digest.ToString(), at, took);
    }

    private static bool IsDue(DayRow row, DateTimeOffset now) => !IsCounted(row)
        || (row.IsStale() && (Took(row) < QuickCount || now - row.CountedAt > 20 * Took(row) || now < row.CountedAt));

    private static bool IsCounted(DayRow row) => row.CountedAt is not null && !string.IsNullOrEmpty(row.Counts);

    private static TimeSpan Took(DayRow row) => TimeSpan.FromMilliseconds(row.Milliseconds ?? 0);
}
