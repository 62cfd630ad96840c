namespace Operations.Catalogue;

/// <summary>How much a build takes on at a time.</summary>
public sealed record CatalogueLimits
{
    /// <summary>
    /// The most rows of a row group: large enough for engines that read row groups in parallel and skip them by their statistics (DuckDB
    /// advises 100,000, and against fewer than 5,000), small enough to be held in memory.
    /// </summary>
    public int RowsPerGroup { get; init; } = 15_000;

    /// <summary>About how many rows are read and sorted at once; twice as many at most, unless they were made within a second.</summary>
    public int RowsPerSlice { get; init; } = 5_000;

    /// <summary>How long a run works before it leaves the rest to the next message.</summary>
    public TimeSpan RunTime { get; init; } = TimeSpan.FromMinutes(3);
}
