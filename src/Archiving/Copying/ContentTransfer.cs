using System.Buffers;
using Archiving.Archive;
using Azure;
using EightByEight;

namespace Archiving.Copying;

/// <summary>
/// Passes content from 8x8 to the archive once, measuring it on the way, and makes it visible only when it is right.
/// Up to 4 MiB in one buffer and one request; above, through two buffers that take turns into staged blocks.
/// </summary>
public sealed class ContentTransfer : IDisposable
{
    /// <summary>
    /// The largest content that is stored at one go, and the size of a block, in bytes. A blob has 50,000 blocks at most
    /// (Azure Blob Storage), so content ends at 195 GiB.
    /// </summary>
    public const int BufferSize = 4 * 1024 * 1024;

    // Large transfers hold two buffers each. This bounds the memory of an instance at any concurrency.
    private const int LargeTransfersAtOnce = 6;

    private readonly ArchiveStore _store;
    private readonly TimeSpan _maxWait;
    private readonly SemaphoreSlim _largeTransfers = new(LargeTransfersAtOnce, LargeTransfersAtOnce);

    /// <summary>Initializes the transfer.</summary>
    /// <param name="store">The archive.</param>
    public ContentTransfer(ArchiveStore store)
        : this(store, maxWait: TimeSpan.FromMinutes(5))
    {
        // The time limit of a function includes its waiting (functionTimeout, 30 minutes).
    }

    internal ContentTransfer(ArchiveStore store, TimeSpan maxWait)
    {
        _store = store;
        _maxWait = maxWait;
    }

    /// <summary>
    /// Waits for one of the places that large content needs, so that no connection to 8x8 is open while it is not used.
    /// Content up to the size of the buffer gets one at once.
    /// </summary>
    /// <param name="bytes">What 8x8 claims of its size.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    /// <returns>The place; to be given back when the transfer is over. <see langword="null"/> when none became free within five minutes.</returns>
    internal async Task<TransferPlace?> TryEnterAsync(long? bytes, CancellationToken cancellationToken)
    {
        if (!(bytes >= BufferSize))
        {
            return new TransferPlace(places: null);
        }

        return await _largeTransfers.WaitAsync(_maxWait, cancellationToken) ? new TransferPlace(_largeTransfers) : null;
    }

    /// <summary>Reads content to its end and stores it if it may be stored.</summary>
    /// <param name="place">The place from <see cref="TryEnterAsync"/>.</param>
    /// <param name="source">The content.</param>
    /// <param name="state">What is to be stored, and under which name.</param>
    /// <param name="cancellationToken">Stops the transfer; nothing becomes visible then.</param>
    internal async Task<ReadResult> RunAsync(TransferPlace place, ObjectContent source, CopyState state, CancellationToken cancellationToken)
    {
        using var verifier = new ContentVerifier(state.Record, source.Length, source.ContentType);
        var headers = Headers(state.Record) with { ContentEncoding = source.ContentEncoding };

        // One byte more than expected, to see the end of the content.
        var expected = source.Length ?? state.Record.StoredBytes ?? BufferSize;
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(expected + 1, 1, BufferSize));
        try
        {
            var first = buffer.AsMemory(0, (int)Math.Clamp(expected + 1, 1, BufferSize));
            var filled = await source.Stream.FillAsync(first, cancellationToken);
            if (filled == first.Length && first.Length < BufferSize)
            {
                // Longer than expected: what 8x8 claims of the size may be wrong.
                var larger = ArrayPool<byte>.Shared.Rent(BufferSize);
                first.CopyTo(larger);
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = larger;
                first = buffer.AsMemory(0, BufferSize);
                filled += await source.Stream.FillAsync(first[filled..], cancellationToken);
            }

            if (filled < first.Length)
            {
                verifier.Append(first.Span[..filled]);
                var content = verifier.Finish();
                return state.MayStore(content)
                    ? await StoredAsync(
                        state.Name,
                        content,
                        _store.TryPutAsync(state.Name, first[..filled], content.Digest.Md5, headers, cancellationToken),
                        cancellationToken)
                    : new ReadResult.Refused(content);
            }

            // Larger than 8x8 claimed, or nothing was claimed.
            using var late = place.IsForLargeContent ? null : await TryEnterAsync(BufferSize, cancellationToken);
            return place.IsForLargeContent || late is not null
                ? await RunLargeAsync(source.Stream, first, state, headers, verifier, cancellationToken)
                : new ReadResult.Busy();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _largeTransfers.Dispose();

    private async Task<ReadResult> RunLargeAsync(
        Stream stream,
        Memory<byte> first,
        CopyState state,
        ContentHeaders headers,
        ContentVerifier verifier,
        CancellationToken cancellationToken)
    {
        var name = state.Name;
        var other = ArrayPool<byte>.Shared.Rent(BufferSize);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var staging = Task.CompletedTask;
        try
        {
            var run = Guid.NewGuid();
            var blockIds = new List<string>();
            var block = first;
            var spare = other.AsMemory(0, first.Length);
            while (block.Length > 0)
            {
                verifier.Append(block.Span);
                await staging;
                blockIds.Add(BlockId.Of(run, blockIds.Count));
                staging = _store.StageAsync(name, blockIds[^1], block, stop.Token);

                // The last block is what there is, and the one after it is empty.
                var filled = await stream.FillAsync(spare, cancellationToken);
                (block, spare) = (spare[..filled], block);
            }

            await staging;
            var content = verifier.Finish();
            return state.MayStore(content)
                ? await StoredAsync(name, content, CommitAsync(name, blockIds, headers, content.Digest, cancellationToken), cancellationToken)
                : new ReadResult.Refused(content);
        }
        finally
        {
            await stop.CancelAsync();

            // The buffers go back to the pool only when nothing reads them any more.
            await staging.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ArrayPool<byte>.Shared.Return(other);
        }
    }

    private async Task<bool> CommitAsync(string name, List<string> blockIds, ContentHeaders headers, ContentDigest digest, CancellationToken cancellationToken)
    {
        try
        {
            return await _store.TryCommitAsync(name, blockIds, digest.Md5, headers, cancellationToken);
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == "InvalidBlockList")
        {
            // Another run committed, which discarded the blocks of this one.
            return false;
        }
    }

    private async Task<ReadResult> StoredAsync(string name, VerifiedContent content, Task<bool> write, CancellationToken cancellationToken)
    {
        if (await write)
        {
            return new ReadResult.Stored(content);
        }

        // Read, because the MD5 that was stored with a blob does not change when its bytes are damaged.
        var stored = await _store.FindAsync(name, cancellationToken);
        var isSame = stored?.Bytes == content.Digest.Bytes && (await _store.MeasureAsync(name, cancellationToken))?.Sha256 == content.Digest.Sha256;
        return isSame ? new ReadResult.Stored(content) : new ReadResult.NameTaken(content);
    }

    internal static ContentHeaders Headers(StorageObject record) => new(ArchiveLayout.ContentType(record), ArchiveLayout.ContentDisposition(record));
}

/// <summary>A place in <see cref="ContentTransfer"/>.</summary>
/// <param name="places">What it is given back to; <see langword="null"/> for small content, which needs none.</param>
internal sealed class TransferPlace(SemaphoreSlim? places) : IDisposable
{
    public bool IsForLargeContent => places is not null;

    public void Dispose() => places?.Release();
}
