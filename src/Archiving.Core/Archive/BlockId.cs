using System.Buffers.Binary;

namespace Archiving.Archive;

/// <summary>
/// IDs of the blocks that one run stages. Two runs may stage for the same name at once: IDs of its own keep one from committing a
/// block of the other.
/// </summary>
public static class BlockId
{
    // Every block ID of a blob has the same length (Put Block).
    private const int Length = 20;

    /// <summary>The ID of a run's block.</summary>
    /// <param name="run">The run.</param>
    /// <param name="number">Number of the block in the run.</param>
    public static string Of(Guid run, int number)
    {
        Span<byte> id = stackalloc byte[Length];
        run.TryWriteBytes(id);
        BinaryPrimitives.WriteInt32BigEndian(id[^sizeof(int)..], number);
        return Convert.ToBase64String(id);
    }
}
