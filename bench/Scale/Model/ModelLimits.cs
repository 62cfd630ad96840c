namespace Scale.Model;

/// <summary>What Azure Storage is assumed to take and to give.</summary>
/// <param name="ScannedPerSecond">
/// How many rows of a partition are compared in a second that a query reads and does not give. Microsoft publishes no figure for how
/// long that takes. It counts them among <see cref="EntitiesPerSecond"/>, above which it may answer 503 ("Performance and scalability
/// checklist for Table storage"); the model counts them, and does not throttle.
/// </param>
internal sealed record ModelLimits(int ScannedPerSecond)
{
    /// <summary>Maximum number of rows of an answer ("Query timeout and pagination").</summary>
    public const int RowsPerPage = 1000;

    /// <summary>Rows of a partition that are read or written in a second, and messages of a queue (scalability targets).</summary>
    public const int EntitiesPerSecond = 2000;

    /// <summary>What every request takes besides.</summary>
    public static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(10);

    /// <summary>How long a query runs before it answers with what it has ("Query timeout and pagination").</summary>
    public static readonly TimeSpan MaxScan = TimeSpan.FromSeconds(5);
}
