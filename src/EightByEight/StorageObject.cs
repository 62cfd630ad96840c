using System.Text.Json;

namespace EightByEight;

/// <summary>A tag of an object. Keys may repeat, values are strings and may be empty.</summary>
/// <param name="Key">Name of the tag.</param>
/// <param name="Value">Its value.</param>
public readonly record struct ObjectTag(string Key, string Value);

/// <summary>
/// The record of an object in 8x8's Cloud Storage Service (8x8 developer site, Cloud Storage Service, "Get objects").
/// Only the id is required; any other field that is missing or malformed is <see langword="null"/>, and
/// <see cref="Json"/> holds the record as 8x8 sent it.
/// </summary>
public sealed class StorageObject
{
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

    /// <summary>Checksum: 32 hex digits, or <c>&lt;32 hex&gt;-&lt;parts&gt;</c>, which is not the MD5 of the content.</summary>
    public string? Checksum { get; private set; }

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

    /// <summary>The record exactly as it was received.</summary>
    public BinaryData Json { get; }

    /// <summary>Reads a record.</summary>
    /// <exception cref="FormatException">It is not a JSON object, or lacks an id.</exception>
    public static StorageObject Parse(BinaryData json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            var reader = new Utf8JsonReader(json.ToMemory().Span);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                throw new FormatException("An object's record is not a JSON object.");
            }

            var record = new StorageObject(json);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                record.ReadProperty(ref reader);
            }

            return record.Id.Length > 0 ? record : throw new FormatException("An object's record lacks an id.");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new FormatException($"An object's record is not JSON: {exception.Message}", exception);
        }
    }

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

    private void ReadProperty(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("id"u8))
        {
            reader.Read();
            Id = LenientJson.Text(ref reader) ?? Id;
        }
        else if (reader.ValueTextEquals("type"u8))
        {
            reader.Read();
            Type = LenientJson.Text(ref reader) is { Length: > 0 } type ? type : Type;
        }
        else if (reader.ValueTextEquals("mimeType"u8))
        {
            reader.Read();
            MimeType = LenientJson.Text(ref reader);
        }
        else if (reader.ValueTextEquals("objectName"u8))
        {
            reader.Read();
            ObjectName = LenientJson.Text(ref reader);
        }
        else if (reader.ValueTextEquals("checksumType"u8))
        {
            reader.Read();
            ChecksumType = LenientJson.Text(ref reader);
        }
        else if (reader.ValueTextEquals("checksum"u8))
        {
            reader.Read();
            Checksum = LenientJson.Text(ref reader) is { Length: > 0 } checksum ? checksum : null;
        }
        else if (reader.ValueTextEquals("customerId"u8))
        {
            reader.Read();
            CustomerId = LenientJson.Text(ref reader);
        }
        else if (reader.ValueTextEquals("userId"u8))
        {
            reader.Read();
            UserId = LenientJson.Text(ref reader);
        }
        else if (reader.ValueTextEquals("bucketId"u8))
        {
            reader.Read();
            BucketId = LenientJson.Text(ref reader);
        }
        else if (reader.ValueTextEquals("storedBytes"u8))
        {
            reader.Read();
            StoredBytes = LenientJson.Integer(ref reader) is >= 0 and var bytes ? bytes : null;
        }
        else if (reader.ValueTextEquals("createdTime"u8))
        {
            reader.Read();
            CreatedTime = LenientJson.Time(ref reader);
        }
        else if (reader.ValueTextEquals("updatedTime"u8))
        {
            reader.Read();
            UpdatedTime = LenientJson.Time(ref reader);
        }
        else if (reader.ValueTextEquals("objectState"u8))
        {
            reader.Read();
            State = new ObjectState(LenientJson.Text(ref reader) ?? "");
        }
        else if (reader.ValueTextEquals("shared"u8))
        {
            reader.Read();
            Shared = LenientJson.Boolean(ref reader);
        }
        else if (reader.ValueTextEquals("tags"u8))
        {
            reader.Read();
            Tags = ReadTags(ref reader);
        }
        else
        {
            reader.Read();
            reader.Skip();
        }
    }

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
                var isKey = reader.ValueTextEquals("key"u8);
                var isValue = reader.ValueTextEquals("value"u8);
                reader.Read();
                if (isKey)
                {
                    key = LenientJson.Text(ref reader);
                }
                else if (isValue)
                {
                    value = LenientJson.Text(ref reader);
                }
                else
                {
                    reader.Skip();
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
