using System.Globalization;
using Archiving.Archive;
using Archiving.Cases;
using Archiving.Ledger;
using Archiving.Model;
using Operations.Objects;

namespace Operations.Cases;

/// <summary>
/// Decides which object of a case is in which part of an export, and under which name. An object whose content 8x8 changed is
/// in it with every content that the archive has: a hold keeps them all.
/// </summary>
public sealed class ExportPlanner(CaseStore cases, ObjectReceipts receipts, ObjectLedger ledger, DownloadName names)
{
    /// <summary>
    /// Maximum number of bytes of a part, unless one object alone has more. The work that a crash costs is a part, so it is kept well
    /// below what an archive may have.
    /// </summary>
    public const long MaxBytes = 2_000_000_000;

    /// <summary>Maximum number of objects of a part.</summary>
    public const int MaxObjects = 5000;

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

            (export.Objects, export.Contents, export.Bytes, export.Parts, export.Problem) = (plan.Objects, plan.Contents, plan.Bytes, plan.Parts, null);
            if (plan.Objects < requested)
            {
                export.Problem = $"The case had {requested} objects when the export was requested, and {plan.Objects} of them were found. Export it again.";
                return true;
            }

            if (plan.HasProblems)
            {
                export.Problem = "Not every object of the case can be exported. Archive what is missing, or remove it from the case, and export again. "
                    + "While the case is on hold, nothing can be removed: make another case without what is missing, and export that.";
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
        var (objects, contents, bytes, inPart) = (0L, 0L, 0L, 0L);
        var hasProblems = false;
        var items = cases.ReadObjectsAsync(export.CaseId, after: null, cancellationToken).Where(item => !(item.Timestamp > export.RequestedAt));
        await foreach (var chunk in items.Chunk(ReadsAtOnce).WithCancellation(cancellationToken))
        {
            var (rows, known) = (new List<ExportObjectRow>(chunk.Length), parts.Count);
            objects += chunk.Length;
            foreach (var (row, name) in (await Task.WhenAll(chunk.Select(item => FindAsync(item, cancellationToken)))).SelectMany(found => found))
            {
                if (parts is not [.., { } last] || last.Objects == MaxObjects || (inPart > 0 && inPart + row.Bytes + Overhead > MaxBytes))
                {
                    last = NewPart(export, parts.Count + 1);
                    parts.Add(last);
                    inPart = 0;
                }

                last.Objects++;
                inPart += row.Bytes + Overhead;
                bytes += row.Bytes;
                row.PartitionKey = CaseStore.ExportPartition(export);
                row.RowKey = CaseStore.ExportObjectPrefix(export, last.Number) + contents.ToString("D9", CultureInfo.InvariantCulture);
                row.Name = row.Problem is null ? taken.Take(name) : "";
                hasProblems |= row.Problem is not null;
                contents++;
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
        return new Plan(objects, contents, bytes, parts.Count, hasProblems);
    }

    private static ExportPartRow NewPart(ExportRow export, int number) => new()
    {
        PartitionKey = CaseStore.ExportPartition(export),
        RowKey = CaseStore.ExportPartKey(export, number),
        Number = number,
    };

    private static ExportObjectRow Describe(CaseObjectRow item, string blob, long bytes, string? problem = null) => new()
    {
        Region = item.Region,
        Id = item.Id,
        Type = item.Type,
        CreatedTime = item.CreatedTime,
        Blob = blob,
        Bytes = bytes,
        Problem = problem,
    };

    private static string? FindProblem(LedgerEntry? entry) => entry switch
    {
        null => "The ledger does not know it. POST /api/ledger/rebuild adds what the archive has.",
        { Blob: null or "" } => $"It is not archived; its state is {entry.State}.",
        { Damaged: { } damaged } when damaged == entry.Blob => "Its archived bytes were found damaged.",
        _ => null,
    };

    /// <summary>The present content of an object, and then those that 8x8 had before.</summary>
    private async Task<IReadOnlyList<Found>> FindAsync(CaseObjectRow item, CancellationToken cancellationToken)
    {
        var entry = await ledger.FindAsync(item.Key, cancellationToken);
        var present = Describe(item, entry?.Blob ?? "", entry?.Bytes ?? 0, FindProblem(entry));
        if (present.Problem is not null)
        {
            return [new Found(present, Name: "")];
        }

        var all = await receipts.FindAsync(item, cancellationToken).ToListAsync(cancellationToken);
        var receipt = all.Find(found => found.Blob == present.Blob)?.Receipt;
        var earlier = all.Where(found => found.Blob != present.Blob && MayBeOf(item, found) && !IsSame(found.Receipt, entry!))
            .Select(found => new Found(
                Describe(item, found.Blob, found.Receipt?.Bytes ?? 0),
                found.Receipt is null ? names.Of(entry!, found.Blob) : names.Of(found.Receipt)));

        // Of a receipt that is not there or cannot be read, writing the part finds out what is wrong.
        return [new Found(present, receipt is null ? names.Of(entry!, present.Blob) : names.Of(receipt)), .. earlier];
    }

    /// <summary>Whether a receipt is the object's own; one that cannot be read is not when its name goes on as that of a longer id.</summary>
    private static bool MayBeOf(CaseObjectRow item, FoundReceipt found) => found.Receipt is not null
        || found.Blob[ArchiveLayout.Stem(item.Region, item.Type, item.CreatedTime, item.Id).Length..] is "" or ['.', ..];

    /// <summary>Whether it is the present content under another name, which it has when the first bytes were damaged.</summary>
    private static bool IsSame(Receipt? receipt, LedgerEntry present) => receipt is not null && receipt.Sha256 == present.Sha256;

    private sealed record Found(ExportObjectRow Row, string Name);

    private sealed record Plan(long Objects, long Contents, long Bytes, int Parts, bool HasProblems);
}
