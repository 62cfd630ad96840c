namespace Archiving.Model;

/// <summary>What was asked of an object cannot be done as it stands; the message says why.</summary>
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
