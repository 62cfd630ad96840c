using System.Text.Json;

namespace EightByEight;

/// <summary>A tag of an object. Keys may repeat, values are strings and may be empty.</summary>
/// <param name="Key">Name of the tag.</param>
/// <param name="Value">Its value.</param>
public readonly record struct ObjectTag(string Key, string Value);

/// <summary>
/// The record of an object in 8x8's Cloud Storage Service (8x8 developer site, Cloud Storage Service, "Get objects").
/// Only the id is required; any other field that is missing or malformed is <see langword="null"/>, and
/// <see cref="Json"/> holds the record as 8x8 sent it. <see cref="UnreadableFields"/> tells the malformed from the missing.
/// </summary>
public sealed class StorageObject
{
    private const string StateField = "objectState";
    private const int MaxStateNameLength = 40;
    private const int MaxNameLength = 1024;

    private StorageObject(BinaryData json)
    {
        Json = json;
    }

    /// <summary>Id, an opaque string.</summary>
    public string Id { get; private set; } = "";

    /// <summary>Type, such as <c>callrecording</c>; the list is open. <c>unknown</c> when 8x8 gave none.</summary>
    public string Type { get; private set; } = "unknown";

    /// <summary>MIME type.</summary>
    public string? MimeType { get; private set; }

    /// <summary>Name. Not unique, made by people, and no path.</summary>
    public string? ObjectName { get; private set; }

    /// <summary>Algorithm of <see cref="Checksum"/>, usually <c>MD5</c>.</summary>
    public string? ChecksumType { get; private set; }

    /// <summary>
    /// Checksum, in one spelling whatever 8x8's is: 32 hex digits in lower case, or <c>&lt;32 hex&gt;-&lt;parts&gt;</c>, which
    /// is not the MD5 of the content. See <see cref="ChecksumForm"/>.
    /// </summary>
    public string? Checksum { get; private set; }

    /// <summary>What <see cref="Checksum"/> is made of.</summary>
    public ChecksumForm ChecksumForm { get; private set; }

    /// <summary>The customer.</summary>
    public string? CustomerId { get; private set; }

    /// <summary>The user.</summary>
    public string? UserId { get; private set; }

    /// <summary>The bucket, which groups the objects of one interaction.</summary>
    public string? BucketId { get; private set; }

    /// <summary>Size in bytes.</summary>
    public long? StoredBytes { get; private set; }

    /// <summary>When it was made, UTC.</summary>
    public DateTimeOffset? CreatedTime { get; private set; }

    /// <summary>When it was last changed, UTC.</summary>
    public DateTimeOffset? UpdatedTime { get; private set; }

    /// <summary>State.</summary>
    public ObjectState State { get; private set; }

    /// <summary>Tags.</summary>
    public IReadOnlyList<ObjectTag> Tags { get; private set; } = [];

    /// <summary>Whether it is shared.</summary>
    public bool? Shared { get; private set; }

    /// <summary>
    /// The fields among <c>createdTime</c>, <c>updatedTime</c>, <c>storedBytes</c> and <c>objectState</c> that hold something
    /// that cannot be read. Their properties have no value then, as those of fields that are missing.
    /// </summary>
    public IReadOnlyList<UnreadableField> UnreadableFields { get; private set; } = [];

    /// <summary>
    /// The record exactly as it was received, in UTF-8. Where that was not JSON and could be read all the same, it is
    /// the JSON that was read: see <see cref="IsRepaired"/>.
    /// </summary>
    public BinaryData Json { get; private set; }

    /// <summary>
    /// Whether what 8x8 sent was not JSON, because of a line feed inside a string for example, so that
    /// <see cref="Json"/> says the same in other bytes.
    /// </summary>
    public bool IsRepaired { get; private set; }

    /// <summary>Reads a record.</summary>
    /// <exception cref="FormatException">It is not a JSON object, or its id is missing or not clear.</exception>
    public static StorageObject Parse(BinaryData json)
    {
        ArgumentNullException.ThrowIfNull(json);
        var bytes = JsonText.Decode(json.ToMemory());
        try
        {
            return ParseStrictly(bytes, json);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            try
            {
                var repaired = JsonText.Repair(bytes.Span);
                var record = ParseStrictly(repaired, BinaryData.FromBytes(repaired));
                record.IsRepaired = true;
                return record;
            }
            catch (Exception again) when (again is JsonException or InvalidOperationException)
            {
                throw new FormatException($"An object's record is not JSON: {exception.Message}", exception);
            }
        }
    }

    /// <summary>What stands in the place of the state's name, when that cannot be read.</summary>
    public string? UnreadableState => UnreadableFields.FirstOrDefault(unreadable => unreadable.Name == StateField)?.Text;

