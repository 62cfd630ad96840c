using System.Globalization;
using Archiving.Archive;
using Archiving.Cases;
using Archiving.Ledger;
using Archiving.Model;
using Azure;
using Operations.Objects;

namespace Operations.Cases;

/// <summary>Decides which object of a case is in which part of an export, and under which name.</summary>
public sealed class ExportPlanner(CaseStore cases, ObjectLedger ledger, ArchiveStore store, DownloadName names)
{
    /// <summary>
    /// The most bytes of a part, unless one object alone has more. The work that a crash costs is a part, so it is kept well
    /// below what an archive may have.
    /// </summary>
    public const long MostBytes = 2_000_000_000;

    /// <summary>The most objects of a part.</summary>
    public const int MostObjects = 5000;

    // What an entry and its receipt take besides the content.
    private const int Overhead = 8192;
    private const int ReadsAtOnce = 32;

    /// <summary>Plans an export. What an earlier attempt planned is dropped, because the case may have changed.</summary>
    public async Task PlanAsync(ExportRow export, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(export);
        await cases.ClearExportAsync(export, cancellationToken);
        var taken = new ExportNames();
        var parts = new List<ExportPartRow>();
        var (objects, bytes, inPart) = (0L, 0L, 0L);
        var items = cases.ReadObjectsAsync(export.CaseId, after: null, cancellationToken).Where(item => item.AddedAt <= export.CreatedAt);
        await foreach (var chunk in items.Chunk(ReadsAtOnce).WithCancellation(cancellationToken))
        {
            var rows = new List<ExportObjectRow>(chunk.Length);
            foreach (var (row, name) in await Task.WhenAll(chunk.Select(item => FindAsync(item, cancellationToken))))
            {
                if (parts is not [.., { } last] || last.Objects == MostObjects || (inPart > 0 && inPart + row.Bytes + Overhead > MostBytes))
                {
                    last = NewPart(export, parts.Count + 1);
                    parts.Add(last);
                    inPart = 0;
                }

                last.Objects++;
                inPart += row.Bytes + Overhead;
                bytes += row.Bytes;
                row.PartitionKey = CaseStore.ExportPartition(export);
                row.RowKey = CaseStore.ExportObjectPrefix(last.Number) + objects.ToString("D9", CultureInfo.InvariantCulture);
                row.Name = row.Problem is null ? taken.Take(name) : "";
                objects++;
                rows.Add(row);
            }

            await cases.WriteAsync(rows, cancellationToken);
        }

        await cases.WriteAsync(parts, cancellationToken);
        (export.Objects, export.Bytes, export.Parts) = (objects, bytes, parts.Count);
    }

    private static ExportPartRow NewPart(ExportRow export, int number) => new()
    {
        PartitionKey = CaseStore.ExportPartition(export),
        RowKey = string.Create(CultureInfo.InvariantCulture, $"{ExportPartRow.Prefix}{number:D6}"),
        Number = number,
    };

    private static ExportObjectRow Describe(CaseObjectRow item, LedgerEntry? entry) => new()
    {
        Region = item.Region,
        Id = item.Id,
        Type = item.Type,
        CreatedTime = item.CreatedTime,
        Blob = entry?.Blob ?? "",
        Bytes = entry?.Bytes ?? 0,
        Problem = entry switch
        {
            null => "The ledger does not know it. POST /api/ledger/rebuild adds what the archive has.",
            { Blob: null or "" } => $"It is not archived; its state is {entry.State}.",
            { Damaged: { } damaged } when damaged == entry.Blob => "Its archived bytes were found damaged.",
            _ => null,
        },
    };

    private async Task<Found> FindAsync(CaseObjectRow item, CancellationToken cancellationToken)
    {
        var entry = await ledger.FindAsync(item.Key, cancellationToken);
        var row = Describe(item, entry);
        if (row.Problem is not null)
        {
            return new Found(row, Name: "");
        }

        try
        {
            var receipt = await store.ReadAsync(ArchiveLayout.ReceiptName(row.Blob), cancellationToken) is { } json ? Receipt.Parse(json) : null;
            return new Found(row, receipt is null ? names.Of(entry!, row.Blob) : names.Of(receipt));
        }
        catch (Exception exception) when (exception is FormatException or RequestFailedException { Status: 409 })
        {
            // Writing the part finds out, and names what is wrong.
            return new Found(row, names.Of(entry!, row.Blob));
        }
    }

    private sealed record Found(ExportObjectRow Row, string Name);
}
