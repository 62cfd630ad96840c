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

    // Of a region's outage, each object that meets it tells.
    private static readonly TimeSpan ReportedFor = TimeSpan.FromSeconds(30);

    // Longer than deferred work waits: an outage of content that is still there is reported again.
    private static readonly TimeSpan ContentLasts = TimeSpan.FromMinutes(30);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _cleared = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _reported = new(StringComparer.Ordinal);

    /// <summary>Records an outage for all instances, each time: another instance may have cleared what this one reported.</summary>
    /// <param name="outage">The outage.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    /// <param name="region">The region that has it; <see langword="null"/> for all. Every half minute is often enough for one.</param>
    public async Task ReportAsync(OutageException outage, CancellationToken cancellationToken, string? region = null)
    {
        board.Report(outage);
        var key = KeyOf(outage.Condition, region);
        _cleared.TryRemove(key, out _);
        var now = timeProvider.GetUtcNow();
        if (region is not null && _reported.TryGetValue(key, out var at) && (now - at).Duration() < ReportedFor)
        {
            return;
        }

        await table.WriteAsync(new Row { PartitionKey = Partition, RowKey = key, Message = outage.Message, At = now }, cancellationToken);
        _reported[key] = now;
    }

    /// <summary>Records for all instances that something works.</summary>
    /// <param name="condition">What works.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    /// <param name="region">The region in which it does; <see langword="null"/> for all.</param>
    public async Task ClearAsync(Condition condition, CancellationToken cancellationToken, string? region = null)
    {
        board.Clear(condition);
        var key = KeyOf(condition, region);
        _reported.TryRemove(key, out _);
        var now = timeProvider.GetUtcNow();
        if (_cleared.TryGetValue(key, out var at) && now - at < ClearedFor && now >= at)
        {
            return;
        }

        await table.DeleteAsync(Partition, key, cancellationToken);
        _cleared[key] = now;
    }

    /// <summary>The outages that any instance has recorded.</summary>
    public async Task<IReadOnlyDictionary<Condition, string>> ReadAsync(CancellationToken cancellationToken)
    {
        var outages = new Dictionary<Condition, string>();
        var now = timeProvider.GetUtcNow();
        foreach (var row in await table.ReadAsync<Row>(Partition, cancellationToken))
        {
            if (Enum.TryParse<Condition>(row.RowKey.Split('|')[0], out var condition) && !(condition == Condition.Content && now - row.At > ContentLasts))
            {
                outages[condition] = outages.TryGetValue(condition, out var other) ? $"{other} {row.Message}" : row.Message;
            }
        }

        return outages;
    }

    private static string KeyOf(Condition condition, string? region) => region is null ? condition.ToString() : $"{condition}|{ObjectNames.Encode(region)}";

    internal sealed class Row : TableRow
    {
        public string Message { get; set; } = "";

        public DateTimeOffset At { get; set; }
    }
}
