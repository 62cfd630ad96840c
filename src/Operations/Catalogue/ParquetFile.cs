using System.IO.Compression;
using Parquet;
using Parquet.Schema;

namespace Operations.Catalogue;

/// <summary>The catalogue as Parquet: a row group for each call, compressed, with statistics of every column.</summary>
internal sealed class ParquetFile : IAsyncDisposable
{
    private const int PooledBytes = 8 * 1024 * 1024;
    private const string ContentType = "application/vnd.apache.parquet";
    private static readonly IReadOnlyList<(CatalogueColumn Column, DataField Field)> Fields =
        [.. CatalogueColumns.All.Select(column => (column, CreateField(column)))];

    private static readonly ParquetSchema Schema = new([.. Fields.Select(item => item.Field)]);
    private readonly StagedFile _file;
    private readonly ParquetWriter _writer;

    private ParquetFile(StagedFile file, ParquetWriter writer) => (_file, _writer) = (file, writer);

    /// <summary>Begins a file, or goes on with one that has a footer.</summary>
    public static async Task<ParquetFile> OpenAsync(StagedFile file, bool isBegun, CancellationToken cancellationToken)
    {
        var options = new ParquetOptions
        {
            CompressionMethod = CompressionMethod.Gzip,
            CompressionLevel = CompressionLevel.Fastest,
            Append = isBegun,

            // What the encoder keeps of its buffers between columns: otherwise as much as the largest ones took together.
            MaximumSmallPoolFreeBytes = PooledBytes,
            MaximumLargePoolFreeBytes = PooledBytes,
        };
        foreach (var (column, _) in Fields.Where(item => item.Column.Repeats))
        {
            options.ColumnEncodingHints[column.Name] = EncodingHint.Dictionary;
        }

        return new ParquetFile(file, await ParquetWriter.CreateAsync(Schema, file, options, isBegun, cancellationToken));
    }

    /// <summary>Writes rows, in the order of the file, and stages them.</summary>
    public async Task WriteAsync(IReadOnlyList<CatalogueRow> rows, CancellationToken cancellationToken)
    {
        using (var group = _writer.CreateRowGroup())
        {
            foreach (var (column, field) in Fields)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await (column.Type switch
                {
                    ColumnType.Text => group.WriteAsync(field, [.. rows.Select(row => (string?)column.Value(row))!]),
                    ColumnType.Time => group.WriteAsync<DateTime>(field, Values<DateTime>(column), cancellationToken: cancellationToken),
                    ColumnType.Integer => group.WriteAsync<long>(field, Values<long>(column), cancellationToken: cancellationToken),
                    _ => group.WriteAsync<double>(field, Optional<double>(column), cancellationToken: cancellationToken),
                });
            }

            group.CompleteValidate();
        }

        await _file.StageAsync(cancellationToken);

        ReadOnlyMemory<T> Values<T>(CatalogueColumn column)
            where T : struct => rows.Select(row => (T)column.Value(row)!).ToArray();

        ReadOnlyMemory<T?> Optional<T>(CatalogueColumn column)
            where T : struct => rows.Select(row => (T?)column.Value(row)).ToArray();
    }

    /// <summary>Stops writing and tells what is staged, so that another run can go on.</summary>
    public async Task<(StagedPart Staged, byte[] Footer)> SuspendAsync(CancellationToken cancellationToken)
    {
        await _file.StageAsync(cancellationToken);
        var footer = _file.KeepFooter();
        await _writer.DisposeAsync();
        return (_file.Staged, footer());
    }

    /// <summary>Ends the file and makes it visible in the place of the one before.</summary>
    /// <returns>Its size in bytes; <see langword="null"/> when the container forbids to replace the one before.</returns>
    public async Task<long?> CompleteAsync(CancellationToken cancellationToken)
    {
        await _writer.DisposeAsync();
        await _file.StageAsync(cancellationToken);
        return await _file.CommitAsync(ContentType, cancellationToken) ? _file.Staged.Bytes : null;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _file.DisposeAsync();

    // Times are in milliseconds: of microseconds, Parquet.Net 6.1.0 writes statistics that are a thousandth of the values, and a reader
    // would skip row groups that it needs.
    private static DataField CreateField(CatalogueColumn column) => column.Type switch
    {
        ColumnType.Text => new DataField<string>(column.Name, !column.IsRequired),
        ColumnType.Time => new DateTimeDataField(column.Name, DateTimeFormat.Timestamp, isAdjustedToUTC: true, DateTimeTimeUnit.Millis, isNullable: false),
        ColumnType.Integer => new DataField<long>(column.Name),
        _ => new DataField<double?>(column.Name),
    };
}
