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

    /// <summary>
    /// Plans an export. The plan is claimed first: a delivery that claims it later makes one of its own, and this one counts
    /// no more. When the case cannot be exported as it is, the export's problem says why, and that is not written yet.
    /// </summary>
    /// <returns><see langword="false"/> when another delivery has taken it over.</returns>
    public async Task<bool> TryPlanAsync(ExportRow export, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(export);
        var (earlier, requested) = (export.Plan, export.Objects);
        export.Plan = CaseStore.NewPlan();
        export.RequestedAt ??= export.Timestamp;
        if (!await cases.TryKeepPlanAsync(export, cancellationToken))
        {
            return false;
        }

        if (earlier is not null)
        {
            await cases.ClearPlanAsync(export, earlier, cancellationToken);
        }

        if (await WritePlanAsync(export, cancellationToken) is { } plan)
        {
            if (plan.Objects < requested)
            {
                // The count may be the wrong one: then the next export does not meet it again. While the export has no parts,
                // an error here has the next delivery plan it again.
                await cases.CountAsync(export.CaseId, cancellationToken);
            }

            (export.Objects, export.Bytes, export.Parts, export.Problem) = (plan.Objects, plan.Bytes, plan.Parts, null);
            if (plan.Objects < requested)
            {
                export.Problem = $"The case had {requested} objects when the export was requested, and {plan.Objects} of them were found. Export it again.";
                return true;
            }

            if (plan.HasProblems)
            {
                export.Problem = "Not every object of the case can be exported. Archive what is missing, or remove it from the case, and export again.";
                return true;
            }

            if (await cases.TryKeepPlanAsync(export, cancellationToken))
            {
                return true;
            }
        }

        await cases.ClearPlanAsync(export, export.Plan, cancellationToken);
        return false;
    }

    private async Task<Plan?> WritePlanAsync(ExportRow export, CancellationToken cancellationToken)
    {
        var taken = new ExportNames();
        var parts = new List<ExportPartRow>();
        var (objects, bytes, inPart) = (0L, 0L, 0L);
        var hasProblems = false;
        var items = cases.ReadObjectsAsync(export.CaseId, after: null, cancellationToken).Where(item => !(item.Timestamp > export.RequestedAt));
        await foreach (var chunk in items.Chunk(ReadsAtOnce).WithCancellation(cancellationToken))
        {
            var (rows, known) = (new List<ExportObjectRow>(chunk.Length), parts.Count);
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
                row.RowKey = CaseStore.ExportObjectPrefix(export, last.Number) + objects.ToString("D9", CultureInfo.InvariantCulture);
                row.Name = row.Problem is null ? taken.Take(name) : "";
                hasProblems |= row.Problem is not null;
                objects++;
                rows.Add(row);
            }

            // A large case takes long to plan: the export's row shows that this goes on, and whether it still counts.
            if (parts.Count > known && known > 0 && !await cases.TryKeepPlanAsync(export, cancellationToken))
            {
                return null;
            }

            await cases.WriteAsync(rows, cancellationToken);
        }

        await cases.WriteAsync(parts, cancellationToken);
        return new Plan(objects, bytes, parts.Count, hasProblems);
    }

    private static ExportPartRow NewPart(ExportRow export, int number) => new()
    {
        PartitionKey = CaseStore.ExportPartition(export),
        RowKey = CaseStore.ExportPartKey(export, number),
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

    private sealed record Plan(long Objects, long Bytes, int Parts, bool HasProblems);
}
