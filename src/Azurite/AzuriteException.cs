namespace Azurite;

/// <summary>Azurite cannot be installed or started; the message says why and what to do.</summary>
public sealed class AzuriteException : Exception
{
    /// <summary>Initializes the exception.</summary>
    public AzuriteException()
    {
    }

    /// <summary>Initializes the exception.</summary>
    public AzuriteException(string message)
        : base(message)
    {
    }

    /// <summary>Initializes the exception.</summary>
    public AzuriteException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
