using System.Globalization;
using System.Text;
using System.Text.Json;
using Archiving.Archive;
using Archiving.Cases;
using CsvHelper;

namespace Operations.Cases;

/// <summary>Writes what accompanies the parts of an export: the list of its objects as CSV and as JSON, and the checksums of its files.</summary>
public sealed class ManifestWriter(CaseStore cases, ArchiveStore store)
{
    private static readonly string[] Columns =
    [
        "name", "part", "region", "id", "type", "createdTime", "bytes", "sha256", "md5", "receiptSha256", "verification", "archivedAt", "blob",
    ];

    /// <summary>Writes them, unless they are there. They say the same however often they are written.</summary>
    public async Task WriteAsync(CaseRow row, ExportRow export, CancellationToken cancellationToken)
    {
        await CommitAsync(ExportLayout.ManifestCsv, "text/csv; charset=utf-8", stream => WriteCsvAsync(export, stream, cancellationToken));
        await CommitAsync(ExportLayout.ManifestJson, "application/json", stream => WriteJsonAsync(row, export, stream, cancellationToken));
        await CommitAsync(ExportLayout.Checksums, "text/plain; charset=utf-8", stream => WriteChecksumsAsync(export, stream, cancellationToken));

        async Task CommitAsync(string file, string contentType, Func<Stream, Task> write)
        {
            await using var blob = new StagedBlob(store, ExportLayout.Blob(export, file));
            await write(blob);
            await blob.TryCommitAsync(await blob.CompleteAsync(cancellationToken), contentType, cancellationToken);
        }
    }

    private async Task WriteCsvAsync(ExportRow export, Stream stream, CancellationToken cancellationToken)
    {
        // A spreadsheet would run some values as formulas, which get an apostrophe in front, as in the catalogue: an ID or a type is what
        // 8x8 sends. Names need none, see ExportNames, so they are those of the files.
        await using var csv = CsvWriter.Create(stream, new CsvWriterOptions { Injection = CsvInjection.Escape }, leaveOpen: true);
        csv.WriteHeader(Columns);
        await foreach (var item in cases.ReadExportObjectsAsync(export, part: null, cancellationToken))
        {
            await csv.WriteRecordAsync(Values(item), cancellationToken);
        }

        await csv.FlushAsync(cancellationToken);
    }

    private async Task WriteChecksumsAsync(ExportRow export, Stream stream, CancellationToken cancellationToken)
    {
        await foreach (var item in cases.ReadExportObjectsAsync(export, part: null, cancellationToken))
        {
            var lines = $"{item.Sha256}  {item.Name}\n{item.ReceiptSha256}  {ArchiveLayout.ReceiptName(item.Name)}\n";
            await stream.WriteAsync(Encoding.UTF8.GetBytes(lines), cancellationToken);
        }
    }

    private async Task WriteJsonAsync(CaseRow row, ExportRow export, Stream stream, CancellationToken cancellationToken)
    {
        await using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteNumber("schema", 1);
        json.WriteString("caseId", export.CaseId);
        json.WriteString("name", row.Name);
        json.WriteString("reason", row.Reason);
        json.WriteString("exportId", export.ExportId);
        json.WriteString("createdAt", export.CreatedAt.UtcDateTime);
        json.WriteString("createdBy", export.CreatedBy);
        json.WriteNumber("objects", export.Objects);
        json.WriteNumber("bytes", export.Bytes);
        json.WriteStartArray("parts");
        foreach (var part in await cases.ReadPartsAsync(export, cancellationToken))
        {
            json.WriteStartObject();
            json.WriteString("name", ExportLayout.Part(part.Number));
            json.WriteNumber("bytes", part.Bytes);
            json.WriteString("sha256", part.Sha256);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("items");
        await foreach (var item in cases.ReadExportObjectsAsync(export, part: null, cancellationToken))
        {
            json.WriteStartObject();
            foreach (var (column, value) in Columns.Zip(Values(item)))
            {
                if (column == "bytes")
                {
                    json.WriteNumber(column, item.Bytes);
                }
                else
                {
                    json.WriteString(column, value);
                }
            }

            json.WriteEndObject();
            await json.FlushAsync(cancellationToken);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string[] Values(ExportObjectRow item) =>
    [
        item.Name,
        ExportLayout.Part(item.Part),
        item.Region,
        item.Id,
        item.Type,
        Time(item.CreatedTime),
        item.Bytes.ToString(CultureInfo.InvariantCulture),
        item.Sha256 ?? "",
        item.Md5 ?? "",
        item.ReceiptSha256 ?? "",
        item.Verification ?? "",
        item.ArchivedAt is { } at ? Time(at) : "",
        item.Blob,
    ];

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
}
