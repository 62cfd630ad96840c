using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Simulator.Objects;

/// <summary>An object to put into the simulated account. What is left out gets a plausible value.</summary>
public sealed record ObjectSpecification
{
    /// <summary>Region.</summary>
    public string Region { get; init; } = "us-east";

    /// <summary>Id; made from the seed when not given.</summary>
    public string? Id { get; init; }

    /// <summary>Type.</summary>
    public string Type { get; init; } = "callrecording";

    /// <summary>MIME type; from the type when not given.</summary>
    public string? MimeType { get; init; }

    /// <summary>Name; made up when not given.</summary>
    public string? ObjectName { get; init; }

    /// <summary>Size of the content in bytes.</summary>
    public long Bytes { get; init; } = 30_000;

    /// <summary>What <c>storedBytes</c> claims, when it is not the size.</summary>
    public long? ClaimedBytes { get; init; }

    /// <summary>What <c>checksum</c> claims, when it is not the content's own; an empty string leaves it out.</summary>
    public string? Checksum { get; init; }

    /// <summary>
    /// How the content's own checksum is written: <c>hex</c>, <c>upper</c>, <c>base64</c>, <c>quoted</c>, <c>weak</c> for a
    /// weak ETag, or <c>prefixed</c> with <c>md5:</c>.
    /// </summary>
    public string ChecksumStyle { get; init; } = "hex";

    /// <summary>Gives a checksum as of parts of this size in bytes.</summary>
    public long? PartSize { get; init; }

    /// <summary>
    /// Content-Encoding with which the content is always sent: <c>gzip</c>, <c>deflate</c>, <c>br</c>, <c>identity</c>, or
    /// several of them, the first of which was applied first.
    /// </summary>
    public string? ContentEncoding { get; init; }

    /// <summary>Size and checksum in the record are those of the coded bytes.</summary>
    public bool ClaimsCodedBytes { get; init; }

    /// <summary>When it was made; now when not given. Kept in milliseconds, shown in seconds.</summary>
    public DateTimeOffset? CreatedTime { get; init; }

    /// <summary>When it was changed; as made when not given.</summary>
    public DateTimeOffset? UpdatedTime { get; init; }

    /// <summary>State.</summary>
    public string State { get; init; } = "AVAILABLE";

    /// <summary>Seed of the content.</summary>
    public ulong? Seed { get; init; }

    /// <summary>The content, instead of one that is made up.</summary>
    public string? Text { get; init; }

    /// <summary>Tags.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Tags { get; init; } = [];

    /// <summary>Counts for paging and is left out of the page: this is how short and empty pages come about.</summary>
    public bool Hidden { get; init; }

    /// <summary>More fields of the record, or others instead of its own, as raw JSON values.</summary>
    public IReadOnlyDictionary<string, JsonElement> Fields { get; init; } = new Dictionary<string, JsonElement>(StringComparer.Ordinal);

    /// <summary>Fields that the record lacks, such as <c>updatedTime</c>.</summary>
    public IReadOnlyList<string> OmittedFields { get; init; } = [];

    /// <summary>What stands where the record should, in lists and alone: text that need not be JSON.</summary>
    public string? RawRecord { get; init; }

    /// <summary>The same, in bytes that need not be UTF-8.</summary>
    public byte[]? RawRecordBytes { get; init; }
}

/// <summary>An object of the simulated account.</summary>
public sealed class SimulatedObject
{
    private readonly ObjectSpecification _specification;
    private string? _checksum;

    internal SimulatedObject(ObjectSpecification specification, string id, long sequence, DateTimeOffset now)
    {
        _specification = specification;
        Id = id;
        Sequence = sequence;
        MimeType = specification.MimeType ?? DefaultMimeType(specification.Type);
        CreatedTime = Milliseconds(specification.CreatedTime ?? now);
        UpdatedTime = Milliseconds(specification.UpdatedTime ?? CreatedTime);
        State = specification.State;
        Content = specification.Text is { } text
            ? GeneratedContent.Of(MimeType, text)
            : new GeneratedContent(MimeType, specification.Seed ?? (ulong)sequence * 7919, specification.Bytes);
        ObjectName = specification.ObjectName ?? $"{specification.Type}_{sequence:D6}{Extension(MimeType)}";
    }

    /// <summary>Region.</summary>
    public string Region => _specification.Region;

    /// <summary>Id.</summary>
    public string Id { get; }

    /// <summary>Type.</summary>
    public string Type => _specification.Type;

    /// <summary>MIME type.</summary>
    public string MimeType { get; }

