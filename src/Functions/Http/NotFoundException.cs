namespace Functions.Http;

/// <summary>There is nothing of that name; becomes 404.</summary>
/// <param name="message">What is wrong and what to do, for the caller.</param>
public sealed class NotFoundException(string message) : Exception(message);
