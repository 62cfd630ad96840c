using Archiving.Model;
using Azure.Data.Tables;

namespace Archiving.Ledger;

/// <summary>
/// The days of the ledger, and what they held when they were last counted, from the table <c>summaries</c>. A row says
/// that every day of the ledger is known; where it is missing, because the table was deleted, the days are looked up again.
/// </summary>
public sealed class LedgerDays(LedgerChanges changes, ObjectLedger ledger)
{
    // Sorts behind every region.
    private const string CompleteKey = "~complete";

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
            filter += TableClient.CreateQueryFilter($" and (RowKey eq {CompleteKey} or (RowKey ge {first} and RowKey le {last}))");
        }

        var rows = await changes.Table.ReadAsync<DayRow>(filter, cancellationToken);
        if (!rows.Exists(row => row.RowKey == CompleteKey))
        {
            await FindDaysAsync(cancellationToken);
            rows = await changes.Table.ReadAsync<DayRow>(filter, cancellationToken);
        }

        return [.. rows.Where(row => row.RowKey != CompleteKey && !(row.ToDay().AddDays(1) <= from) && !(row.ToDay() >= to))];
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
