namespace DevStack;

/// <summary>The stack cannot run; the message says why and what to do.</summary>
public sealed class DevStackException : Exception
{
    /// <summary>Initializes the exception.</summary>
    public DevStackException()
    {
    }

    /// <summary>Initializes the exception.</summary>
    public DevStackException(string message)
        : base(message)
    {
    }

    /// <summary>Initializes the exception.</summary>
    public DevStackException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
