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
    private static readonly TimeSpan WrittenFor = TimeSpan.FromMinutes(10);
    private readonly System.Collections.Concurrent.ConcurrentDictionary<Condition, (string? Message, DateTimeOffset At)> _known = new();

    /// <summary>Records an outage for all instances.</summary>
    public async Task ReportAsync(OutageException outage, CancellationToken cancellationToken)
    {
        board.Report(outage);
        var now = timeProvider.GetUtcNow();
        if (_known.TryGetValue(outage.Condition, out var known) && known.Message == outage.Message && now - known.At < WrittenFor && now >= known.At)
        {
            return;
        }

        var row = new Row { PartitionKey = Partition, RowKey = outage.Condition.ToString(), Message = outage.Message, At = now };
        await table.WriteAsync(row, cancellationToken);
        _known[outage.Condition] = (outage.Message, now);
    }

    /// <summary>Records for all instances that something works.</summary>
    public async Task ClearAsync(Condition condition, CancellationToken cancellationToken)
    {
        board.Clear(condition);
        var now = timeProvider.GetUtcNow();
        if (_known.TryGetValue(condition, out var known) && known.Message is null && now - known.At < WrittenFor && now >= known.At)
        {
            return;
        }

        await table.DeleteAsync(Partition, condition.ToString(), cancellationToken);
        _known[condition] = (null, now);
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
