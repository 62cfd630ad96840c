namespace Functions.Http;

/// <summary>The caller may not do this; becomes 403.</summary>
/// <param name="message">What is wrong and what to do, for the caller.</param>
public sealed class ForbiddenException(string message) : Exception(message);
