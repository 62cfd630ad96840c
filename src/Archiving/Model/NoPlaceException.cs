namespace Archiving.Model;

/// <summary>This instance is busy with as much large content as it takes at once. Nothing is wrong: the object is to come again later.</summary>
internal sealed class NoPlaceException() : Exception("No place for large content became free.");