    /// <summary>Name.</summary>
    public string ObjectName { get; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedTime { get; }

    /// <summary>When it was changed.</summary>
    public DateTimeOffset UpdatedTime { get; internal set; }

    /// <summary>State.</summary>
    public string State { get; internal set; }

    /// <summary>The bytes.</summary>
    public GeneratedContent Content { get; private set; }

    /// <summary>Whether it counts for paging only.</summary>
    public bool Hidden => _specification.Hidden;

    /// <summary>Number in order of arrival.</summary>
    internal long Sequence { get; }

    /// <summary>Tags.</summary>
    internal IReadOnlyList<KeyValuePair<string, string>> Tags => _specification.Tags;

    /// <summary>What the record claims as checksum, MD5 or multipart; <see langword="null"/> for none.</summary>
    public string? Checksum => _specification.Checksum is { } claimed
        ? (claimed.Length == 0 ? null : claimed)
        : _checksum ??= Style(_specification.ClaimsCodedBytes
            ? Convert.ToHexStringLower(MD5.HashData(Coded))
            : Content.ComputeChecksum(_specification.PartSize));

    /// <summary>What the record claims as size.</summary>
    public long StoredBytes => _specification.ClaimedBytes ?? (_specification.ClaimsCodedBytes ? Coded.Length : Content.Length);

    /// <summary>Content-Encoding with which the content is always sent.</summary>
    internal string? ContentEncoding => _specification.ContentEncoding;

    private byte[] Coded => CodedContent.Encode(Content, ContentEncoding ?? "");

    internal void ReplaceContent(GeneratedContent content)
    {
        Content = content;
        _checksum = null;
    }

    /// <summary>The record as 8x8 gives it: times in whole seconds without a zone, sizes as numbers here and as strings there.</summary>
    internal void Write(Utf8JsonWriter json)
    {
        if (_specification.RawRecordBytes is { Length: > 0 } bytes)
        {
            json.WriteRawValue(bytes, skipInputValidation: true);
            return;
        }

        if (_specification.RawRecord is { Length: > 0 } text)
        {
            json.WriteRawValue(text, skipInputValidation: true);
            return;
        }

        json.WriteStartObject();
        WriteText(json, "id", Id);
        WriteText(json, "type", Type);
        WriteText(json, "mimeType", MimeType);
        WriteText(json, "objectName", ObjectName);
        if (Checksum is { } checksum)
        {
            WriteText(json, "checksumType", "MD5");
            WriteText(json, "checksum", checksum);
        }

        WriteText(json, "customerId", "0012J00002AbCdEQAV");
        WriteText(json, "userId", "u-" + (Sequence % 50).ToString(CultureInfo.InvariantCulture));
        if (Sequence % 2 != 0)
        {
            WriteText(json, "storedBytes", StoredBytes.ToString(CultureInfo.InvariantCulture));
        }
        else if (Has("storedBytes"))
        {
            json.WriteNumber("storedBytes", StoredBytes);
        }

        WriteText(json, "createdTime", Time(CreatedTime));
        WriteText(json, "updatedTime", Time(UpdatedTime));
        WriteText(json, "objectState", State);
        WriteText(json, "bucketId", "b-" + (Sequence / 3).ToString(CultureInfo.InvariantCulture));
        if (Has("tags"))
        {
            WriteTags(json);
        }

        foreach (var (name, value) in _specification.Fields)
        {
            json.WritePropertyName(name);
            value.WriteTo(json);
        }

        json.WriteEndObject();
    }

    private void WriteTags(Utf8JsonWriter json)
    {
        json.WriteStartArray("tags");
        foreach (var (key, value) in Tags)
        {
            json.WriteStartObject();
            json.WriteString("key", key);
            json.WriteString("value", value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void WriteText(Utf8JsonWriter json, string name, string value)
    {
        if (Has(name))
        {
            json.WriteString(name, value);
        }
    }

    /// <summary>Whether the record says when it was changed. No filter on that time finds one that does not.</summary>
    internal bool SaysUpdatedTime => _specification.Fields.TryGetValue("updatedTime", out var stated)
        ? stated.ValueKind != JsonValueKind.Null
        : Has("updatedTime");

    private bool Has(string name) => !_specification.OmittedFields.Contains(name, StringComparer.Ordinal) && !_specification.Fields.ContainsKey(name);

    private string Style(string checksum) => _specification.ChecksumStyle switch
    {
        "upper" => checksum.ToUpperInvariant(),
        "base64" => Convert.ToBase64String(Convert.FromHexString(checksum)),
        "quoted" => $"\"{checksum}\"",
        "weak" => $"W/\"{checksum}\"",
        "prefixed" => $"md5:{checksum}",
        _ => checksum,
    };

    private static DateTimeOffset Milliseconds(DateTimeOffset time) => DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);

    internal static string DefaultMimeType(string type) => type switch
    {
        "callrecording" or "callcenterrecording" or "voicecommentrecording" => "audio/mpeg",
        "voicemail" or "callcentervoicemail" => "audio/wav",
        "meeting" or "screenrecording" => "video/mp4",
        "agentnotes" => "text/plain",
        "transcription" or "summary" or "sentimentScore" or "postcallsurvey" => "application/json",
        _ => "application/octet-stream",
    };

    internal static string Extension(string mimeType) => mimeType switch
    {
        "audio/mpeg" => ".mp3",
        "audio/wav" => ".wav",
        "video/mp4" => ".mp4",
        "application/json" => ".json",
        "text/plain" => ".txt",
        _ => "",
    };
}
