namespace Operations.Access;

/// <summary>The audit log cannot be written, so nothing may be given. The message says why, without anything of the entry.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="innerException">Why; <see langword="null"/> when nothing else was thrown.</param>
public sealed class AuditLogException(string message, Exception? innerException = null) : Exception(message, innerException);
