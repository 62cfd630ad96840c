using System.Buffers;
using System.Security.Cryptography;
using Archiving.Archive;

namespace Operations.Cases;

/// <summary>
/// A blob that is written from its beginning to its end through two buffers that take turns into staged blocks, and becomes
/// visible only when it is committed. What is hashed is what is staged. A blob has 50,000 blocks at most (Azure Blob
/// Storage), so it ends at 192 GiB.
/// </summary>
internal sealed class StagedBlob(ArchiveStore store, string name) : Stream
{
    private const int BufferSize = 4 * 1024 * 1024;

    // ZipArchive writes the few bytes behind an entry synchronously. They wait in the buffer for the next write.
    private const int Slack = 64 * 1024;
    private const int BlockSize = BufferSize - Slack;

    // Not the shared pool, which keeps a buffer for each thread that gave one back. Two for each of the parts that are written at once.
    private static readonly ArrayPool<byte> Buffers = ArrayPool<byte>.Create(BufferSize, maxArraysPerBucket: 4);

    private readonly IncrementalHash _md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
    private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Guid _run = Guid.NewGuid();
    private readonly List<string> _blockIds = [];
    private readonly CancellationTokenSource _stop = new();
    private byte[] _buffer = Buffers.Rent(BufferSize);
    private byte[] _spare = Buffers.Rent(BufferSize);
    private int _filled;
    private long _bytes;
    private bool _isAbandoned;
    private Task _staging = Task.CompletedTask;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Drops what is written from now on: the blob is not going to be committed.</summary>
    public void Abandon() => _isAbandoned = true;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!_isAbandoned && buffer.Length > 0)
        {
            if (_filled >= BlockSize)
            {
                await StageAsync(cancellationToken);
            }

            var length = Math.Min(buffer.Length, BlockSize - _filled);
            buffer[..length].CopyTo(_buffer.AsMemory(_filled));
            _filled += length;
            buffer = buffer[length..];
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (!_isAbandoned)
        {
            buffer.CopyTo(_buffer.AsSpan(_filled));
            _filled += buffer.Length;
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
        // Only a whole block is worth a request.
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Stages the rest.</summary>
    /// <returns>What all of it is.</returns>
    public async Task<ContentDigest> CompleteAsync(CancellationToken cancellationToken)
    {
        if (_filled > 0)
        {
            await StageAsync(cancellationToken);
        }

        await _staging;
        return new ContentDigest(_bytes, _md5.GetHashAndReset(), Convert.ToHexStringLower(_sha256.GetHashAndReset()));
    }

    /// <summary>Makes it visible.</summary>
    /// <param name="digest">What it is.</param>
    /// <param name="contentType">Its Content-Type.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    /// <returns><see langword="false"/> when there is a blob of this name.</returns>
    public Task<bool> TryCommitAsync(ContentDigest digest, string contentType, CancellationToken cancellationToken) =>
        store.TryCommitAsync(name, _blockIds, digest.Md5, new ContentHeaders(contentType, "attachment"), cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _staging.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_staging.IsCompletedSuccessfully)
        {
            // A request that was cancelled may read its buffer for a moment longer: then it is not given to another.
            Buffers.Return(_buffer);
            Buffers.Return(_spare);
        }

        _stop.Dispose();
        _md5.Dispose();
        _sha256.Dispose();
        await base.DisposeAsync();
    }

    private async Task StageAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _md5.AppendData(_buffer, 0, _filled);
        _sha256.AppendData(_buffer, 0, _filled);
        _bytes += _filled;
        await _staging;

        _blockIds.Add(BlockId.Of(_run, _blockIds.Count));
        _staging = store.StageAsync(name, _blockIds[^1], _buffer.AsMemory(0, _filled), _stop.Token);
        (_buffer, _spare) = (_spare, _buffer);
        _filled = 0;
    }
}
