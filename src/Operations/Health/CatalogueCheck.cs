using Operations.Catalogue;

namespace Operations.Health;

/// <summary>Whether the catalogue is built as scheduled. Names regions, months and reasons.</summary>
internal sealed class CatalogueCheck(CatalogueInspector inspector) : StoredStateCheck
{
    /// <summary>Name of the check.</summary>
    public const string Name = "Catalogue";

    /// <inheritdoc/>
    protected override async Task<string?> FindProblemAsync(CancellationToken cancellationToken) =>
        await inspector.InspectAsync(cancellationToken) is { Problems: { Count: > 0 } problems } ? string.Join(' ', problems) : null;
}
