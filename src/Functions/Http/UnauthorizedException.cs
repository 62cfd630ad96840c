namespace Functions.Http;

/// <summary>The caller is not signed in, or its principal cannot be read; becomes 401.</summary>
public sealed class UnauthorizedException : Exception
{
    /// <summary>Initializes the exception.</summary>
    public UnauthorizedException()
    {
    }

    /// <summary>Initializes the exception.</summary>
    public UnauthorizedException(string message)
        : base(message)
    {
    }

    /// <summary>Initializes the exception.</summary>
    public UnauthorizedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
