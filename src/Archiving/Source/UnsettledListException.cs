namespace Archiving.Source;

/// <summary>8x8's list was another at every read, so none of them is known to be whole.</summary>
/// <param name="message">Which list.</param>
public sealed class UnsettledListException(string message) : Exception(message);
