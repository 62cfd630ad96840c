using System.Collections.Concurrent;
using Archiving.Model;
using Archiving.Storage;

namespace Archiving.Outages;

/// <summary>
/// Outages that every instance must know of. In Azure the functions of a queue run on other instances than those that
/// answer health; this is how a health check learns what it cannot try itself, such as whether the API key may restore.
/// </summary>
public sealed class SharedConditions(OperationsTable table, HealthBoard board, TimeProvider timeProvider)
{
    private const string Partition = "condition";

    // Another instance may have reported it since, and each success asks.
    private static readonly TimeSpan ClearedFor = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<Condition, DateTimeOffset> _cleared = new();

    /// <summary>Records an outage for all instances, each time: another instance may have cleared what this one reported.</summary>
    public async Task ReportAsync(OutageException outage, CancellationToken cancellationToken)
    {
        board.Report(outage);
        _cleared.TryRemove(outage.Condition, out _);
        var now = timeProvider.GetUtcNow();
        var row = new Row { PartitionKey = Partition, RowKey = outage.Condition.ToString(), Message = outage.Message, At = now };
        await table.WriteAsync(row, cancellationToken);
    }

    /// <summary>Records for all instances that something works.</summary>
    public async Task ClearAsync(Condition condition, CancellationToken cancellationToken)
    {
        board.Clear(condition);
        var now = timeProvider.GetUtcNow();
        if (_cleared.TryGetValue(condition, out var at) && now - at < ClearedFor && now >= at)
        {
            return;
        }

        await table.DeleteAsync(Partition, condition.ToString(), cancellationToken);
        _cleared[condition] = now;
    }

    /// <summary>The outages that any instance has recorded.</summary>
    public async Task<IReadOnlyDictionary<Condition, string>> ReadAsync(CancellationToken cancellationToken)
    {
        var outages = new Dictionary<Condition, string>();
        foreach (var row in await table.ReadAsync<Row>(Partition, cancellationToken))
        {
            if (Enum.TryParse<Condition>(row.RowKey, out var condition))
            {
                outages[condition] = row.Message;
            }
        }

        return outages;
    }

    internal sealed class Row : TableRow
    {
        public string Message { get; set; } = "";

        public DateTimeOffset At { get; set; }
    }
}
