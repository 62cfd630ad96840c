namespace Archiving.Model;

/// <summary>A request cannot be fulfilled in the present state of an object or run; the message says why.</summary>
public sealed class RefusedException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>The field of the request that is the reason, if it is one.</summary>
    public string? Field { get; init; }
}
