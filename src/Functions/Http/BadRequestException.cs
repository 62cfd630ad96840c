namespace Functions.Http;

/// <summary>A request that is wrong; becomes 400 with the field and what it should hold.</summary>
/// <param name="message">What is wrong, for the caller.</param>
/// <param name="innerException">Why, for the log.</param>
public sealed class BadRequestException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Initializes the exception.</summary>
    /// <param name="field">The field that is wrong.</param>
    /// <param name="message">What it should hold.</param>
    public BadRequestException(string field, string message)
        : this(message) => Field = field;

    /// <summary>The field that is wrong; <see langword="null"/> when it is the request as a whole.</summary>
    public string? Field { get; }
}
