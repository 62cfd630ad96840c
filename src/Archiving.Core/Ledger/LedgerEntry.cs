using Archiving.Model;
using Archiving.Storage;
using EightByEight;

namespace Archiving.Ledger;

/// <summary>One object's row: what 8x8 said of it, what became of it.</summary>
public sealed class LedgerEntry : TableRow
{
    /// <summary>Maximum number of characters of a text, such as the id of a call, that a row keeps.</summary>
    public const int MaxTextLength = 1024;

    // A property holds 32 Ki characters (Azure Table Storage). Tags of 8x8 take some hundred: what is longer is read from the receipt.
    private const int MaxTagsLength = 8192;

    /// <summary>Name of a <see cref="LedgerState"/>, as the table holds it: see <see cref="Is"/> and <see cref="Become"/>.</summary>
    public string State { get; set; } = "";

    /// <summary>8x8's region.</summary>
    public string Region { get; set; } = "";

    /// <summary>8x8's id, not encoded.</summary>
    public string Id { get; set; } = "";

    /// <summary>8x8's object type.</summary>
    public string Type { get; set; } = "";

    /// <summary>The name that 8x8 gives it, cut to 1,024 characters.</summary>
    public string? ObjectName { get; set; }

    /// <summary>MIME type by 8x8.</summary>
    public string? MimeType { get; set; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedTime { get; set; }

    /// <summary>When 8x8 last changed the record that this row knows.</summary>
    public DateTimeOffset? UpdatedTime { get; set; }

    /// <summary>8x8's state of the object.</summary>
    public string? SourceState { get; set; }

    /// <summary>Size by 8x8, in bytes.</summary>
    public long? SourceBytes { get; set; }

    /// <summary>Checksum by 8x8.</summary>
    public string? Checksum { get; set; }

    /// <summary>
    /// After how many days 8x8 deletes it by the rule that matched its record; 0 when none did, <see langword="null"/> when
    /// there were no rules.
    /// </summary>
    public int? RetentionDays { get; set; }

    /// <summary>What it is searched by, see <see cref="SearchText"/>; <see langword="null"/> in rows of an earlier version.</summary>
    public string? Search { get; set; }

    /// <summary>The call that it belongs to, by its tags; cut to 1,024 characters.</summary>
    public string? CallId { get; set; }

    /// <summary>8x8's user whose object it is, cut to 1,024 characters; <see langword="null"/> in rows of an earlier version.</summary>
    public string? UserId { get; set; }

    /// <summary>Who speaks in it, such as <c>owner</c> or <c>external</c>, by its tag: a call has a transcript for each.</summary>
    public string? Speaker { get; set; }

    /// <summary>The agent by its tag.</summary>
    public string? AgentName { get; set; }

    /// <summary>The queue by its tag.</summary>
    public string? QueueName { get; set; }

    /// <summary>
    /// The tags as JSON, see <see cref="RecordTags"/>; <see langword="null"/> in rows of an earlier version, empty when they are too long
    /// for a row.
    /// </summary>
    public string? Tags { get; set; }

    /// <summary>Name of the user or agent, see <see cref="CallFacts"/>; this and the four below are missing in rows of an earlier version.</summary>
    public string? Person { get; set; }

    /// <summary>Number of the other party.</summary>
    public string? Number { get; set; }

    /// <summary><c>inbound</c> or <c>outbound</c>, as 8x8 writes it.</summary>
    public string? Direction { get; set; }

    /// <summary>When the call began, by the tag <c>startTime</c>.</summary>
    public DateTimeOffset? StartTime { get; set; }

    /// <summary>How long it was, see <see cref="CallTimes"/>.</summary>
    public double? DurationSeconds { get; set; }

    /// <summary>8x8's bucket, which groups the objects of one interaction.</summary>
    public string? BucketId { get; set; }

    /// <summary>The run that put it into the queue.</summary>
    public string? Run { get; set; }

    /// <summary>When it was last put into the queue.</summary>
    public DateTimeOffset? QueuedAt { get; set; }

    /// <summary>Size of the archived content, in bytes.</summary>
    public long? Bytes { get; set; }

    /// <summary>Name of the archived blob in the container.</summary>
    public string? Blob { get; set; }

    /// <summary>MD5 of the archived content, hex.</summary>
    public string? Md5 { get; set; }

    /// <summary>SHA-256 of the archived content, hex.</summary>
    public string? Sha256 { get; set; }

    /// <summary>What of 8x8's claims was checked: <c>md5</c>, <c>multipart-md5</c>, <c>size</c> or <c>none</c>.</summary>
    public string? Verification { get; set; }

    /// <summary>When it was archived.</summary>
    public DateTimeOffset? ArchivedAt { get; set; }

    /// <summary>How often it was tried since it was last put into the queue.</summary>
    public int? Attempts { get; set; }

    /// <summary>What went wrong last.</summary>
    public string? LastError { get; set; }

    /// <summary>When 8x8 was last asked to restore it from cold storage.</summary>
    public DateTimeOffset? RestoreRequestedAt { get; set; }

    /// <summary>Whether 8x8 accepted the last request to restore it.</summary>
    public bool? RestoreAccepted { get; set; }

    /// <summary>The message that handles the restore.</summary>
    public string? RestoreTicket { get; set; }

    /// <summary>When its archived bytes were last verified.</summary>
    public DateTimeOffset? VerifiedAt { get; set; }

    /// <summary>
    /// When its content was last read at 8x8, if nothing that 8x8 says proves it; else, and in rows of an earlier version,
    /// <see langword="null"/>.
    /// </summary>
    public DateTimeOffset? SourceReadAt { get; set; }

    /// <summary>Name of an archived blob whose bytes were found damaged and are not repaired yet.</summary>
    public string? Damaged { get; set; }

    /// <summary>Why it may not be deleted at 8x8, whose record is no longer the archived one. Archiving newer content ends this.</summary>
    public string? PurgeRefused { get; set; }

    /// <summary>The record that describes it; <see langword="null"/> in rows that were read.</summary>
    internal StorageObject? Record { get; private set; }

    /// <summary>A row for an object that has just been seen.</summary>
    public static LedgerEntry Queued(string region, StorageObject record, DateTimeOffset now, string? run = null)
    {
        var entry = Describe(region, record);
        entry.Become(LedgerState.Queued);
        entry.Run = run;
        entry.QueuedAt = now;
        entry.Attempts = 0;
        return entry;
    }

    /// <summary>The row of an object that its receipt proves archived.</summary>
    public static LedgerEntry Archived(string region, StorageObject record, Receipt receipt, string? run = null)
    {
        var entry = Describe(region, record);
        entry.Become(LedgerState.Archived);
        entry.Run = run;
        entry.Blob = receipt.Blob;
        entry.Bytes = receipt.Bytes;
        entry.Md5 = receipt.Md5;
        entry.Sha256 = receipt.Sha256;
        entry.Verification = receipt.Verification;
        entry.ArchivedAt = receipt.ArchivedAt;
        return entry;
    }

    /// <summary>A row that holds what the record says and no state yet.</summary>
    public static LedgerEntry Describe(string region, StorageObject record)
    {
        var key = LedgerKey.Of(region, record);
        var call = CallFacts.Of(record);
        return new LedgerEntry
        {
            PartitionKey = key.PartitionKey,
            RowKey = key.RowKey,
            Record = record,
            Region = region,
            Id = record.Id,
            Type = record.Type,
            ObjectName = Shorten(record.ObjectName),
            MimeType = Shorten(record.MimeType),
            CreatedTime = LedgerKey.CreatedTime(record),
            UpdatedTime = LedgerKey.Storable(record.UpdatedTime),
            SourceState = record.State.ToString(),
            SourceBytes = record.StoredBytes,
            Checksum = Shorten(record.Checksum),
            Search = SearchText.Of(record),
            CallId = Shorten(SearchText.CallOf(record)),
            BucketId = Shorten(record.BucketId),
            UserId = Shorten(record.UserId),
            Speaker = FindTag(record, "speaker"),
            AgentName = FindTag(record, "agentName"),
            QueueName = FindTag(record, "queueName"),
            Tags = RecordTags.ToJson(record) is { Length: <= MaxTagsLength } tags ? tags : "",
            Person = Shorten(call.Person),
            Number = Shorten(call.Number),
            Direction = Shorten(call.Direction),
            StartTime = CallTimes.FindStart(record),
            DurationSeconds = CallTimes.FindDuration(record)?.TotalSeconds,
        };
    }

    /// <summary>Adds to a row of an earlier version what such rows lack, and leaves all else as it is.</summary>
    public void Complete(StorageObject record)
    {
        var whole = Describe(Region, record);
        Record = record;
        (Search, CallId, BucketId, Tags) = (whole.Search, whole.CallId, whole.BucketId, whole.Tags);
        (UserId, Speaker, AgentName, QueueName) = (whole.UserId, whole.Speaker, whole.AgentName, whole.QueueName);
        (Person, Number, Direction, StartTime, DurationSeconds) = (whole.Person, whole.Number, whole.Direction, whole.StartTime, whole.DurationSeconds);
    }

    /// <summary>Whether this row knows the record as it is.</summary>
    public bool Knows(StorageObject record) =>
        UpdatedTime == LedgerKey.Storable(record.UpdatedTime) && SourceState == record.State.ToString() && HasContentOf(record);

    /// <summary>Whether the record claims the same content as this row.</summary>
    public bool HasContentOf(StorageObject record) =>
        SourceBytes == record.StoredBytes && string.Equals(Checksum, Shorten(record.Checksum), StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Whether the record may have other content than this row: it claims other content, or it has changed and has no
    /// checksum (8x8 may leave it out), so only reading the content shows it. Objects in cold storage are not restored for that.
    /// </summary>
    public bool MayDifferFrom(StorageObject record) => !HasContentOf(record)
            || (string.IsNullOrEmpty(record.Checksum) && record.State == ObjectState.Available && UpdatedTime != LedgerKey.Storable(record.UpdatedTime));

    /// <summary>Whether a receipt is that of this row's object and blob.</summary>
    public bool IsOf(Receipt receipt) => receipt.Blob == Blob && receipt.Region == Region && receipt.Record.Id == Id;

    /// <summary>Whether a receipt names the same content as this row.</summary>
    public bool AgreesWith(Receipt receipt) => receipt.Bytes == Bytes && receipt.Sha256 == Sha256;

    /// <summary>Whether the row is in a state.</summary>
    public bool Is(LedgerState state) => State == state.ToString();

    /// <summary>Whether the archive holds the object, deleted at 8x8 or not.</summary>
    public bool IsInArchive() => Is(LedgerState.Archived) || Is(LedgerState.Purged);

    /// <summary>Whether it was archived and nothing is left to do, whether the archive still holds it or its retention policy has removed it.</summary>
    public bool IsSettled() => IsInArchive() || Is(LedgerState.Expired);

    /// <summary>Where the row is.</summary>
    internal LedgerKey Key => new(PartitionKey, RowKey);

    /// <summary>When its archived bytes were last read or written.</summary>
    internal DateTimeOffset LastRead => VerifiedAt ?? ArchivedAt ?? DateTimeOffset.MinValue;

    /// <summary>Puts the row into a state.</summary>
    public void Become(LedgerState state) => State = state.ToString();

    /// <summary>Nothing is waited for any more: the next restore sends a new request.</summary>
    public void EndRestore()
    {
        RestoreTicket = null;
        RestoreRequestedAt = null;
        RestoreAccepted = null;
    }

    private static string? FindTag(StorageObject record, string key) => record.GetTag(key) is { Length: > 0 } value ? Shorten(value) : null;

    internal static string? Shorten(string? text) => text is { Length: > MaxTextLength } ? text[..MaxTextLength] : text;
}
