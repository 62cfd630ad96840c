namespace Azurite;

/// <summary>Azurite cannot be installed or started; the message says why and what to do.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="innerException">Why; <see langword="null"/> when nothing else was thrown.</param>
public sealed class AzuriteException(string message, Exception? innerException = null) : Exception(message, innerException);
