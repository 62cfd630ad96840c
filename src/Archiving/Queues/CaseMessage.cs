using System.Text.Json;
using System.Text.Json.Serialization;
using Archiving.Cases;
using Archiving.Model;

namespace Archiving.Queues;

/// <summary>A step of work on a case. What there is to do is in the table <c>cases</c>, so a message that comes twice does no harm.</summary>
public sealed record CaseMessage : WorkMessage, IReadableMessage<CaseMessage>
{
    // A case spans regions.
    private const string EveryRegion = "all";

    /// <summary>The case.</summary>
    public required string CaseId { get; init; }

    /// <summary>The change or the export.</summary>
    public required string Id { get; init; }

    /// <summary>How often all deliveries of the message ended with a crash.</summary>
    public int Crashes { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Name => $"{CaseId}/{Id}";

    /// <inheritdoc/>
    internal override KeyValuePair<string, object?>[] SpanTags => [];

    /// <summary>Makes a message.</summary>
    /// <param name="caseId">The case.</param>
    /// <param name="id">The change or the export.</param>
    public static CaseMessage About(string caseId, string id) => new() { Region = EveryRegion, CaseId = caseId, Id = id };

    /// <inheritdoc/>
    public override BinaryData ToJson() => BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(this, QueueJson.Default.CaseMessage));

    /// <inheritdoc/>
    public static CaseMessage Parse(BinaryData body)
    {
        CaseMessage? message;
        try
        {
            message = JsonSerializer.Deserialize(MessageBody.Decode(body).ToMemory().Span, QueueJson.Default.CaseMessage);
        }
        catch (JsonException exception)
        {
            throw new InvalidMessageException($"The message is not {{\"region\":…,\"caseId\":…,\"id\":…}}: {exception.Message}", exception);
        }

        return message is { CaseId: { Length: > 0 } caseId, Id.Length: > 0 } && CaseStore.IsId(caseId)
            ? message
            : throw new InvalidMessageException("The message lacks \"caseId\" or \"id\".");
    }
}
