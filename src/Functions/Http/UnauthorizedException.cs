namespace Functions.Http;

/// <summary>The caller is not signed in, or its principal cannot be read; becomes 401.</summary>
/// <param name="message">What is wrong and what to do, for the caller.</param>
public sealed class UnauthorizedException(string message) : Exception(message);
