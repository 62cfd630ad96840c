using Archiving.Cases;
using Archiving.Model;
using Operations.Objects;

namespace Operations.Cases;

/// <summary>Tells how far an export is, and links to its files when it is done.</summary>
public sealed class ExportReader(CaseStore cases, ContentLinks links)
{
    private const int MaxProblems = 1000;

    /// <summary>Reads an export; <see langword="null"/> when there is none of these ids.</summary>
    /// <exception cref="OutageException">The storage does not work, or gives the app no key for links.</exception>
    public async Task<ExportDetails?> ReadAsync(string caseId, string exportId, CancellationToken cancellationToken)
    {
        if (!CaseStore.IsId(caseId) || !CaseStore.IsId(exportId) || await cases.FindExportAsync(caseId, exportId, cancellationToken) is not { } export)
        {
            return null;
        }

        var parts = export.Parts is null ? [] : await cases.ReadPartsAsync(export, cancellationToken);
        var isDone = export.Is(ExportState.Done);
        var items = new List<ExportPart>();
        foreach (var part in parts.Where(part => part is { IsDone: true, Sha256: not null }))
        {
            var name = ExportLayout.Part(part.Number);
            var link = isDone ? await LinkAsync(name) : null;
            items.Add(new ExportPart(name, link?.Url, part.Bytes, part.Sha256!));
        }

        var csv = isDone ? await LinkAsync(ExportLayout.ManifestCsv) : null;
        var problems = isDone ? [] : await cases.ReadProblemsAsync(export, MaxProblems, cancellationToken);
        return new ExportDetails
        {
            ExportId = export.ExportId,
            State = export.State,
            CreatedAt = export.CreatedAt,
            CreatedBy = export.CreatedBy,
            EndedAt = export.EndedAt,
            Objects = export.Objects,
            Bytes = export.Bytes,
            PlannedParts = export.Parts,
            Parts = items,
            ManifestCsvUrl = csv?.Url,
            ManifestJsonUrl = isDone ? (await LinkAsync(ExportLayout.ManifestJson)).Url : null,
            ChecksumsUrl = isDone ? (await LinkAsync(ExportLayout.Checksums)).Url : null,
            LinksExpireOn = csv?.ExpiresOn,
            Problem = export.Problem,
            Problems = [.. problems.Select(item => new ExportProblem(item.Region, item.Id, item.Problem!))],
        };

        Task<ContentLink> LinkAsync(string file) => links.CreateAsync(ExportLayout.Blob(export, file), mimeType: null, file, save: true, cancellationToken);
    }
}
