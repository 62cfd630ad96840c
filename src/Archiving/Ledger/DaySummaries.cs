using System.Collections.Concurrent;
using System.Globalization;
using Archiving.Model;
using Archiving.Storage;
using Azure.Data.Tables;

namespace Archiving.Ledger;

/// <summary>
/// Counts of the ledger by region and day, kept in the table <c>summaries</c>: all of them are read with one query,
/// and only days that changed since they were counted are counted again, each with one query of its partition.
/// <para>
/// A day that takes long to count is counted again only after twenty times as long, so its figures lag while it changes.
/// Clocks of instances may differ by two minutes. If they differ by more, or a write takes longer than that, figures
/// are stale until <see cref="RefreshOldestAsync"/> counts the day, which it does for one day after the other. A row says that
/// every day of the ledger is known; where it is missing, because the table was deleted, the days are looked up again.
/// </para>
/// </summary>
public sealed class DaySummaries : IDisposable
{
    private const int CountsAtOnce = 8;

    // Sorts behind every region.
    private const string CompleteKey = "~complete";
    private static readonly TimeSpan ClocksDiffer = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan QuickCount = TimeSpan.FromMilliseconds(100);

    private static readonly string[] Columns =
    [
        nameof(LedgerEntry.State), nameof(LedgerEntry.Type), nameof(LedgerEntry.Bytes), nameof(LedgerEntry.CreatedTime), nameof(LedgerEntry.Id), nameof(LedgerEntry.Region),
    ];

    private readonly TableStore _store;
    private readonly ObjectLedger _ledger;
    private readonly TimeProvider _timeProvider;

    /// <summary>Initializes the summaries.</summary>
    public DaySummaries(TableServiceClient tables, ObjectLedger ledger, TimeProvider timeProvider)
    {
        ArgumentNullException.ThrowIfNull(tables);
        _store = new TableStore(tables, LedgerChanges.TableName);
        _ledger = ledger;
        _timeProvider = timeProvider;
    }

    /// <summary>The days that hold anything, in order of region and day.</summary>
    /// <param name="region">Only those of a region.</param>
    /// <param name="from">Only days that end after this time.</param>
    /// <param name="to">Only days that begin before this time.</param>
    /// <param name="cancellationToken">Stops the queries.</param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<IReadOnlyList<DaySummary>> ReadAsync(string? region, DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellationToken)
    {
        var rows = await ReadRowsAsync(region, from, to, cancellationToken);
        var now = _timeProvider.GetUtcNow();
        var summaries = new ConcurrentBag<DaySummary>();
        await Parallel.ForEachAsync(
            rows,
            new ParallelOptions { MaxDegreeOfParallelism = CountsAtOnce, CancellationToken = cancellationToken },
            async (row, stop) =>
            {
                var summary = IsDue(row, now) ? await CountAsync(row, stop) : new DaySummary(row.Region ?? "", Day(row), row.ReadCounts());
                if (summary.Types.Count > 0)
                {
                    summaries.Add(summary);
                }
            });
        return [.. summaries.OrderBy(summary => summary.Region, StringComparer.Ordinal).ThenBy(summary => summary.Day)];
    }

    /// <summary>The days that are known, in order of region and day, as they were last counted. Nothing is counted now.</summary>
    /// <param name="region">Only those of a region.</param>
    /// <param name="from">Only days that end after this time.</param>
    /// <param name="to">Only days that begin before this time.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<IReadOnlyList<LedgerDay>> ReadDaysAsync(string? region, DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellationToken) =>
        [.. (await ReadRowsAsync(region, from, to, cancellationToken)).Select(row => new LedgerDay(row.RowKey, Day(row), row.ReadCounts(), IsFresh: !IsStale(row)))];

