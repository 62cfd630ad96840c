using Azure;
using Azure.Data.Tables;

namespace Archiving.Listing;

/// <summary>How far a region has been listed.</summary>
public sealed class WatermarkRow : ITableEntity
{
    /// <summary>Partition of every region's row.</summary>
    public const string Partition = "watermark";

    /// <inheritdoc/>
    public string PartitionKey { get; set; } = Partition;

    /// <inheritdoc/>
    public string RowKey { get; set; } = "";

    /// <inheritdoc/>
    public DateTimeOffset? Timestamp { get; set; }

    /// <inheritdoc/>
    public ETag ETag { get; set; }

    /// <summary>8x8's region.</summary>
    public string Region { get; set; } = "";

    /// <summary>Where the first listing started; kept, so that a first run that fails starts there again.</summary>
    public DateTimeOffset StartFrom { get; set; }

    /// <summary>Everything changed before this time has been listed; <see langword="null"/> before the first complete run.</summary>
    public DateTimeOffset? Watermark { get; set; }

    /// <summary>When a run was last completed.</summary>
    public DateTimeOffset? LastCompleted { get; set; }

    /// <summary>The run under way.</summary>
    public string? ActiveRun { get; set; }

    /// <summary>When the run under way began.</summary>
    public DateTimeOffset? ActiveSince { get; set; }
}

/// <summary>One window of a run. A window whose work was split is done, and its parts have rows of their own.</summary>
public sealed class WindowRow : ITableEntity
{
    /// <inheritdoc/>
    public string PartitionKey { get; set; } = "";

    /// <inheritdoc/>
    public string RowKey { get; set; } = "";

    /// <inheritdoc/>
    public DateTimeOffset? Timestamp { get; set; }

    /// <inheritdoc/>
    public ETag ETag { get; set; }

    /// <summary>8x8's region.</summary>
    public string Region { get; set; } = "";

    /// <summary>Start of the window.</summary>
    public DateTimeOffset From { get; set; }

    /// <summary>End of the window.</summary>
    public DateTimeOffset To { get; set; }

    /// <summary>Whether everything in it was listed.</summary>
    public bool Done { get; set; }

    /// <summary>How many records it held.</summary>
    public long Listed { get; set; }

    /// <summary>How many of them were put into a queue.</summary>
    public long Enqueued { get; set; }

    /// <summary>What went wrong last.</summary>
    public string? LastError { get; set; }
}
