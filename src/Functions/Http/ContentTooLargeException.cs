namespace Functions.Http;

/// <summary>The request's body is larger than any that makes sense; becomes 413.</summary>
public sealed class ContentTooLargeException : Exception
{
    /// <summary>Initializes the exception.</summary>
    public ContentTooLargeException()
    {
    }

    /// <summary>Initializes the exception.</summary>
    public ContentTooLargeException(string message)
        : base(message)
    {
    }

    /// <summary>Initializes the exception.</summary>
    public ContentTooLargeException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
