using System.Buffers;
using System.Globalization;
using System.Text;
using Archiving.Archive;

namespace Operations.Catalogue;

/// <summary>
/// A file that is written from its beginning to its end, over as many runs as it takes: what was written becomes blocks of a blob, which
/// no reader sees before they are committed.
/// </summary>
/// <param name="archive">Where it is staged.</param>
/// <param name="name">Name of the blob.</param>
/// <param name="run">Names this run, in eight characters: two runs that overlap must not take each other's blocks for theirs.</param>
/// <param name="staged">What is staged of it; <see langword="null"/> when nothing is.</param>
internal sealed class StagedFile(ArchiveStore archive, string name, string run, StagedPart? staged)
{
    private const int BlockBytes = 4 * 1024 * 1024;
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private int _blocks;
    private string? _replaced;

    /// <summary>How much was written.</summary>
    public long Length { get; private set; } = staged?.Bytes ?? 0;

    /// <summary>What is staged.</summary>
    public StagedPart Staged => new(Length - _buffer.WrittenCount, _blocks == 0 ? Runs : [.. Runs, new StagedRun(run, _blocks)]);

    private IReadOnlyList<StagedRun> Runs => staged?.Runs ?? [];

    /// <summary>Writes, and stages what makes a block.</summary>
    public async Task WriteAsync(ReadOnlyMemory<byte> part, CancellationToken cancellationToken)
    {
        _buffer.Write(part.Span);
        Length += part.Length;
        if (_buffer.WrittenCount >= BlockBytes)
        {
            await StageAsync(cancellationToken);
        }
    }

    /// <summary>Stages what was written since the last time.</summary>
    public async Task StageAsync(CancellationToken cancellationToken)
    {
        if (_buffer.WrittenCount > 0)
        {
            await archive.StageAsync(name, IdOf(run, _blocks), _buffer.WrittenMemory, cancellationToken);
            _blocks++;
            _buffer.ResetWrittenCount();
        }
    }

    /// <summary>Stages the rest, and notes which file is there to be replaced.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        await StageAsync(cancellationToken);
        _replaced = await archive.FindETagAsync(name, cancellationToken);
    }

    /// <summary>Makes the file visible, all of it at once, in the place of the one that was there when it ended.</summary>
    /// <returns><see langword="false"/> when the container forbids to replace it.</returns>
    public Task<bool> CommitAsync(string contentType, CancellationToken cancellationToken) => archive.TryCommitReportAsync(
        name,
        [.. Staged.Runs.SelectMany(part => Enumerable.Range(0, part.Blocks).Select(number => IdOf(part.Run, number)))],
        contentType,
        _replaced,
        cancellationToken);

    // Every block ID of a blob has the same length (Put Block).
    private static string IdOf(string run, int number) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{run}-{number:D6}")));
}
