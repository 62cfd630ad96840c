using System.Text.Json;
using System.Text.Json.Serialization;
using Archiving.Model;
using Archiving.Storage;

namespace Operations.Drill;

/// <summary>An object that could not be restored as it was archived.</summary>
/// <param name="Region">8x8's region.</param>
/// <param name="Id">8x8's id.</param>
/// <param name="Blob">Name of the content blob in the container.</param>
/// <param name="Problem">What is wrong.</param>
public sealed record DrillProblem(string Region, string Id, string Blob, string Problem)
{
    /// <summary>Whether it was not read, so that nothing is known of it. A report does not keep these.</summary>
    [JsonIgnore]
    public bool IsUnread { get; init; }
}

/// <summary>What a restore drill found.</summary>
/// <param name="At">When it ended.</param>
/// <param name="Seed">The seed that picked the objects: with the same archive it picks the same ones.</param>
/// <param name="Archived">How many objects the archive held.</param>
/// <param name="Objects">How many were downloaded.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="Failed">How many of them could not be restored as they were archived.</param>
/// <param name="Problems">The first of these.</param>
public sealed record DrillReport(DateTimeOffset At, int Seed, long Archived, long Objects, long Bytes, long Failed, IReadOnlyList<DrillProblem> Problems)
{
    /// <summary>Maximum number of problems that are kept.</summary>
    public const int MaxProblems = 20;

    /// <summary>
    /// How many others were picked and the storage did not let them be read, because they are in the archive tier, were removed by
    /// the retention policy or were not served: neither proven nor broken.
    /// </summary>
    public long Unread { get; init; }

    /// <summary>Whether objects were downloaded and each was right.</summary>
    public bool IsPassed => Objects > 0 && Failed == 0;

    /// <summary>Whether a person is to look at it: something is wrong, or nothing could be read and nothing is proven.</summary>
    [JsonIgnore]
    public bool NeedsPerson => Failed > 0 || (Objects == 0 && Unread > 0);

    /// <summary>The result in a sentence.</summary>
    public string ToSentence()
    {
        var at = Wording.Minute(At);
        return this switch
        {
            { Objects: 0, Unread: 0 } => $"{at}: nothing is archived, so nothing could be restored.",
            { Objects: 0 } => $"{at}: nothing could be read, so nothing is proven.{DescribeUnread()}",
            { Failed: 0 } => $"{at}: {Wording.Objects(Objects)} of {Wording.Number(Archived)} downloaded, {Wording.Size(Bytes)}, all as they were archived."
                + DescribeUnread(),
            _ => $"{at}: {Wording.Number(Failed)} of {Wording.Objects(Objects)} cannot be restored as archived.{DescribeUnread()} First: "
                + $"{Wording.Clean(Problems[0].Region)}/{Wording.Clean(Problems[0].Id)}: {Wording.Clean(Problems[0].Problem)}",
        };
    }

    private string DescribeUnread() => Unread == 0
        ? ""
        : $" {Wording.Objects(Unread)} {(Unread == 1 ? "was" : "were")} not read; the log says why.";
}

/// <summary>Keeps the result of the last restore drill.</summary>
public sealed class DrillRecord(OperationsTable table)
{
    private const string Partition = "drill";
    private const string Key = "last";

    /// <summary>The last result; <see langword="null"/> before the first drill.</summary>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<DrillReport?> FindAsync(CancellationToken cancellationToken) =>
        await table.FindAsync<Row>(Partition, Key, cancellationToken) is { Report: { Length: > 0 } report }
            ? JsonSerializer.Deserialize(report, DrillJson.Default.DrillReport)
            : null;

    internal Task WriteAsync(DrillReport report, CancellationToken cancellationToken) => table.WriteAsync(
        new Row { PartitionKey = Partition, RowKey = Key, Report = JsonSerializer.Serialize(report, DrillJson.Default.DrillReport) },
        cancellationToken);

    internal sealed class Row : TableRow
    {
        public string Report { get; set; } = "";
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(DrillReport))]
internal sealed partial class DrillJson : JsonSerializerContext;
