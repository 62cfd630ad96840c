using System.Runtime.InteropServices;

namespace Archiving.Archive;

internal static class Streams
{
    /// <summary>A seekable stream over memory without a copy, so that the storage client can send it again on a retry.</summary>
    public static MemoryStream Over(ReadOnlyMemory<byte> memory) =>
        MemoryMarshal.TryGetArray(memory, out var segment)
            ? new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false)
            : new MemoryStream(memory.ToArray(), writable: false);

    /// <summary>Reads until the buffer is full or the stream ends.</summary>
    /// <returns>How many bytes were read; less than the buffer's length only at the stream's end.</returns>
    public static async ValueTask<int> FillAsync(this Stream stream, Memory<byte> buffer, CancellationToken cancellationToken) =>
        await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
}
