namespace Archiving.Model;

/// <summary>An object cannot be archived, and trying again at once cannot help. The message says why and what to do.</summary>
public sealed class PermanentFailureException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>The same in a word.</summary>
    public FailureReason Reason { get; init; }

    /// <summary>What the row says too. It is not for the log, because it can tell of people.</summary>
    public string? Detail { get; init; }
}
