using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace Operations.Catalogue;

/// <summary>
/// The catalogue as Parquet. Rows become pages at once, and pages a row group when there are enough of them. Why Parquet is written here:
/// docs/decisions/0041.
/// </summary>
internal sealed class ParquetFile
{
    private const string ContentType = "application/vnd.apache.parquet";
    private static readonly byte[] Magic = "PAR1"u8.ToArray();
    private readonly StagedFile _file;
    private readonly CatalogueLimits _limits;
    private readonly List<ParquetColumn> _columns;
    private readonly ArrayBufferWriter<byte> _groups = new();
    private int _groupCount;
    private long _rows;
    private int _rowsOfGroup;

    /// <summary>Begins a file, or goes on with one.</summary>
    /// <param name="file">Where it is staged.</param>
    /// <param name="limits">When a row group ends: after the rows that are written at once.</param>
    /// <param name="groups">What <see cref="SuspendAsync"/> gave; <see langword="null"/> for a new file.</param>
    public ParquetFile(StagedFile file, CatalogueLimits limits, byte[]? groups)
    {
        (_file, _limits) = (file, limits);
        var (body, packed) = (new ArrayBufferWriter<byte>(), new MemoryStream());
        _columns = [.. CatalogueColumns.All.Select(column => new ParquetColumn(column, body, packed))];
        if (groups is not null)
        {
            _groupCount = BinaryPrimitives.ReadInt32LittleEndian(groups);
            _rows = BinaryPrimitives.ReadInt64LittleEndian(groups.AsSpan(4));
            using var description = new MemoryStream();
            using var packedDescription = new BrotliStream(new MemoryStream(groups, 12, groups.Length - 12), CompressionMode.Decompress);
            packedDescription.CopyTo(description);
            _groups.Write(description.ToArray());
        }
    }

    /// <summary>Writes rows, in the order of the file.</summary>
    public async Task WriteAsync(IReadOnlyList<CatalogueRow> rows, CancellationToken cancellationToken)
    {
        foreach (var column in _columns)
        {
            cancellationToken.ThrowIfCancellationRequested();
            column.WritePage(rows);
        }

        _rowsOfGroup += rows.Count;
        if (_rowsOfGroup >= _limits.RowsPerGroup || _columns.Sum(column => column.Bytes) >= _limits.BytesPerGroup)
        {
            await EndGroupAsync(cancellationToken);
        }
    }

    /// <summary>Stops writing and tells what is staged, and what the footer will say of it, so that another run can go on.</summary>
    public async Task<(StagedPart Staged, byte[] Groups)> SuspendAsync(CancellationToken cancellationToken)
    {
        await EndGroupAsync(cancellationToken);
        await _file.StageAsync(cancellationToken);
        using var groups = new MemoryStream();
        Span<byte> counts = stackalloc byte[12];
        BinaryPrimitives.WriteInt32LittleEndian(counts, _groupCount);
        BinaryPrimitives.WriteInt64LittleEndian(counts[4..], _rows);
        groups.Write(counts);
        using (var packed = new BrotliStream(groups, CompressionLevel.Optimal, leaveOpen: true))
        {
            packed.Write(_groups.WrittenSpan);
        }

        return (_file.Staged, groups.ToArray());
    }

    /// <summary>Ends the file, and stages the rest of it.</summary>
    public async Task StageAsync(CancellationToken cancellationToken)
    {
        await EndGroupAsync(cancellationToken);
        await BeginAsync(cancellationToken);
        await _file.WriteAsync(CreateFooter(), cancellationToken);
        await _file.EndAsync(cancellationToken);
    }

    /// <summary>Makes the staged file visible in the place of the one that was there when it ended.</summary>
    /// <returns>Its size in bytes; <see langword="null"/> when the container forbids to replace that.</returns>
    public async Task<long?> CommitAsync(CancellationToken cancellationToken) =>
        await _file.CommitAsync(ContentType, cancellationToken) ? _file.Length : null;

    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (_file.Length == 0)
        {
            await _file.WriteAsync(Magic, cancellationToken);
        }
    }

    private async Task EndGroupAsync(CancellationToken cancellationToken)
    {
        if (_rowsOfGroup == 0)
        {
            return;
        }

        await BeginAsync(cancellationToken);
        var start = _file.Length;
        var unpacked = 0L;
        var thrift = new ThriftWriter(_groups);
        thrift.Begin();
        thrift.BeginStructs(1, _columns.Count);
        foreach (var column in _columns)
        {
            unpacked += await column.CompleteAsync(_file, thrift, cancellationToken);
        }

        thrift.Int64(2, unpacked);
        thrift.Int64(3, _rowsOfGroup);
        thrift.Int64(5, start);
        thrift.Int64(6, _file.Length - start);
        thrift.End();
        _groupCount++;
        _rows += _rowsOfGroup;
        _rowsOfGroup = 0;
    }

    private byte[] CreateFooter()
    {
        var footer = new ArrayBufferWriter<byte>();
        var thrift = new ThriftWriter(footer);
        thrift.Begin();
        thrift.Int32(1, 1);
        thrift.BeginStructs(2, _columns.Count + 1);
        thrift.Begin();
        thrift.Binary(4, "schema"u8);
        thrift.Int32(5, _columns.Count);
        thrift.End();
        _columns.ForEach(column => column.WriteSchema(thrift));
        thrift.Int64(3, _rows);
        thrift.BeginStructs(4, _groupCount);
        footer.Write(_groups.WrittenSpan);
        thrift.Binary(6, "8x8-archiver version 1 (build 0)"u8);

        // Statistics are in the order of the type: readers take those of text for nothing otherwise.
        thrift.BeginStructs(7, _columns.Count);
        foreach (var _ in _columns)
        {
            thrift.Begin();
            thrift.Begin(1);
            thrift.End();
            thrift.End();
        }

        thrift.End();
        BinaryPrimitives.WriteInt32LittleEndian(footer.GetSpan(4), footer.WrittenCount);
        footer.Advance(4);
        footer.Write(Magic);
        return footer.WrittenSpan.ToArray();
    }
}
