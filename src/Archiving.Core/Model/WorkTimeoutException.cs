namespace Archiving.Model;

/// <summary>Work was ended by the app because it did not finish in time.</summary>
public sealed class WorkTimeoutException(string message, Exception? innerException = null) : TimeoutException(message, innerException);
