using System.Text.Json;
using System.Text.Json.Serialization;
using Archiving.Queues;
using Archiving.Storage;

namespace Operations.Status;

/// <summary>
/// How many messages the poison queues hold. They are empty but for moments, and there are as many as other queues, so a timer
/// counts them and the status reads the one row that it writes.
/// </summary>
public sealed class PoisonCounts(OperationsTable table, WorkQueues queues)
{
    private const string Partition = "queues";
    private const string Key = "poison";

    /// <summary>As they were last counted; none before.</summary>
    /// <exception cref="Archiving.Model.OutageException">The storage does not work.</exception>
    public async Task<IReadOnlyDictionary<string, long>> ReadAsync(CancellationToken cancellationToken)
    {
        var row = await table.FindAsync<Row>(Partition, Key, cancellationToken);
        var held = row is null ? [] : JsonSerializer.Deserialize(row.Counts, PoisonCountsJson.Default.DictionaryStringInt64) ?? [];
        return QueueNames.All.Select(name => name + QueueNames.PoisonSuffix).ToDictionary(name => name, name => held.GetValueOrDefault(name));
    }

    /// <summary>Counts the messages of every poison queue, and stores the counts.</summary>
    /// <exception cref="Archiving.Model.OutageException">The storage does not work.</exception>
    public async Task SampleAsync(CancellationToken cancellationToken)
    {
        var counts = await queues.CountAsync(QueueNames.All.Select(name => name + QueueNames.PoisonSuffix), cancellationToken);
        var held = counts.Where(count => count.Value > 0).ToDictionary(count => count.Key, count => count.Value, StringComparer.Ordinal);
        var json = JsonSerializer.Serialize(held, PoisonCountsJson.Default.DictionaryStringInt64);
        await table.WriteAsync(new Row { PartitionKey = Partition, RowKey = Key, Counts = json }, cancellationToken);
    }

    internal sealed class Row : TableRow
    {
        public string Counts { get; set; } = "{}";
    }
}

[JsonSerializable(typeof(Dictionary<string, long>))]
internal sealed partial class PoisonCountsJson : JsonSerializerContext;
