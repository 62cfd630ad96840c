namespace Archiving.Model;

/// <summary>8x8 answered a listing with something that cannot be processed.</summary>
public sealed class ListingException : Exception
{
    /// <summary>Initializes the exception.</summary>
    public ListingException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
