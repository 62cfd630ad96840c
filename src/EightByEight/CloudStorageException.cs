using Azure;

namespace EightByEight;

/// <summary>A call to the Cloud Storage Service failed. <c>Status</c> is 0 when there was no answer at all.</summary>
public sealed class CloudStorageException : RequestFailedException
{
    internal CloudStorageException(int status, string message, string origin, bool isFromRedirectTarget, TimeSpan? retryAfter, Exception? innerException = null)
        : base(status, message, innerException)
    {
        Origin = origin;
        IsFromRedirectTarget = isFromRedirectTarget;
        RetryAfter = retryAfter;
    }

    /// <summary>
    /// Scheme, host and port of the server that answered, or did not. The name of a host that 8x8 redirects to can tell
    /// whose content it holds: keep it out of logs.
    /// </summary>
    public string Origin { get; }

    /// <summary>
    /// Whether that is not 8x8 but a host that 8x8 redirects to: its 401, 403, 404 or 410 is about the address that was
    /// used, and says nothing of the object or of the API key.
    /// </summary>
    public bool IsFromRedirectTarget { get; }

    /// <summary>
    /// Whether every try of the call was refused (4xx but for 408), so that it had no effect. When one failed at the server or got no
    /// answer, that is not known, whatever the last one says.
    /// </summary>
    public bool IsRefusal { get; internal init; }

    /// <summary>For how long the answer asks not to be called again, at most ten minutes; <see langword="null"/> when it does not.</summary>
    public TimeSpan? RetryAfter { get; }
}
