namespace Archiving.Model;

/// <summary>Work was ended by the app because it did not finish in time.</summary>
public sealed class WorkTimeoutException : TimeoutException
{
    /// <summary>Initializes the exception.</summary>
    public WorkTimeoutException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
