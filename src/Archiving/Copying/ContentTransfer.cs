using System.Buffers;
using System.Buffers.Binary;
using Archiving.Archive;
using Archiving.Model;
using Azure;
using EightByEight;

namespace Archiving.Copying;

/// <summary>What became of content that was read.</summary>
public enum TransferOutcome
{
    /// <summary>It is stored under the name, by this run or an earlier one.</summary>
    Stored,

    /// <summary>It was refused. Nothing was stored.</summary>
    Refused,

    /// <summary>Other bytes are stored under the name. Nothing was written.</summary>
    NameTaken,
}

/// <summary>The outcome of a transfer.</summary>
/// <param name="Content">What was read.</param>
/// <param name="Outcome">What became of it.</param>
public sealed record TransferResult(VerifiedContent Content, TransferOutcome Outcome);

/// <summary>
/// Passes content from 8x8 to the archive once, measuring it on the way, and makes it visible only when it is right.
/// Up to 4 MiB in one buffer and one request; above, through two buffers that take turns into staged blocks.
/// </summary>
/// <param name="store">The archive.</param>
public sealed class ContentTransfer(ArchiveStore store) : IDisposable
{
    /// <summary>The largest content that is stored at one go, and the size of a block, in bytes. A blob has 50,000 blocks at most (Azure Blob Storage), so content ends at 195 GiB.</summary>
    public const int BufferSize = 4 * 1024 * 1024;

    // Large transfers hold two buffers each. This bounds the memory of an instance at any concurrency.
    private const int LargeTransfersAtOnce = 6;

    // The time limit of a function includes its waiting (functionTimeout, 30 minutes).
    internal TimeSpan LongestWait { get; set; } = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim _largeTransfers = new(LargeTransfersAtOnce, LargeTransfersAtOnce);

    /// <summary>Waits for one of the places that large content needs, so that no connection to 8x8 is open while it is not used. Content up to the size of the buffer needs none.</summary>
    /// <param name="bytes">What 8x8 claims of its size.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    /// <returns>The place; to be given back when the transfer is over. <see langword="null"/> when none is needed.</returns>
    /// <exception cref="NoPlaceException">None became free within five minutes.</exception>
    public async Task<IDisposable?> EnterAsync(long? bytes, CancellationToken cancellationToken)
    {
        if (!(bytes >= BufferSize))
        {
            return null;
        }

        return await _largeTransfers.WaitAsync(LongestWait, cancellationToken) ? new Place(_largeTransfers) : throw new NoPlaceException();
    }

