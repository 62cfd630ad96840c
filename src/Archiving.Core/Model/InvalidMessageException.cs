namespace Archiving.Model;

/// <summary>A queue message does not hold what its handler needs. Trying again cannot help.</summary>
public sealed class InvalidMessageException(string message, Exception? innerException = null) : Exception(message, innerException);
