namespace Operations.Catalogue;

/// <summary>How the catalogue is.</summary>
/// <param name="PlannedAt">When it was last looked for what changed; <see langword="null"/> when that never happened.</param>
/// <param name="BuiltAt">When a month was last built.</param>
/// <param name="Months">How many months have files.</param>
/// <param name="Objects">How many objects these hold.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="Waiting">How many months are to be built.</param>
/// <param name="Problems">What failed or is late: region, month, reason and what to do.</param>
public sealed record CatalogueStatus(
    DateTimeOffset? PlannedAt,
    DateTimeOffset? BuiltAt,
    int Months,
    long Objects,
    long Bytes,
    int Waiting,
    IReadOnlyList<string> Problems);
