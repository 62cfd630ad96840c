namespace Operations.Catalogue;

/// <summary>The files of a month, in the formats that are set.</summary>
internal sealed class CatalogueFiles : IAsyncDisposable
{
    private readonly ParquetFile? _parquet;
    private readonly CsvFile? _csv;

    private CatalogueFiles(ParquetFile? parquet, CsvFile? csv) => (_parquet, _csv) = (parquet, csv);

    /// <summary>Begins the files that are given, or goes on with them.</summary>
    public static async Task<CatalogueFiles> OpenAsync(StagedFile? parquet, StagedFile? csv, CancellationToken cancellationToken) => new(
        parquet is null ? null : await ParquetFile.OpenAsync(parquet, isBegun: parquet.Length > 0, cancellationToken),
        csv is null ? null : CsvFile.Open(csv));

    /// <summary>Writes rows, in the order of the files, and stages them.</summary>
    public async Task WriteAsync(IReadOnlyList<CatalogueRow> rows, CancellationToken cancellationToken)
    {
        await (_parquet?.WriteAsync(rows, cancellationToken) ?? Task.CompletedTask);
        await (_csv?.WriteAsync(rows, cancellationToken) ?? Task.CompletedTask);
    }

    /// <summary>Stops writing and tells what is staged, so that another run can go on.</summary>
    public async Task<(StagedPart? Parquet, StagedPart? Csv, byte[]? Footer)> SuspendAsync(CancellationToken cancellationToken)
    {
        (StagedPart Staged, byte[] Footer)? parquet = _parquet is null ? null : await _parquet.SuspendAsync(cancellationToken);
        return (parquet?.Staged, _csv is null ? null : await _csv.SuspendAsync(cancellationToken), parquet?.Footer);
    }

    /// <summary>Ends the files and makes each visible in the place of the one before.</summary>
    /// <returns>Their sizes in bytes; <see langword="null"/> when the container forbids to replace one.</returns>
    public async Task<(long? Parquet, long? Csv)?> CompleteAsync(CancellationToken cancellationToken)
    {
        var parquet = _parquet is null ? null : await _parquet.CompleteAsync(cancellationToken);
        var csv = _csv is null ? null : await _csv.CompleteAsync(cancellationToken);
        return (_parquet is null) == (parquet is null) && (_csv is null) == (csv is null) ? (parquet, csv) : null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await (_parquet?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_csv?.DisposeAsync() ?? ValueTask.CompletedTask);
    }
}
