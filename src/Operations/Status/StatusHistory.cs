using System.Globalization;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Storage;

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

/// <summary>Samples the status every few minutes, keeps the samples for three months, so that it can be shown over time, and updates the gauges.</summary>
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
    public const int MostHours = 24 * 92;

    private const int MostSamples = 500;
    private const int DaysCountedAgain = 5;
    private const int DaysReadAtOnce = 8;

    /// <summary>Takes a sample, and deletes those that are too old.</summary>
    /// <returns>What was sampled.</returns>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<StatusReport> SampleAsync(CancellationToken cancellationToken)
    {
        await summaries.RefreshAsync(DaysCountedAgain, cancellationToken);
        await poisonCounts.SampleAsync(cancellationToken);
        var status = await reader.ReadAsync(cancellationToken);
        var now = timeProvider.GetUtcNow();
        await table.WriteAsync(
            new Row
            {
                PartitionKey = Partition(now),
                RowKey = now.UtcDateTime.ToString("HHmmss", CultureInfo.InvariantCulture),
                At = now,
                Archived = status.Count(LedgerState.Archived) + status.Count(LedgerState.Purged),
                Bytes = status.Bytes,
                Waiting = status.Waiting,
                Failed = status.Count(LedgerState.Failed),
                AtRisk = status.AtRisk,
            },
            cancellationToken);
        Show(status, now);
        gauges.RecordOverdue(await timers.ReadAsync(cancellationToken));
        foreach (var old in await table.ReadAsync<Row>(Partition(now.AddHours(-MostHours - 24)), cancellationToken))
        {
            await table.DeleteAsync(old.PartitionKey, old.RowKey, cancellationToken);
        }

        return status;
    }

    /// <summary>The samples of the last hours; where there are many, evenly picked ones and the last.</summary>
    public async Task<StatusSamples> ReadAsync(int hours, CancellationToken cancellationToken)
    {
        var now = timeProvider.GetUtcNow();
        var from = now.AddHours(-hours);
        var first = new DateTimeOffset(from.UtcDateTime.Date, TimeSpan.Zero);
        var rows = new List<Row>();
        foreach (var days in Enumerable.Range(0, (int)(now - first).TotalDays + 1).Chunk(DaysReadAtOnce))
        {
            var read = await Task.WhenAll(days.Select(day => table.ReadAsync<Row>(Partition(first.AddDays(day)), cancellationToken)));
            rows.AddRange(read.SelectMany(day => day).Where(row => row.At >= from));
        }

        var step = (rows.Count + MostSamples - 1) / MostSamples;
        return new StatusSamples([.. rows
            .Where((_, index) => (rows.Count - 1 - index) % Math.Max(step, 1) == 0)
            .Select(row => new StatusSample(row.At, row.Archived, row.Bytes, row.Waiting, row.Failed, row.AtRisk))]);
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

    private static string Partition(DateTimeOffset day) => string.Create(CultureInfo.InvariantCulture, $"status|{day.UtcDateTime:yyyyMMdd}");

    internal sealed class Row : TableRow
    {
        public DateTimeOffset At { get; set; }

        public long Archived { get; set; }

        public long Bytes { get; set; }

        public long Waiting { get; set; }

        public long Failed { get; set; }

        public long AtRisk { get; set; }
    }
}
