using System.Runtime.Serialization;
using System.Text.Json;
using Archiving.Model;
using Archiving.Storage;

namespace Operations.Catalogue;

/// <summary>A region's month in the table <c>operations</c>: what was built of it, what is to be built, and how far that is.</summary>
internal sealed class CatalogueMonthRow : TableRow
{
    /// <summary>Partition of every row.</summary>
    public const string Partition = "catalogue";

    // A binary property holds 64 KiB (Azure Table Storage).
    private const int ChunkBytes = 60_000;

    /// <summary>Initializes a row.</summary>
    public CatalogueMonthRow() => PartitionKey = Partition;

    /// <summary>8x8's region.</summary>
    public string Region { get; set; } = "";

    /// <summary>The month, as <see cref="CatalogueMessage.Month"/>.</summary>
    public string Month { get; set; } = "";

    /// <summary>What is to be built: schema, format and a digest of the month's archived objects.</summary>
    public string Wanted { get; set; } = "";

    /// <summary>When that was put into the queue; <see langword="null"/> when nothing is to be built.</summary>
    public DateTimeOffset? QueuedAt { get; set; }

    /// <summary>
    /// Since when there is something to be built; <see langword="null"/> when there is not. Planning does not change it.
    /// </summary>
    public DateTimeOffset? WaitingSince { get; set; }

    /// <summary>What the present files are, as <see cref="Wanted"/> says it.</summary>
    public string? Built { get; set; }

    /// <summary>The name of the run that was last about to commit, which alone says what was built.</summary>
    public string? Ending { get; set; }

    /// <summary>When they were built.</summary>
    public DateTimeOffset? BuiltAt { get; set; }

    /// <summary>How many objects they hold.</summary>
    public long? Rows { get; set; }

    /// <summary>The size of the Parquet file, in bytes.</summary>
    public long? ParquetBytes { get; set; }

    /// <summary>The size of the CSV file, in bytes.</summary>
    public long? CsvBytes { get; set; }

    /// <summary>What the last attempt failed with.</summary>
    public string? LastError { get; set; }

    /// <summary>Why the build was given up; <see langword="null"/> once the month is built.</summary>
    public string? Failure { get; set; }

    /// <summary>How far the build is, as JSON.</summary>
    public string? Progress { get; set; }

    /// <summary>The first part of <see cref="Groups"/>.</summary>
    public byte[]? Groups0 { get; set; }

    /// <summary>The second part.</summary>
    public byte[]? Groups1 { get; set; }

    /// <summary>The third part.</summary>
    public byte[]? Groups2 { get; set; }

    /// <summary>The fourth part.</summary>
    public byte[]? Groups3 { get; set; }

    /// <summary>The row groups of the Parquet file so far, as its footer will describe them. Each takes about a kilobyte.</summary>
    [IgnoreDataMember]
    public byte[]? Groups
    {
        get => Groups0 is null ? null : [.. Groups0, .. Groups1 ?? [], .. Groups2 ?? [], .. Groups3 ?? []];
        set
        {
            if (value?.Length > 4 * ChunkBytes)
            {
                throw new InvalidDataException($"The row groups of the Parquet file take {value.Length} bytes, more than can be kept.");
            }

            var chunks = value?.Chunk(ChunkBytes).ToList() ?? [];
            (Groups0, Groups1, Groups2, Groups3) =
                (chunks.ElementAtOrDefault(0), chunks.ElementAtOrDefault(1), chunks.ElementAtOrDefault(2), chunks.ElementAtOrDefault(3));
        }
    }

    /// <summary>What names the last write, whose answer can be lost.</summary>
    public string? Write { get; set; }

    /// <summary>The key of a month's row.</summary>
    public static string KeyOf(string region, string month) => $"{ObjectNames.Encode(region)}|{month}";

    /// <summary>How far the build of what is wanted is; <see langword="null"/> when it has not begun, or an earlier version began it.</summary>
    public BuildProgress? ReadProgress() =>
        Progress is not null && JsonSerializer.Deserialize(Progress, CatalogueJson.Default.BuildProgress) is { } progress && progress.Wanted == Wanted
            && (progress.Parquet ?? progress.Csv) is { Runs: not null } && progress.Read is not null
            ? progress
            : null;

    /// <summary>Notes how far the build is; <see langword="null"/> when there is none under way.</summary>
    public void WriteProgress(BuildProgress? progress, byte[]? groups)
    {
        Progress = progress is null ? null : JsonSerializer.Serialize(progress, CatalogueJson.Default.BuildProgress);
        Groups = groups;
    }
}

/// <summary>The row of the catalogue as a whole.</summary>
internal sealed class CataloguePlanRow : TableRow
{
    /// <summary>Its key, which sorts behind every region.</summary>
    public const string Key = "~plan";

    /// <summary>Initializes a row.</summary>
    public CataloguePlanRow()
    {
        PartitionKey = CatalogueMonthRow.Partition;
        RowKey = Key;
    }

    /// <summary>Since when a catalogue is expected.</summary>
    public DateTimeOffset Since { get; set; }

    /// <summary>When it was last planned; <see langword="null"/> when that never happened.</summary>
    public DateTimeOffset? PlannedAt { get; set; }
}
