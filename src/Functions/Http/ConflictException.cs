namespace Functions.Http;

/// <summary>The request makes sense, and not now or not with these settings; becomes 409.</summary>
public sealed class ConflictException : Exception
{
    /// <summary>Initializes the exception.</summary>
    public ConflictException()
    {
    }

    /// <summary>Initializes the exception.</summary>
    public ConflictException(string message)
        : base(message)
    {
    }

    /// <summary>Initializes the exception.</summary>
    public ConflictException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
