namespace Archiving.Model;

/// <summary>The request cannot be fulfilled in the object's present state; the message says why.</summary>
public sealed class ObjectUnavailableException : Exception
{
    /// <summary>Initializes the exception.</summary>
    public ObjectUnavailableException()
    {
    }

    /// <summary>Initializes the exception.</summary>
    public ObjectUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>Initializes the exception.</summary>
    public ObjectUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
