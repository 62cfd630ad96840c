namespace Operations.Catalogue;

/// <summary>How much a build takes on at a time.</summary>
public sealed record CatalogueLimits
{
    /// <summary>
    /// Maximum number of rows of a row group: engines read row groups in parallel and skip them by their statistics, for which DuckDB advises
    /// 100,000 and more.
    /// </summary>
    public int RowsPerGroup { get; init; } = 100_000;

    /// <summary>How many bytes of pages end a row group before: objects with very long tags must not take more memory than others.</summary>
    public int BytesPerGroup { get; init; } = 48 * 1024 * 1024;

    /// <summary>
    /// About how many rows are read, sorted and encoded at once: what is held in memory as objects. Twice as many at most, unless they were
    /// made within a second.
    /// </summary>
    public int RowsPerSlice { get; init; } = 5_000;

    /// <summary>How long a run works before it leaves the rest to the next message.</summary>
    public TimeSpan RunTime { get; init; } = TimeSpan.FromMinutes(3);
}
