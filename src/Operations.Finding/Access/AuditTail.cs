using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace Operations.Access;

/// <summary>Reads lines of a blob of the audit log from its end, or from a place in it, in pieces.</summary>
/// <param name="container">The container.</param>
/// <param name="name">The blob.</param>
/// <param name="length">How much of it to read.</param>
/// <param name="newest">No line of it is newer.</param>
/// <param name="start">The place: only lines after it are given.</param>
internal sealed class AuditTail(BlobContainerClient container, string name, long length, DateTimeOffset newest, AuditPosition start)
{
    private const int PieceBytes = 64 * 1024;
    private const byte NewLine = (byte)'\n';
    private readonly BlobClient _blob = container.GetBlobClient(name);
    private byte[] _piece = [];
    private long _pieceStart;
    private long _end = -1;

    // Of the line that was read last, which a line that cannot be read shares: it stands right before it.
    private DateTimeOffset? _time;

    /// <summary>The line that <see cref="MoveNextAsync"/> found last.</summary>
    public (AuditItem Item, AuditPosition Position)? Current { get; private set; }

    /// <summary>Goes to the next older line; <see langword="null"/> when there is none.</summary>
    public async Task<AuditPosition?> MoveNextAsync(CancellationToken cancellationToken)
    {
        if (_end < 0)
        {
            _end = _pieceStart = await SeekAsync(cancellationToken);
        }

        while (_end > 0)
        {
            var (offset, line) = await ReadLineBeforeAsync(cancellationToken);
            var item = Parse(line, offset);
            var position = new AuditPosition(item.Time, name, offset);
            (_end, _time) = (offset, item.Time);
            if (start.IsBefore(position))
            {
                Current = (item, position);
                return position;
            }
        }

        Current = null;
        return null;
    }

    /// <summary>Finds a beginning of a line, or the end, after which there is nothing to be given, by halving.</summary>
    private async Task<long> SeekAsync(CancellationToken cancellationToken)
    {
        var (low, high) = start.Time > newest ? (length, length) : (0L, length);
        while (high - low > PieceBytes)
        {
            var (begin, line) = await ReadLineAfterAsync((low + high) / 2, high, cancellationToken);
            if (line.IsEmpty || TimeOf(line) > start.Time)
            {
                // The half may hold no beginning of a line, because of a very long one.
                high = line.IsEmpty ? (low + high) / 2 : begin;
            }
            else
            {
                low = begin + line.Length;
            }
        }

        // Up to the end of the line that this may be in the middle of.
        return high == length ? length : await EndOfLineAsync(high, cancellationToken);
    }

    /// <summary>The first line that begins after an offset, and before another.</summary>
    private async Task<(long Begin, ReadOnlyMemory<byte> Line)> ReadLineAfterAsync(long offset, long before, CancellationToken cancellationToken)
    {
        var begin = await EndOfLineAsync(offset, cancellationToken);
        if (begin >= before)
        {
            return (before, default);
        }

        var end = await EndOfLineAsync(begin, cancellationToken);
        return (begin, await ReadAsync(begin, end - begin, cancellationToken));
    }

    /// <summary>Where the line ends that an offset is in, with its line end.</summary>
    private async Task<long> EndOfLineAsync(long offset, CancellationToken cancellationToken)
    {
        while (offset < length)
        {
            var piece = await ReadAsync(offset, Math.Min(PieceBytes, length - offset), cancellationToken);
            var end = piece.AsSpan().IndexOf(NewLine);
            if (end >= 0)
            {
                return offset + end + 1;
            }

            offset += piece.Length;
        }

        return length;
    }

    private async Task<(long Offset, ReadOnlyMemory<byte> Line)> ReadLineBeforeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            // The byte before the end is the line's own line end.
            var have = (int)(_end - _pieceStart);
            var begin = have > 0 ? _piece.AsSpan(0, have - 1).LastIndexOf(NewLine) + 1 : 0;
            if (begin > 0 || (_pieceStart == 0 && have > 0))
            {
                return (_pieceStart + begin, _piece.AsMemory(begin, have - begin));
            }

            var more = (int)Math.Min(PieceBytes, _pieceStart);
            var earlier = await ReadAsync(_pieceStart - more, more, cancellationToken);
            _piece = [.. earlier, .. _piece.AsSpan(0, have)];
            _pieceStart -= more;
        }
    }

    private async Task<byte[]> ReadAsync(long offset, long count, CancellationToken cancellationToken)
    {
        var options = new BlobDownloadOptions { Range = new HttpRange(offset, count) };
        return (await _blob.DownloadContentAsync(options, cancellationToken)).Value.Content.ToArray();
    }

    private static DateTimeOffset TimeOf(ReadOnlyMemory<byte> line) => TryParse(line)?.Time ?? DateTimeOffset.MinValue;

    private AuditItem Parse(ReadOnlyMemory<byte> line, long offset) => TryParse(line) is { } read
        ? new AuditItem(read.Time, read.Actor, read.Roles, read.Action, read.Region, read.Id, read.Parameters, read.Case, read.Outcome)
        : new AuditItem(_time ?? newest, null, [], AuditItem.Unreadable, null, null, null, null, $"{name} at {offset}");

    private static AuditLine? TryParse(ReadOnlyMemory<byte> line)
    {
        try
        {
            var read = JsonSerializer.Deserialize(line.Span.TrimEnd(NewLine), AuditJson.Default.AuditLine);
            return read is { Actor: not null, Roles: not null, Action: not null, Outcome: not null } ? read : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
