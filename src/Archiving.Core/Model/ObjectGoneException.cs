namespace Archiving.Model;

/// <summary>8x8 no longer has an object.</summary>
internal sealed class ObjectGoneException(string message, Exception? innerException) : Exception(message, innerException);
