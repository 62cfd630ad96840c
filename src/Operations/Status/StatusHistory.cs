using System.Globalization;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Storage;
using Azure.Data.Tables;

namespace Operations.Status;

/// <summary>Where everything stood at a time.</summary>
/// <param name="At">When.</param>
/// <param name="Archived">How many objects were archived, purged ones included.</param>
/// <param name="Bytes">Size of everything archived, in bytes.</param>
/// <param name="Waiting">How many objects were on their way.</param>
/// <param name="Failed">How many had failed.</param>
/// <param name="AtRisk">How many were at risk.</param>
public sealed record StatusSample(DateTimeOffset At, long Archived, long Bytes, long Waiting, long Failed, long AtRisk);

/// <summary>What <c>GET /api/history</c> answers.</summary>
/// <param name="Samples">The oldest first.</param>
public sealed record StatusSamples(IReadOnlyList<StatusSample> Samples);

/// <summary>
/// Samples the status every few minutes, keeps the samples for three months, so that it can be shown over time, and updates the gauges.
/// The samples of a day are a partition. The last one of each hour is also kept in the partition of its month, so that long ranges
/// are read with few requests.
/// </summary>
public sealed class StatusHistory(
    StatusReader reader,
    DaySummaries summaries,
    PoisonCounts poisonCounts,
    OverdueTimers timers,
    OperationsTable table,
    StatusGauges gauges,
    TimeProvider timeProvider)
{
    /// <summary>For how many hours samples are kept.</summary>
    public const int MaxHours = 24 * 92;

    private const int MaxHoursByDay = 24 * 14;
    private const int MaxSamples = 500;
    private const int DaysCountedAgain = 5;
    private const int RequestsAtOnce = 8;

    // What the partitions of samples begin with.
    private const string Partitions = "status|";

    // The row that says that months have the hours of every day.
    private const string HoursPartition = "status-hours";
    private const string CompleteKey = "complete";

    /// <summary>Takes a sample, and deletes those that are too old.</summary>
    /// <returns>What was sampled.</returns>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<StatusReport> SampleAsync(CancellationToken cancellationToken)
    {
        await summaries.RefreshAsync(DaysCountedAgain, cancellationToken);
        await poisonCounts.SampleAsync(cancellationToken);
        var status = await reader.ReadAsync(cancellationToken);
        var now = timeProvider.GetUtcNow();
        var sample = new Row
        {
            PartitionKey = Day(now),
            RowKey = now.UtcDateTime.ToString("HHmmss", CultureInfo.InvariantCulture),
            At = now,
            Archived = status.Count(LedgerState.Archived) + status.Count(LedgerState.Purged),
            Bytes = status.Bytes,
            Waiting = status.Waiting,
            Failed = status.Count(LedgerState.Failed),
            AtRisk = status.AtRisk,
        };
        await table.WriteAsync(sample, cancellationToken);
        await table.WriteAsync(sample.ToHour(), cancellationToken);
        await CompleteHoursAsync(now, cancellationToken);
        Show(status, now);
        gauges.RecordOverdue(await timers.ReadAsync(cancellationToken));
        await ForgetAsync(UtcTime.DayOf(now.AddHours(-MaxHours)), cancellationToken);
        return status;
    }

    /// <summary>The samples of the last hours; where there are many, evenly picked ones and the last.</summary>
    public async Task<StatusSamples> ReadAsync(int hours, CancellationToken cancellationToken)
    {
        var now = timeProvider.GetUtcNow();
        var from = now.AddHours(-hours);
        var byHour = hours > MaxHoursByDay && await HasHoursAsync(cancellationToken);
        var rows = (await ReadAsync(byHour ? Month : Day, from, now, cancellationToken)).FindAll(row => row.At >= from);
        var step = (rows.Count + MaxSamples - 1) / MaxSamples;
        return new StatusSamples([.. rows
            .Where((_, index) => (rows.Count - 1 - index) % Math.Max(step, 1) == 0)
            .Select(row => new StatusSample(row.At, row.Archived, row.Bytes, row.Waiting, row.Failed, row.AtRisk))]);
    }

    /// <summary>Deletes the samples before a day, of however many days.</summary>
    private async Task ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        // The month of that day is in the range, and has newer hours too.
        var old = await table.FindKeysAsync(
            TableClient.CreateQueryFilter($"PartitionKey ge {Partitions} and PartitionKey lt {Day(before)} and At lt {before}"),
            cancellationToken);
        foreach (var partition in old.GroupBy(row => row.PartitionKey, StringComparer.Ordinal))
        {
            await table.DeleteAsync(partition, cancellationToken);
        }
    }

    private void Show(StatusReport status, DateTimeOffset now)
    {
        var age = now - status.OldestUnarchived?.CreatedTime;
        var retention = status.OldestUnarchived?.DeletedBy8x8On - status.OldestUnarchived?.CreatedTime;
        gauges.Record(
            status.Waiting,
            status.AtRisk,
            status.Count(LedgerState.Failed),
            age,
            age / retention,
            now - status.OldestRead,
            status.Token.ExpiresOn - now,
            status.Listings
                .Where(listing => listing.Value.Age(now) is not null)
                .ToDictionary(listing => listing.Key, listing => listing.Value.Age(now)!.Value, StringComparer.Ordinal));
    }

    /// <summary>Adds the hours of samples that an earlier version took, once.</summary>
    private async Task CompleteHoursAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await HasHoursAsync(cancellationToken))
        {
            return;
        }

        foreach (var chunk in LastOfHours(await ReadAsync(Day, now.AddHours(-MaxHours), now, cancellationToken)).Chunk(RequestsAtOnce))
        {
            await Task.WhenAll(chunk.Select(row => table.WriteAsync(row, cancellationToken)));
        }

        await table.WriteAsync(new Row { PartitionKey = HoursPartition, RowKey = CompleteKey, At = now }, cancellationToken);
    }

    private async Task<bool> HasHoursAsync(CancellationToken cancellationToken) =>
        await table.FindAsync<Row>(HoursPartition, CompleteKey, cancellationToken) is not null;

    /// <summary>The rows of the days or months of a range, the oldest first.</summary>
    private async Task<List<Row>> ReadAsync(Func<DateTimeOffset, string> partition, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var first = UtcTime.DayOf(from);
        var rows = new List<Row>();
        var names = Enumerable.Range(0, (int)(to - first).TotalDays + 1).Select(day => partition(first.AddDays(day))).Distinct();
        foreach (var chunk in names.Chunk(RequestsAtOnce))
        {
            var read = await Task.WhenAll(chunk.Select(name => table.ReadAsync<Row>(name, cancellationToken)));
            rows.AddRange(read.SelectMany(part => part));
        }

        return rows;
    }

    private static IEnumerable<Row> LastOfHours(IEnumerable<Row> rows) =>
        rows.Select(row => row.ToHour()).GroupBy(row => (row.PartitionKey, row.RowKey)).Select(hour => hour.Last());

    private static string Day(DateTimeOffset time) => string.Create(CultureInfo.InvariantCulture, $"{Partitions}{time.UtcDateTime:yyyyMMdd}");

    private static string Month(DateTimeOffset time) => string.Create(CultureInfo.InvariantCulture, $"{Partitions}{time.UtcDateTime:yyyyMM}");

    internal sealed class Row : TableRow
    {
        public DateTimeOffset At { get; set; }

        public long Archived { get; set; }

        public long Bytes { get; set; }

        public long Waiting { get; set; }

        public long Failed { get; set; }

        public long AtRisk { get; set; }

        /// <summary>The same sample as the last one of its hour.</summary>
        public Row ToHour() => new()
        {
            PartitionKey = Month(At),
            RowKey = At.UtcDateTime.ToString("ddHH", CultureInfo.InvariantCulture),
            At = At,
            Archived = Archived,
            Bytes = Bytes,
            Waiting = Waiting,
            Failed = Failed,
            AtRisk = AtRisk,
        };
    }
}
