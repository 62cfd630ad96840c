using Azure;

namespace EightByEight;

/// <summary>Why 8x8 gave no token.</summary>
public enum TokenFailure
{
    /// <summary>The authorization server could not be reached, or failed.</summary>
    Unreachable,

    /// <summary>It does not know the key, or the secret is another.</summary>
    WrongCredentials,

    /// <summary>It knows the key and gives it nothing.</summary>
    MissingRights,

    /// <summary>The key's app lacks the product <em>Call recordings &amp; Storage</em>.</summary>
    StorageProductMissing,

    /// <summary>Too many requests.</summary>
    Throttled,

    /// <summary>It answered with something that holds no token.</summary>
    UnexpectedAnswer,
}

/// <summary>8x8 gave no token. The message names cause and remedy, and never the credentials.</summary>
public sealed class TokenRequestException : RequestFailedException
{
    internal TokenRequestException(TokenFailure failure, int status, string message, Exception? innerException = null)
        : base(status, message, innerException)
    {
        Failure = failure;
    }

    /// <summary>Why there is no token.</summary>
    public TokenFailure Failure { get; }
}
