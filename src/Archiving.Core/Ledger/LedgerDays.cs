using Archiving.Model;
using Azure.Data.Tables;

namespace Archiving.Ledger;

/// <summary>
/// The days of the ledger, and what they held when they were last counted, from the table <c>summaries</c>. A row says
/// that every day of the ledger is known; where it is missing, because the table was deleted, the days are looked up again.
/// <para>
/// Days that no longer change share a row for each quarter (<see cref="DayPack"/>), so that one query reads all days of many
/// years. A day's own row, which is there from its next change on, is newer than what its quarter says.
/// </para>
/// </summary>
public sealed class LedgerDays(LedgerChanges changes, ObjectLedger ledger)
{
    // Sorts behind every region.
    internal const string CompleteKey = "~complete";

    // Fewer are left as they are, because the row of a quarter is written for each of its days that joins it.
    private const int MinPacked = 20;
    private const int MaxPacked = 1000;
    private static readonly TimeSpan Settled = TimeSpan.FromHours(1);

    /// <summary>The days that are known, in order of region and day, as they were last counted. Nothing is counted now.</summary>
    /// <param name="region">Only those of a region.</param>
    /// <param name="from">Only days that end after this time.</param>
    /// <param name="to">Only days that begin before this time.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<IReadOnlyList<LedgerDay>> ReadAsync(string? region, DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellationToken)
    {
        var rows = await ReadRowsAsync(region, from, to, cancellationToken);
        return [.. rows.Select(row => new LedgerDay(row.RowKey, row.ToDay(), row.ReadCounts(), IsFresh: !row.IsStale(), row.ChangedUntil))];
    }

    internal async Task<List<DayRow>> ReadRowsAsync(string? region, DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellationToken)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {LedgerChanges.Partition}");
        if (region is not null)
        {
            var first = LedgerKey.Partition(region, from ?? DateTimeOffset.UnixEpoch);
            var last = LedgerKey.Partition(region, to ?? DateTimeOffset.MaxValue);
            var (firstPack, lastPack) = (DayPack.KeyOf(first), DayPack.KeyOf(last));
            filter += TableClient.CreateQueryFilter($" and (RowKey eq {CompleteKey} or (RowKey ge {first} and RowKey le {last})");
            filter += TableClient.CreateQueryFilter($" or (RowKey ge {firstPack} and RowKey le {lastPack}))");
        }

        var rows = await changes.Table.ReadAsync<DayRow>(filter, cancellationToken);
        if (!rows.Exists(row => row.RowKey == CompleteKey))
        {
            await FindDaysAsync(cancellationToken);
            rows = await changes.Table.ReadAsync<DayRow>(filter, cancellationToken);
        }

        return
        [
            .. Unpack(rows).Values
                .Where(row => !(row.ToDay().AddDays(1) <= from) && !(row.ToDay() >= to))
                .OrderBy(row => row.RowKey, StringComparer.Ordinal),
        ];
    }

    /// <summary>Puts days that were counted since they last changed, an hour ago or longer, into the rows of their quarters.</summary>
    internal async Task PackAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var rows = await changes.Table.ReadPartitionAsync<DayRow>(LedgerChanges.Partition, cancellationToken);
        var days = rows.Where(row => !DayPack.Is(row) && row.RowKey != CompleteKey && !row.IsStale() && !(row.ChangedUntil > now - Settled)).ToList();
        if (days.Count < MinPacked)
        {
            return;
        }

        foreach (var quarter in days.Take(MaxPacked).GroupBy(row => DayPack.KeyOf(row.RowKey), StringComparer.Ordinal))
        {
            var pack = rows.Find(row => row.RowKey == quarter.Key) ?? new DayRow { RowKey = quarter.Key };
            if (!DayPack.TryAdd(pack, quarter) || !await changes.Table.TryWriteAsync(pack, cancellationToken))
            {
                continue;
            }

            // One that changes meanwhile keeps its own row.
            foreach (var day in quarter)
            {
                await changes.Table.TryDeleteAsync(day, cancellationToken);
            }
        }
    }

    private static Dictionary<string, DayRow> Unpack(List<DayRow> rows)
    {
        var days = new Dictionary<string, DayRow>(StringComparer.Ordinal);
        foreach (var day in rows.Where(DayPack.Is).SelectMany(DayPack.Read))
        {
            days[day.RowKey] = day;
        }

        foreach (var row in rows.Where(row => !DayPack.Is(row) && row.RowKey != CompleteKey))
        {
            days[row.RowKey] = days.TryGetValue(row.RowKey, out var packed) ? row.Over(packed) : row;
        }

        return days;
    }

    /// <summary>Makes a row for each day of the ledger that has none, and then the row that says so.</summary>
    private async Task FindDaysAsync(CancellationToken cancellationToken)
    {
        await foreach (var partition in ledger.ReadPartitionsAsync(cancellationToken))
        {
            await changes.Table.WriteAsync(new DayRow { RowKey = partition }, TableUpdateMode.Merge, cancellationToken);
        }

        await changes.Table.WriteAsync(new DayRow { RowKey = CompleteKey }, TableUpdateMode.Merge, cancellationToken);
    }
}
