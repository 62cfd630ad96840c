using System.IO.Compression;

namespace EightByEight;

/// <summary>Opens <c>deflate</c>. It means zlib (RFC 9110, section 8.4.1.2), and many servers leave zlib's header out.</summary>
internal sealed class InflateStream(Stream coded) : ForwardStream
{
    private readonly byte[] _head = new byte[2];
    private Stream? _decoded;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _decoded ??= Open(await coded.ReadAtLeastAsync(_head, _head.Length, throwOnEndOfStream: false, cancellationToken));
        return await _decoded.ReadAsync(buffer, cancellationToken);
    }

    public override int Read(Span<byte> buffer)
    {
        _decoded ??= Open(coded.ReadAtLeast(_head, _head.Length, throwOnEndOfStream: false));
        return _decoded.Read(buffer);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _decoded?.Dispose();
            coded.Dispose();
        }

        base.Dispose(disposing);
    }

    // Compression method 8 and a check number divisible by 31 (RFC 1950, section 2.2).
    private Stream Open(int headLength)
    {
        var whole = new HeadedStream(_head.AsMemory(0, headLength), coded);
        return headLength == 2 && (_head[0] & 0x0F) == 8 && ((_head[0] << 8) | _head[1]) % 31 == 0
            ? new ZLibStream(whole, CompressionMode.Decompress)
            : new DeflateStream(whole, CompressionMode.Decompress);
    }

    /// <summary>The bytes that were looked at, and all that follow.</summary>
    private sealed class HeadedStream(ReadOnlyMemory<byte> head, Stream rest) : ForwardStream
    {
        private ReadOnlyMemory<byte> _head = head;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _head.IsEmpty ? rest.ReadAsync(buffer, cancellationToken) : new ValueTask<int>(TakeHead(buffer.Span));

        public override int Read(Span<byte> buffer) => _head.IsEmpty ? rest.Read(buffer) : TakeHead(buffer);

        private int TakeHead(Span<byte> buffer)
        {
            var count = Math.Min(buffer.Length, _head.Length);
            _head.Span[..count].CopyTo(buffer);
            _head = _head[count..];
            return count;
        }
    }
}
