using System.Text.Json;
using System.Text.Json.Serialization;
using Archiving.Model;
using Archiving.Telemetry;

namespace Archiving.Queues;

/// <summary>
/// The next step of a plan: work that goes through the ledger day by day. The message holds the plan's place and what was counted
/// until there, so that any instance can continue. See <c>Planning.DayPlans</c>.
/// </summary>
public sealed record PlanMessage : WorkMessage, IReadableMessage<PlanMessage>
{
    /// <summary>The kind of work: the <c>Kind</c> of a <c>Planning.DayWork</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Tells plans of one kind apart that may be under way at once; empty where only one may.</summary>
    public string Plan { get; init; } = "";

    /// <summary>When the plan was started: a plan that was started again is another one.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>Number of the step.</summary>
    public int Step { get; init; }

    /// <summary>The ledger's partition that was last worked on; <see langword="null"/> before the first.</summary>
    public string? Day { get; init; }

    /// <summary>The row of that partition that was last worked on; <see langword="null"/> when the partition is done.</summary>
    public string? Row { get; init; }

    /// <summary>Leave out days that end before this time.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Leave out days that begin at this time or later.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Leave out days that have not changed since this time.</summary>
    public DateTimeOffset? ChangedSince { get; init; }

    /// <summary>Only objects of this type.</summary>
    public string? Type { get; init; }

    /// <summary>Only objects of these ids.</summary>
    public IReadOnlyList<string>? Ids { get; init; }

    /// <summary>Whether nothing is to be queued.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>What was counted until here; the names are the work's own.</summary>
    public IReadOnlyDictionary<string, long> Counts { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Name => $"{Kind} {Plan} {Day}".TrimEnd();

    /// <inheritdoc/>
    internal override KeyValuePair<string, object?>[] SpanTags => [new(Tags.Kind, Kind)];

    /// <summary>What was counted until here under a name.</summary>
    public long Count(string name) => Counts.GetValueOrDefault(name);

    /// <inheritdoc/>
    public override BinaryData ToJson() => BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(this, QueueJson.Default.PlanMessage));

    /// <inheritdoc/>
    public static PlanMessage Parse(BinaryData body)
    {
        try
        {
            return JsonSerializer.Deserialize(MessageBody.Decode(body).ToMemory().Span, QueueJson.Default.PlanMessage) is { Kind.Length: > 0 } message
                ? message
                : throw new InvalidMessageException("The message lacks \"kind\".");
        }
        catch (JsonException exception)
        {
            throw new InvalidMessageException($"The message is not {{\"region\":…,\"kind\":…}}: {exception.Message}", exception);
        }
    }
}
