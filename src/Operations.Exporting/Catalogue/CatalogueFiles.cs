namespace Operations.Catalogue;

/// <summary>The files of a month, in the formats that are set.</summary>
internal sealed class CatalogueFiles(ParquetFile? parquet, CsvFile? csv) : IAsyncDisposable
{
    /// <summary>Writes rows, in the order of the files.</summary>
    public async Task WriteAsync(IReadOnlyList<CatalogueRow> rows, CancellationToken cancellationToken)
    {
        await (parquet?.WriteAsync(rows, cancellationToken) ?? Task.CompletedTask);
        await (csv?.WriteAsync(rows, cancellationToken) ?? Task.CompletedTask);
    }

    /// <summary>Stops writing and tells what is staged, so that another run can go on.</summary>
    public async Task<(StagedPart? Parquet, StagedPart? Csv, byte[]? Groups)> SuspendAsync(CancellationToken cancellationToken)
    {
        (StagedPart Staged, byte[] Groups)? suspended = parquet is null ? null : await parquet.SuspendAsync(cancellationToken);
        return (suspended?.Staged, csv is null ? null : await csv.SuspendAsync(cancellationToken), suspended?.Groups);
    }

    /// <summary>Ends the files, and stages the rest of them.</summary>
    public async Task StageAsync(CancellationToken cancellationToken)
    {
        await (parquet?.StageAsync(cancellationToken) ?? Task.CompletedTask);
        await (csv?.StageAsync(cancellationToken) ?? Task.CompletedTask);
    }

    /// <summary>Makes each file visible in the place of the one before.</summary>
    /// <returns>Their sizes in bytes; <see langword="null"/> when the container forbids to replace one.</returns>
    public async Task<(long? Parquet, long? Csv)?> CommitAsync(CancellationToken cancellationToken)
    {
        var parquetBytes = parquet is null ? null : await parquet.CommitAsync(cancellationToken);
        var csvBytes = csv is null ? null : await csv.CommitAsync(cancellationToken);
        return (parquet is null) == (parquetBytes is null) && (csv is null) == (csvBytes is null) ? (parquetBytes, csvBytes) : null;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => csv?.DisposeAsync() ?? ValueTask.CompletedTask;
}
