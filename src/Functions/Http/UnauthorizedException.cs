namespace Functions.Http;

/// <summary>Nobody is signed in, or it cannot be told who; becomes 401.</summary>
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
