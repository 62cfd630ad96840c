namespace Functions.Http;

/// <summary>A request that is wrong; becomes 400 with the field and what it should hold.</summary>
public sealed class BadRequestException : Exception
{
    /// <summary>Initializes the exception.</summary>
    public BadRequestException()
    {
    }

    /// <summary>Initializes the exception.</summary>
    public BadRequestException(string message)
        : base(message)
    {
    }

    /// <summary>Initializes the exception.</summary>
    public BadRequestException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Initializes the exception.</summary>
    /// <param name="field">The field that is wrong.</param>
    /// <param name="message">What it should hold.</param>
    public BadRequestException(string field, string message)
        : base(message)
    {
        Field = field;
    }

    /// <summary>The field that is wrong; <see langword="null"/> when it is the request as a whole.</summary>
    public string? Field { get; }
}
