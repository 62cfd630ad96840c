using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Archiving.Settings;

namespace Operations.Catalogue;

/// <summary>The type of a column.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ColumnType>))]
internal enum ColumnType
{
    /// <summary>Text, UTF-8.</summary>
    Text,

    /// <summary>A time in milliseconds, UTC.</summary>
    Time,

    /// <summary>A whole number of 64 bits.</summary>
    Integer,

    /// <summary>A number of 64 bits.</summary>
    Number,
}

/// <summary>A column.</summary>
/// <param name="Name">Its name, which never changes.</param>
/// <param name="Type">Its type.</param>
/// <param name="Description">What it says.</param>
/// <param name="Value">Its value: a <see cref="string"/>, <see cref="DateTime"/>, <see cref="long"/> or <see cref="double"/>.</param>
/// <param name="Repeats">Whether few values make many rows.</param>
/// <param name="IsRequired">Whether every row has one.</param>
internal sealed record CatalogueColumn(
    string Name,
    ColumnType Type,
    string Description,
    Func<CatalogueRow, object?> Value,
    bool Repeats = false,
    bool IsRequired = false);

/// <summary>The columns of the catalogue, which are part of the public contract: columns are added at the end, and never renamed.</summary>
internal static class CatalogueColumns
{
    /// <summary>Version of the columns. Every month is built again when it changes.</summary>
    public const int Version = 1;

    /// <summary>The folder of the catalogue.</summary>
    public const string Folder = "_catalogue/";

    /// <summary>Name of the blob that describes it.</summary>
    public const string SchemaName = Folder + "schema.json";

    /// <summary>The columns, in order.</summary>
    public static IReadOnlyList<CatalogueColumn> All { get; } =
    [
        new("region", ColumnType.Text, "8x8's region.", row => row.Region, Repeats: true, IsRequired: true),
        new("id", ColumnType.Text, "8x8's id of the object.", row => row.Id, IsRequired: true),
        new("type", ColumnType.Text, "8x8's object type, such as callrecording.", row => row.Type, Repeats: true, IsRequired: true),
        new("createdTime", ColumnType.Time, "When the object was made. Rows are sorted by it.", row => row.CreatedTime, IsRequired: true),
        new("archivedAt", ColumnType.Time, "When it was archived.", row => row.ArchivedAt, IsRequired: true),
        new("bytes", ColumnType.Integer, "Size of the content in bytes.", row => row.Bytes, IsRequired: true),
        new("durationSeconds", ColumnType.Number, "Length of the call or recording in seconds, where 8x8's tags say it.", row => row.DurationSeconds),
        new("direction", ColumnType.Text, "inbound or outbound, as 8x8 writes it.", row => row.Facts.Direction, Repeats: true),
        new("person", ColumnType.Text, "Name of the user or agent of the account.", row => row.Facts.Person, Repeats: true),
        new("personId", ColumnType.Text, "8x8's id of that user or agent.", row => row.Facts.PersonId, Repeats: true),
        new("number", ColumnType.Text, "Phone number of the other party.", row => row.Facts.Number),
        new("otherParty", ColumnType.Text, "Name of the other party, else its number.", row => row.Facts.OtherParty),
        new("queue", ColumnType.Text, "Name of the queue.", row => row.Facts.Queue, Repeats: true),
        new("agent", ColumnType.Text, "Name of the agent.", row => row.Facts.Agent, Repeats: true),
        new("callId", ColumnType.Text, "The call that the object belongs to.", row => row.CallId),
        new("objectName", ColumnType.Text, "The name that 8x8 gives it. Not unique, and made by people.", row => row.ObjectName),
        new("blob", ColumnType.Text, "Name of the content blob; the receipt has the same name with .meta.json.", row => row.Blob, IsRequired: true),
        new("md5", ColumnType.Text, "MD5 of the content, hex.", row => row.Md5),
        new("sha256", ColumnType.Text, "SHA-256 of the content, hex.", row => row.Sha256),
        new("verification", ColumnType.Text, "What of 8x8's claims was checked: md5, multipart-md5, size or none.", row => row.Verification, Repeats: true),
        new("state", ColumnType.Text, "State in the ledger: Archived unless something became of it since.", row => row.State, Repeats: true, IsRequired: true),
        new("tags", ColumnType.Text, "8x8's tags as JSON: an array of objects with key and value. Keys can repeat.", row => row.Tags),
    ];

    /// <summary>The blob of a month.</summary>
    /// <param name="region">The region, encoded.</param>
    /// <param name="month">The month, as <see cref="CatalogueMessage.Month"/>.</param>
    /// <param name="extension"><c>parquet</c> or <c>csv</c>.</param>
    public static string BlobOf(string region, string month, string extension) => $"{Folder}region={region}/month={month}/objects.{extension}";

    /// <summary>What the digest of a month begins with that cannot be compared with what a build reads.</summary>
    public const char Unread = '~';

    /// <summary>What a build of the present columns in a format is.</summary>
    public static string Wanted(CatalogueFormat format, string digest) => string.Create(CultureInfo.InvariantCulture, $"{Version}-{format}-{digest}");

    /// <summary>The description of the columns, as JSON.</summary>
    public static BinaryData Describe() => BinaryData.FromString(new JsonObject
    {
        ["schema"] = Version,
        ["files"] = $"{Folder}region={{region}}/month={{yyyy-MM}}/objects.parquet, objects.csv",
        ["month"] = "of createdTime, UTC",
        ["columns"] = new JsonArray([.. All.Select(Describe)]),
    }.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));

    private static JsonNode Describe(CatalogueColumn column) => new JsonObject
    {
        ["name"] = column.Name,
        ["type"] = column.Type switch
        {
            ColumnType.Text => "string",
            ColumnType.Time => "timestamp (milliseconds, UTC)",
            ColumnType.Integer => "int64",
            _ => "double",
        },
        ["nullable"] = !column.IsRequired,
        ["description"] = column.Description,
    };
}
