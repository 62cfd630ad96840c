using EightByEight;

namespace Archiving.Model;

/// <summary>8x8 no longer has an object.</summary>
internal sealed class ObjectGoneException(string message, Exception? innerException) : Exception(message, innerException);

/// <summary>8x8 has moved an object to another state since it was listed.</summary>
internal sealed class StateChangedException(StorageObject present) : Exception($"8x8 moved the object to state {present.State}.")
{
    public StorageObject Present { get; } = present;
}
