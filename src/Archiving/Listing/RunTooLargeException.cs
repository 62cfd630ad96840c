namespace Archiving.Listing;

/// <summary>A run would have more windows than the limit allows.</summary>
public sealed class RunTooLargeException : Exception
{
    /// <summary>Initializes the exception.</summary>
    public RunTooLargeException()
    {
    }

    /// <summary>Initializes the exception.</summary>
    public RunTooLargeException(string message)
        : base(message)
    {
    }

    /// <summary>Initializes the exception.</summary>
    public RunTooLargeException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
