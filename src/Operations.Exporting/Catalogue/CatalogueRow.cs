using System.Text.Json.Nodes;
using Archiving.Ledger;
using Archiving.Model;
using EightByEight;

namespace Operations.Catalogue;

/// <summary>What the catalogue says of an archived object. <see cref="CatalogueColumns"/> describes it.</summary>
internal sealed class CatalogueRow
{
    public required string Region { get; init; }

    public required string Id { get; init; }

    public required string Type { get; init; }

    public required DateTime CreatedTime { get; init; }

    public required DateTime ArchivedAt { get; init; }

    public required long Bytes { get; init; }

    public required double? DurationSeconds { get; init; }

    public required CallFacts Facts { get; init; }

    public required string? CallId { get; init; }

    public required string? ObjectName { get; init; }

    public required string Blob { get; init; }

    public required string? Md5 { get; init; }

    public required string? Sha256 { get; init; }

    public required string? Verification { get; init; }

    public required string State { get; init; }

    public required string? Tags { get; init; }

    /// <summary>Whether the catalogue has a row for an object: once it was archived, whatever became of it since.</summary>
    public static bool IsIn(LedgerEntry entry) => entry is { Blob: not null, ArchivedAt: not null };

    /// <summary>The row of an object.</summary>
    /// <param name="entry">Its row in the ledger.</param>
    /// <param name="tags">Its tags as JSON; <see langword="null"/> when nothing says them.</param>
    /// <param name="intern">Gives one string for all that are equal.</param>
    public static CatalogueRow Of(LedgerEntry entry, string? tags, Func<string, string> intern)
    {
        var record = RecordOf(entry, tags);
        var facts = CallFacts.Of(record);
        return new CatalogueRow
        {
            Region = intern(entry.Region),
            Id = entry.Id,
            Type = intern(entry.Type),
            CreatedTime = entry.CreatedTime.UtcDateTime,
            ArchivedAt = entry.ArchivedAt!.Value.UtcDateTime,
            Bytes = entry.Bytes ?? 0,
            DurationSeconds = CallTimes.FindDuration(record)?.TotalSeconds,
            Facts = new CallFacts(
                Shared(facts.Direction),
                Shared(facts.Person),
                Shared(facts.PersonId),
                facts.Number,
                facts.OtherParty ?? facts.Number,
                Shared(facts.Queue ?? entry.QueueName),
                Shared(facts.Agent ?? entry.AgentName)),
            CallId = entry.CallId,
            ObjectName = entry.ObjectName,
            Blob = entry.Blob!,
            Md5 = entry.Md5,
            Sha256 = entry.Sha256,
            Verification = Shared(entry.Verification),
            State = intern(entry.State),
            Tags = tags,
        };

        string? Shared(string? text) => text is null ? null : intern(text);
    }

    private static StorageObject RecordOf(LedgerEntry entry, string? tags) => StorageObject.Parse(BinaryData.FromString(new JsonObject
    {
        ["id"] = entry.Id,
        ["type"] = entry.Type,
        ["userId"] = entry.UserId,
        ["tags"] = string.IsNullOrEmpty(tags) ? null : JsonNode.Parse(tags),
    }.ToJsonString()));
}
