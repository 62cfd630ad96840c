namespace Archiving.Model;

/// <summary>An object cannot be archived, and trying again at once cannot help. The message says why and what to do.</summary>
public sealed class PermanentFailureException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>The same in a word.</summary>
    public FailureReason Reason { get; init; }
}
