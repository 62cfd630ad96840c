namespace Functions.Http;

/// <summary>The request makes sense, and not now or not with these settings; becomes 409.</summary>
/// <param name="message">What is wrong and what to do, for the caller.</param>
public sealed class ConflictException(string message) : Exception(message);
