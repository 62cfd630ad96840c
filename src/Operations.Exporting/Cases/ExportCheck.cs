using Archiving.Cases;

namespace Operations.Cases;

/// <summary>Compares what was written of an export with its plan: an export is done only when nothing is missing.</summary>
public sealed class ExportCheck(CaseStore cases)
{
    /// <summary>Finds what an export lacks.</summary>
    /// <returns>A sentence; <see langword="null"/> when it has every part and object.</returns>
    public async Task<string?> FindGapAsync(ExportRow export, IReadOnlyCollection<ExportPartRow> parts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(export);
        ArgumentNullException.ThrowIfNull(parts);
        if (parts.Count != export.Parts)
        {
            return $"{parts.Count} of its {export.Parts} parts are on record.";
        }

        var objects = new Dictionary<int, int>();
        await foreach (var item in cases.ReadExportObjectsAsync(export, part: null, cancellationToken))
        {
            if (item is { Problem: not null } or { Sha256: null } or { ReceiptSha256: null })
            {
                return $"{item.Region}/{item.Id} has no hash of what was written.";
            }

            objects[item.Part] = objects.GetValueOrDefault(item.Part) + 1;
        }

        foreach (var part in parts)
        {
            var name = ExportLayout.Part(part.Number);
            if (part.Sha256 is null)
            {
                return $"{name} has no hash.";
            }

            if (objects.GetValueOrDefault(part.Number) is var count && count != part.Objects)
            {
                return $"{count} of the {part.Objects} objects of {name} are on record.";
            }
        }

        var planned = parts.Sum(part => (long)part.Objects);
        var contents = export.Contents ?? export.Objects;
        return planned == contents ? null : $"Its parts have {planned} of its {contents} objects.";
    }
}