    /// <summary>Counts again the days that were counted longest ago, whether or not they are known to have changed.</summary>
    public async Task RefreshOldestAsync(int days, CancellationToken cancellationToken)
    {
        var rows = await ReadRowsAsync(region: null, from: null, to: null, cancellationToken);
        foreach (var row in rows.OrderBy(row => row.CountedAt).Take(days))
        {
            await CountAsync(row, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _store.Dispose();

    private async Task<DaySummary> CountAsync(DayRow row, CancellationToken cancellationToken)
    {
        var at = _timeProvider.GetUtcNow();
        var started = _timeProvider.GetTimestamp();
        var types = new Dictionary<string, TypeSummary>(StringComparer.Ordinal);
        string? region = null;
        await foreach (var entry in _ledger.ReadPartitionAsync(row.RowKey, Columns, cancellationToken))
        {
            region ??= entry.Region;
            if (!types.TryGetValue(entry.Type, out var type))
            {
                types[entry.Type] = type = new TypeSummary();
            }

            type.Add(entry);
        }

        // Merged, so that a note that was made meanwhile stays. When two instances count at once, the earlier figures may
        // win: they carry the earlier time, and the day is counted again if it changed after that.
        var counted = DayRow.Create(row.RowKey, region, types, at, _timeProvider.GetElapsedTime(started));
        await _store.CallAsync(async () => await _store.Table.UpsertEntityAsync(counted, TableUpdateMode.Merge, cancellationToken), cancellationToken);
        return new DaySummary(region ?? "", Day(row), types);
    }

    private async Task<List<DayRow>> ReadRowsAsync(string? region, DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellationToken)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {LedgerChanges.Partition}");
        if (region is not null)
        {
            filter += TableClient.CreateQueryFilter($" and (RowKey eq {CompleteKey} or (RowKey ge {LedgerKey.Partition(region, from ?? DateTimeOffset.UnixEpoch)} and RowKey le {LedgerKey.Partition(region, to ?? DateTimeOffset.MaxValue)}))");
        }

        var rows = await QueryAsync(filter, cancellationToken);
        if (!rows.Exists(row => row.RowKey == CompleteKey))
        {
            await FindDaysAsync(cancellationToken);
            rows = await QueryAsync(filter, cancellationToken);
        }

        return [.. rows.Where(row => row.RowKey != CompleteKey && !(Day(row).AddDays(1) <= from) && !(Day(row) >= to))];
    }

    private Task<List<DayRow>> QueryAsync(string filter, CancellationToken cancellationToken) => _store.CallAsync(
        async () =>
        {
            var rows = new List<DayRow>();
            await foreach (var row in _store.Table.QueryAsync<DayRow>(filter, cancellationToken: cancellationToken))
            {
                rows.Add(row);
            }

            return rows;
        },
        cancellationToken);

    /// <summary>Makes a row for each day of the ledger that has none, and then the row that says so.</summary>
    private async Task FindDaysAsync(CancellationToken cancellationToken)
    {
        await foreach (var partition in _ledger.ReadPartitionsAsync(cancellationToken))
        {
            await WriteAsync(new DayRow { RowKey = partition });
        }

        await WriteAsync(new DayRow { RowKey = CompleteKey });

        Task WriteAsync(DayRow row) => _store.CallAsync(async () => await _store.Table.UpsertEntityAsync(row, TableUpdateMode.Merge, cancellationToken), cancellationToken);
    }

    private static bool IsDue(DayRow row, DateTimeOffset now)
    {
        if (row.CountedAt is not { } at || string.IsNullOrEmpty(row.Counts))
        {
            return true;
        }

        var took = TimeSpan.FromMilliseconds(row.Milliseconds ?? 0);
        return IsStale(row) && (took < QuickCount || now - at > 20 * took || now < at);
    }

    /// <summary>Whether the day may have changed since it was counted.</summary>
    private static bool IsStale(DayRow row) => row.CountedAt is not { } at || string.IsNullOrEmpty(row.Counts) || at <= row.ChangedUntil + ClocksDiffer;

    private static DateTimeOffset Day(DayRow row) =>
        DateTimeOffset.ParseExact(row.RowKey[^8..], "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
