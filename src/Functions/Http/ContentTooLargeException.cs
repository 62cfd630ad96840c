namespace Functions.Http;

/// <summary>The request's body is larger than any that makes sense; becomes 413.</summary>
/// <param name="message">What is wrong and what to do, for the caller.</param>
public sealed class ContentTooLargeException(string message) : Exception(message);