    /// <summary>The state for people: "state PENDING", or "an unknown state" when the record names none.</summary>
    public string DescribeState() => State.ToString() switch
    {
        "" => "an unknown state",
        { Length: > MaxStateNameLength } name => $"state {name[..MaxStateNameLength]}…",
        var name => $"state {name}",
    };

    /// <summary>The value of the first tag with a key; <see langword="null"/> when there is none.</summary>
    public string? GetTag(string key)
    {
        foreach (var tag in Tags)
        {
            if (tag.Key == key)
            {
                return tag.Value;
            }
        }

        return null;
    }

    /// <param name="bytes">The record.</param>
    /// <param name="whole">The same, when nothing had to be decoded.</param>
    private static StorageObject ParseStrictly(ReadOnlyMemory<byte> bytes, BinaryData whole)
    {
        var reader = new Utf8JsonReader(bytes.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException("An object's record is not a JSON object.");
        }

        var start = (int)reader.TokenStartIndex;
        var record = new StorageObject(whole);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            record.ReadProperty(ref reader);
        }

        (record.ChecksumForm, record.Checksum) = ChecksumText.Read(record.Checksum, record.ChecksumType);

        // The record becomes part of other documents: nothing may stand around it.
        var end = (int)reader.BytesConsumed;
        if (end - start != whole.ToMemory().Length)
        {
            record.Json = BinaryData.FromBytes(bytes[start..end]);
        }

        return record.Id.Length > 0 ? record : throw new FormatException("An object's record lacks an id.");
    }

    /// <summary>Reads a member. Where a name occurs twice, what cannot be read does not replace what could.</summary>
    private void ReadProperty(ref Utf8JsonReader reader)
    {
        var name = LenientJson.Text(ref reader);
        reader.Read();
        string? unreadable = null;
        switch (name)
        {
            case "id":
                var id = LenientJson.Id(ref reader) ?? Id;
                Id = Id.Length == 0 || Id == id ? id : throw new FormatException("An object's record has two ids.");
                break;
            case "type":
                Type = LenientJson.Text(ref reader) is { Length: > 0 } type ? Cut(type) : Type;
                break;
            case "mimeType":
                MimeType = LenientJson.Text(ref reader) ?? MimeType;
                break;
            case "objectName":
                ObjectName = LenientJson.Text(ref reader) ?? ObjectName;
                break;
            case "checksumType":
                ChecksumType = LenientJson.Text(ref reader) ?? ChecksumType;
                break;
            case "checksum":
                Checksum = LenientJson.Text(ref reader) is { Length: > 0 } checksum ? checksum : Checksum;
                break;
            case "customerId":
                CustomerId = LenientJson.Text(ref reader) ?? CustomerId;
                break;
            case "userId":
                UserId = LenientJson.Text(ref reader) ?? UserId;
                break;
            case "bucketId":
                BucketId = LenientJson.Text(ref reader) ?? BucketId;
                break;
            case "storedBytes":
                StoredBytes = LenientJson.Size(ref reader, out unreadable) ?? StoredBytes;
                break;
            case "createdTime":
                CreatedTime = LenientJson.Time(ref reader, out unreadable) ?? CreatedTime;
                break;
            case "updatedTime":
                UpdatedTime = LenientJson.Time(ref reader, out unreadable) ?? UpdatedTime;
                break;
            case StateField:
                State = LenientJson.Name(ref reader, out unreadable) is { } state ? new ObjectState(Cut(state)) : State;
                break;
            case "shared":
                Shared = LenientJson.Boolean(ref reader) ?? Shared;
                break;
            case "tags":
                Tags = [.. Tags, .. ReadTags(ref reader)];
                break;
            default:
                reader.Skip();
                break;
        }

        if (unreadable is not null)
        {
            UnreadableFields = [.. UnreadableFields, UnreadableField.Create(name!, unreadable)];
        }
    }

    /// <summary>As much of a name as rows and messages have room for. The whole of it is in the JSON.</summary>
    private static string Cut(string name) =>
        name.Length <= MaxNameLength ? name : name[..(char.IsHighSurrogate(name[MaxNameLength - 1]) ? MaxNameLength - 1 : MaxNameLength)];

    private static List<ObjectTag> ReadTags(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return [];
        }

        var tags = new List<ObjectTag>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            string? key = null;
            string? value = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = LenientJson.Text(ref reader);
                reader.Read();
                switch (name)
                {
                    case "key":
                        key = LenientJson.Text(ref reader);
                        break;
                    case "value":
                        value = LenientJson.Text(ref reader);
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }

            if (key is not null)
            {
                tags.Add(new ObjectTag(key, value ?? ""));
            }
        }

        return tags;
    }
}
