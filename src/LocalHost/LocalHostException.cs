namespace LocalHost;

/// <summary>The host or the app cannot start. The message says what is wrong and what to do.</summary>
internal sealed class LocalHostException(string message, Exception? innerException = null) : Exception(message, innerException);