    /// <summary>Reads content to its end and stores it if it is right.</summary>
    /// <param name="place">The place from <see cref="EnterAsync"/>.</param>
    /// <param name="source">The content.</param>
    /// <param name="name">The name to store it under.</param>
    /// <param name="record">What 8x8 claims of it.</param>
    /// <param name="isRight">Decides whether the measured content may be stored.</param>
    /// <param name="cancellationToken">Stops the transfer; nothing becomes visible then.</param>
    public async Task<TransferResult> RunAsync(
        IDisposable? place,
        ObjectContent source,
        string name,
        StorageObject record,
        Func<VerifiedContent, bool> isRight,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(isRight);
        using var verifier = new ContentVerifier(record, source.Length);

        // One byte more than expected, to detect content that is longer than announced.
        var expected = source.Length ?? record.StoredBytes ?? BufferSize;
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(expected + 1, 1, BufferSize));
        try
        {
            var first = buffer.AsMemory(0, (int)Math.Clamp(expected + 1, 1, BufferSize));
            var filled = await source.Stream.FillAsync(first, cancellationToken);
            if (filled == first.Length && first.Length < BufferSize)
            {
                // Longer than announced: read on to measure it, though it cannot be right.
                verifier.Append(first.Span);
                await DrainAsync(source.Stream, buffer, verifier, cancellationToken);
                return new TransferResult(verifier.Finish(), TransferOutcome.Refused);
            }

            if (filled < first.Length)
            {
                verifier.Append(first.Span[..filled]);
                var content = verifier.Finish();
                return isRight(content)
                    ? await StoredAsync(name, content, store.TryPutAsync(name, first[..filled], content.Digest.Md5, Headers(record), cancellationToken), cancellationToken)
                    : new TransferResult(content, TransferOutcome.Refused);
            }

            // Larger than 8x8 claimed, or nothing was claimed.
            using var late = place is null ? await EnterAsync(BufferSize, cancellationToken) : null;
            return await RunLargeAsync(source.Stream, first, name, record, verifier, isRight, cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _largeTransfers.Dispose();

    private static async Task DrainAsync(Stream stream, byte[] buffer, ContentVerifier verifier, CancellationToken cancellationToken)
    {
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            verifier.Append(buffer.AsSpan(0, read));
        }
    }

    private async Task<TransferResult> RunLargeAsync(
        Stream stream,
        Memory<byte> first,
        string name,
        StorageObject record,
        ContentVerifier verifier,
        Func<VerifiedContent, bool> isRight,
        CancellationToken cancellationToken)
    {
        var other = ArrayPool<byte>.Shared.Rent(BufferSize);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var staging = Task.CompletedTask;
        try
        {
            // Two runs may stage for the same name at once. Unique block ids keep one run from committing a block of the other.
            var run = Guid.NewGuid();
            var blockIds = new List<string>();
            var block = first;
            var spare = other.AsMemory(0, first.Length);
            while (block.Length > 0)
            {
                verifier.Append(block.Span);
                await staging;
                var id = BlockId(run, blockIds.Count);
                blockIds.Add(id);
                staging = store.StageAsync(name, id, block, stop.Token);
                (block, spare) = (spare, block);
                var filled = await stream.FillAsync(block, cancellationToken);
                if (filled < block.Length)
                {
                    // The end: the last block is what there is, and its buffer is not used again.
                    block = block[..filled];
                    if (filled > 0)
                    {
                        verifier.Append(block.Span);
                        await staging;
                        id = BlockId(run, blockIds.Count);
                        blockIds.Add(id);
                        staging = store.StageAsync(name, id, block, stop.Token);
                    }

                    break;
                }
            }

            await staging;
            var content = verifier.Finish();
            return isRight(content)
                ? await StoredAsync(name, content, CommitAsync(name, blockIds, record, content.Digest, cancellationToken), cancellationToken)
                : new TransferResult(content, TransferOutcome.Refused);
        }
        finally
        {
            await stop.CancelAsync();

            // The buffers go back to the pool only when nothing reads them any more.
            await staging.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ArrayPool<byte>.Shared.Return(other);
        }
    }

    private async Task<bool> CommitAsync(string name, List<string> blockIds, StorageObject record, ContentDigest digest, CancellationToken cancellationToken)
    {
        try
        {
            return await store.TryCommitAsync(name, blockIds, digest.Md5, Headers(record), cancellationToken);
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == "InvalidBlockList")
        {
            // Another run committed, which discarded the blocks of this one.
            return false;
        }
    }

    private async Task<TransferResult> StoredAsync(string name, VerifiedContent content, Task<bool> write, CancellationToken cancellationToken)
    {
        if (await write)
        {
            return new TransferResult(content, TransferOutcome.Stored);
        }

        // Read, because the MD5 that was stored with a blob does not change when its bytes are damaged.
        var stored = await store.FindAsync(name, cancellationToken);
        var isSame = stored?.Bytes == content.Digest.Bytes && (await store.MeasureAsync(name, cancellationToken))?.Sha256 == content.Digest.Sha256;
        return new TransferResult(content, isSame ? TransferOutcome.Stored : TransferOutcome.NameTaken);
    }

    internal static ContentHeaders Headers(StorageObject record) => new(ArchiveLayout.ContentType(record), ArchiveLayout.ContentDisposition(record));

    private static string BlockId(Guid run, int index)
    {
        Span<byte> id = stackalloc byte[20];
        run.TryWriteBytes(id);
        BinaryPrimitives.WriteInt32BigEndian(id[16..], index);
        return Convert.ToBase64String(id);
    }

    private sealed class Place(SemaphoreSlim places) : IDisposable
    {
        public void Dispose() => places.Release();
    }
}
