using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
using Archiving.Telemetry;

namespace Operations.Catalogue;

/// <summary>A region's month to build. What is to be built and how far it is stands in the month's row, see <see cref="CatalogueMonths"/>.</summary>
public sealed record CatalogueMessage : WorkMessage, IReadableMessage<CatalogueMessage>
{
    private const string Form = "yyyy-MM";

    /// <summary>The month, UTC: <c>2026-11</c>.</summary>
    public required string Month { get; init; }

    /// <summary>When the month begins.</summary>
    [JsonIgnore]
    public DateTimeOffset Start => ParseMonth(Month) ?? throw new InvalidOperationException($"{Month} is no month.");

    /// <summary>When it ends; not part of it.</summary>
    [JsonIgnore]
    public DateTimeOffset End => Start.AddMonths(1);

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Name => $"the catalogue of {Region} {Month}";

    /// <inheritdoc/>
    internal override KeyValuePair<string, object?>[] SpanTags => [new(Tags.Region, Region)];

    /// <summary>The name of a month.</summary>
    public static string NameOf(DateTimeOffset time) => time.UtcDateTime.ToString(Form, CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override BinaryData ToJson() => BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(this, CatalogueJson.Default.CatalogueMessage));

    /// <inheritdoc/>
    public static CatalogueMessage Parse(BinaryData body)
    {
        try
        {
            var message = JsonSerializer.Deserialize(MessageBody.Decode(body).ToMemory().Span, CatalogueJson.Default.CatalogueMessage);
            return message is { Region.Length: > 0 } && ParseMonth(message.Month) is not null
                ? message
                : throw new InvalidMessageException("The message names no region, or no month such as 2026-11.");
        }
        catch (JsonException exception)
        {
            throw new InvalidMessageException($"The message is not {{\"region\":…,\"month\":…}}: {exception.Message}", exception);
        }
    }

    private static DateTimeOffset? ParseMonth(string? text) =>
        DateTimeOffset.TryParseExact(text, Form, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var month) ? month : null;
}

/// <summary>How far a build is.</summary>
/// <param name="Wanted">What is built, see <see cref="CatalogueMonthRow.Wanted"/>.</param>
/// <param name="Position">Objects made before this time are in the files.</param>
/// <param name="Rows">How many these are.</param>
/// <param name="Parquet">The Parquet file; <see langword="null"/> when none is built.</param>
/// <param name="Csv">The CSV file; <see langword="null"/> when none is built.</param>
/// <param name="Read">The digest of what was read so far, see <see cref="LedgerDigest"/>.</param>
internal sealed record BuildProgress(string Wanted, DateTimeOffset Position, long Rows, StagedPart? Parquet, StagedPart? Csv, string Read)
{
    /// <summary>
    /// What the files are when they are done. What was read tells, not what was wanted: an object that changed in between, and is
    /// as before later, would leave no other trace. <see langword="null"/> for files that were wanted in another format or with other columns.
    /// </summary>
    public string? Built(CatalogueFormat format)
    {
        if (!Wanted.StartsWith(CatalogueColumns.Wanted(format, ""), StringComparison.Ordinal))
        {
            return null;
        }

        var isCounted = !Wanted.Contains(CatalogueColumns.Unread, StringComparison.Ordinal);
        return isCounted ? CatalogueColumns.Wanted(format, Read) : Wanted;
    }
}

/// <summary>What of a file is staged.</summary>
/// <param name="Bytes">Its size.</param>
/// <param name="Runs">The runs that staged it, in order.</param>
internal sealed record StagedPart(long Bytes, IReadOnlyList<StagedRun> Runs);

/// <summary>What a run staged of a file.</summary>
/// <param name="Run">Names it.</param>
/// <param name="Blocks">How many blocks, which are numbered from 0.</param>
internal sealed record StagedRun(string Run, int Blocks);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(CatalogueMessage))]
[JsonSerializable(typeof(BuildProgress))]
internal sealed partial class CatalogueJson : JsonSerializerContext;
