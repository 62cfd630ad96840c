using Archiving.Ledger;
using Archiving.Model;
using Archiving.Settings;
using Operations.Access;

namespace Operations.Objects;

/// <summary>An object as <c>GET /api/objects</c> shows it: 8x8's record and its state.</summary>
public sealed record ObjectItem
{
    /// <summary>8x8's region.</summary>
    public required string Region { get; init; }

    /// <summary>8x8's id.</summary>
    public required string Id { get; init; }

    /// <summary>8x8's object type.</summary>
    public required string Type { get; init; }

    /// <summary>Name of a <see cref="LedgerState"/>.</summary>
    public required string State { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedTime { get; init; }

    /// <summary>When 8x8 last changed it.</summary>
    public DateTimeOffset? UpdatedTime { get; init; }

    /// <summary>Size in bytes: of the archived content, else as 8x8 says.</summary>
    public long? Bytes { get; init; }

    /// <summary>The name that 8x8 gives it.</summary>
    public string? ObjectName { get; init; }

    /// <summary>MIME type by 8x8.</summary>
    public string? MimeType { get; init; }

    /// <summary>Name of the archived blob in the container.</summary>
    public string? Blob { get; init; }

    /// <summary>What went wrong last.</summary>
    public string? LastError { get; init; }

    /// <summary>How often it was tried since it was last put into the queue.</summary>
    public int? Attempts { get; init; }

    /// <summary>When it was archived.</summary>
    public DateTimeOffset? ArchivedAt { get; init; }

    /// <summary>When 8x8 deletes it for good, by the retention that is set; <see langword="null"/> when 8x8 no longer has it.</summary>
    public DateTimeOffset? DeletedBy8x8On { get; init; }

    /// <summary>The call that it belongs to.</summary>
    public string? CallId { get; init; }

    /// <summary>Who speaks in a transcript: <c>owner</c> or <c>external</c>.</summary>
    public string? Speaker { get; init; }

    /// <summary>The agent.</summary>
    public string? AgentName { get; init; }

    /// <summary>The queue.</summary>
    public string? QueueName { get; init; }

    /// <summary>8x8's bucket, which groups the objects of one interaction.</summary>
    public string? BucketId { get; init; }

    /// <summary>What of 8x8's claims was checked: <c>md5</c>, <c>multipart-md5</c>, <c>size</c> or <c>none</c>.</summary>
    public string? Verification { get; init; }

    /// <summary>MD5 of the archived content, hex.</summary>
    public string? Md5 { get; init; }

    /// <summary>SHA-256 of the archived content, hex.</summary>
    public string? Sha256 { get; init; }

    /// <summary>When 8x8 was last asked to restore it from cold storage.</summary>
    public DateTimeOffset? RestoreRequestedAt { get; init; }

    /// <summary>Stands for what the caller may not see: a name, or what a reason quotes of 8x8.</summary>
    public const string Masked = "***";

    /// <summary>Shows a row to a caller.</summary>
    public static ObjectItem Of(LedgerEntry entry, RetentionOptions retention, Caller caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var item = Of(entry, retention);
        return caller.SeesNames(entry) ? item : item with
        {
            ObjectName = Mask(item.ObjectName),
            AgentName = Mask(item.AgentName),
            LastError = MaskQuote(item.LastError),
        };
    }

    /// <summary>Shows a row.</summary>
    public static ObjectItem Of(LedgerEntry entry, RetentionOptions retention)
    {
        return new ObjectItem
        {
            Region = entry.Region,
            Id = entry.Id,
            Type = entry.Type,
            State = entry.State,
            CreatedTime = entry.CreatedTime,
            UpdatedTime = entry.UpdatedTime,
            Bytes = entry.Bytes ?? entry.SourceBytes,
            ObjectName = entry.ObjectName,
            MimeType = entry.MimeType,
            Blob = entry.Blob,
            LastError = entry.LastError,
            Attempts = entry.Attempts,
            ArchivedAt = entry.ArchivedAt,
            DeletedBy8x8On = entry.Is(LedgerState.Gone) || entry.Is(LedgerState.Purged) || entry.Is(LedgerState.Expired)
                ? null
                : retention.DeletedOn(entry.Type, entry.CreatedTime, entry.RetentionDays),
            CallId = entry.CallId,
            Speaker = entry.Speaker,
            AgentName = entry.AgentName,
            QueueName = entry.QueueName,
            BucketId = entry.BucketId,
            Verification = entry.Verification,
            Md5 = entry.Md5,
            Sha256 = entry.Sha256,
            RestoreRequestedAt = entry.RestoreRequestedAt,
        };
    }

    private static string? Mask(string? name) => name is null ? null : Masked;

    private static string? MaskQuote(string? reason) =>
        reason is not null && SourceQuote.FindBefore(reason) is { } text ? $"{text} {SourceQuote.Sent}{Masked}" : reason;
}
