using System.Globalization;
using System.Text;
using Archiving.Archive;

namespace Operations.Catalogue;

/// <summary>
/// A file that is written from its beginning to its end, over as many runs as it takes: what was written becomes a block of a blob,
/// which no reader sees before it is committed.
/// <para>
/// Parquet's writer goes on with a file by reading its first bytes and its footer, and writes over the footer. So the stream can be read
/// there, and the footer is kept out of the blocks until the file is whole.
/// </para>
/// </summary>
internal sealed class StagedFile : Stream
{
    private readonly ArchiveStore _archive;
    private readonly string _name;
    private readonly string _run;
    private readonly List<string> _blocks;
    private readonly MemoryStream _buffer = new();
    private readonly byte[] _footer;
    private MemoryStream? _newFooter;
    private long _written;
    private long _position;

    /// <summary>Begins a file, or goes on with one.</summary>
    /// <param name="archive">Where it is staged.</param>
    /// <param name="name">Name of the blob.</param>
    /// <param name="run">Names this run, in eight characters: two runs that overlap must not take each other's blocks for theirs.</param>
    /// <param name="staged">What is staged of it; <see langword="null"/> when nothing is.</param>
    /// <param name="footer">The footer of what is staged, for a file that has one.</param>
    public StagedFile(ArchiveStore archive, string name, string run, StagedPart? staged, byte[]? footer = null)
    {
        (_archive, _name, _run) = (archive, name, run);
        _blocks = [.. staged?.Blocks ?? []];
        _written = staged?.Bytes ?? 0;
        _footer = footer ?? [];
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => _written + _footer.Length;

    /// <inheritdoc/>
    public override long Position
    {
        get => _position;
        set => _position = value;
    }

    /// <summary>What is staged.</summary>
    public StagedPart Staged => new(_written, _blocks);

    /// <summary>From now on, what is written is the footer of an unfinished file: it is returned, and not staged.</summary>
    public Func<byte[]> KeepFooter()
    {
        var footer = _newFooter = new MemoryStream();
        return footer.ToArray;
    }

    /// <summary>Stages what was written since the last time.</summary>
    public async Task StageAsync(CancellationToken cancellationToken)
    {
        if (_buffer.Length == 0)
        {
            return;
        }

        // Every block id of a blob has the same length (Put Block).
        var block = string.Create(CultureInfo.InvariantCulture, $"{_run}-{_blocks.Count:D6}");
        await _archive.StageAsync(_name, IdOf(block), _buffer.GetBuffer().AsMemory(0, (int)_buffer.Length), cancellationToken);
        _blocks.Add(block);
        _buffer.SetLength(0);
    }

    /// <summary>Makes the file visible, all of it at once, in the place of the one before.</summary>
    /// <returns><see langword="false"/> when the container forbids to replace it.</returns>
    public Task<bool> CommitAsync(string contentType, CancellationToken cancellationToken) =>
        _archive.TryCommitReportAsync(_name, [.. _blocks.Select(IdOf)], contentType, cancellationToken);

    /// <inheritdoc/>
    public override void Flush()
    {
        // Whole blocks are staged: see StageAsync.
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count)
    {
        // The first bytes of a Parquet file and its footer: nothing else of it is ever read.
        var (source, from) = _position < _written ? ("PAR1"u8.ToArray(), _position) : (_footer, _position - _written);
        var length = (int)Math.Min(count, Math.Max(0, source.Length - from));
        Array.Copy(source, from, buffer, offset, length);
        _position += length;
        return length;
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => _position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => Length + offset,
    };

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count)
    {
        if (_newFooter is not null)
        {
            _newFooter.Write(buffer, offset, count);
        }
        else if (_position == _written)
        {
            _buffer.Write(buffer, offset, count);
            _written += count;
        }
        else
        {
            throw new InvalidOperationException("A staged file is written in order.");
        }

        _position += count;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _buffer.Dispose();
            _newFooter?.Dispose();
        }

        base.Dispose(disposing);
    }

    private static string IdOf(string block) => Convert.ToBase64String(Encoding.ASCII.GetBytes(block));
}
