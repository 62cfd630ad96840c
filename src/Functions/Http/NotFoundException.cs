namespace Functions.Http;

/// <summary>There is nothing of that name; becomes 404.</summary>
public sealed class NotFoundException : Exception
{
    /// <summary>Initializes the exception.</summary>
    public NotFoundException()
    {
    }

    /// <summary>Initializes the exception.</summary>
    public NotFoundException(string message)
        : base(message)
    {
    }

    /// <summary>Initializes the exception.</summary>
    public NotFoundException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
