namespace Functions.Http;

/// <summary>The caller may not do this; becomes 403.</summary>
public sealed class ForbiddenException : Exception
{
    /// <summary>Initializes the exception.</summary>
    public ForbiddenException()
    {
    }

    /// <summary>Initializes the exception.</summary>
    public ForbiddenException(string message)
        : base(message)
    {
    }

    /// <summary>Initializes the exception.</summary>
    public ForbiddenException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
