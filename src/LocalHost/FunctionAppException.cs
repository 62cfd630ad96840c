namespace LocalHost;

/// <summary>The app cannot start. The message says what to mend.</summary>
internal sealed class FunctionAppException(string message, Exception? innerException = null) : Exception(message, innerException);
