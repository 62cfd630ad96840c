using System.Globalization;
using CsvHelper;

namespace Operations.Catalogue;

/// <summary>
/// The catalogue as CSV (RFC 4180, UTF-8 with a byte order mark, without which Excel guesses). Text that a spreadsheet would run as a
/// formula gets an apostrophe in front: names and numbers come from callers.
/// </summary>
internal sealed class CsvFile : IAsyncDisposable
{
    private const string ContentType = "text/csv; charset=utf-8";
    private readonly MemoryStream _text = new();
    private readonly StagedFile _file;
    private readonly CsvWriter _writer;

    /// <summary>Begins a file, or goes on with one.</summary>
    public CsvFile(StagedFile file)
    {
        var isNew = file.Length == 0;
        var options = new CsvWriterOptions { Injection = CsvInjection.Escape, WriteByteOrderMark = isNew };
        (_file, _writer) = (file, CsvWriter.Create(_text, options, leaveOpen: true));
        if (isNew)
        {
            _writer.WriteHeader([.. CatalogueColumns.All.Select(column => column.Name)]);
        }
    }

    /// <summary>Writes rows, in the order of the file.</summary>
    public async Task WriteAsync(IReadOnlyList<CatalogueRow> rows, CancellationToken cancellationToken)
    {
        foreach (var row in rows)
        {
            foreach (var column in CatalogueColumns.All)
            {
                Write(column.Value(row));
            }

            _writer.EndRecord();
        }

        await FlushAsync(cancellationToken);
    }

    /// <summary>Stops writing and tells what is staged, so that another run can go on.</summary>
    public async Task<StagedPart> SuspendAsync(CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken);
        await _file.StageAsync(cancellationToken);
        return _file.Staged;
    }

    /// <summary>Ends the file, and stages the rest of it.</summary>
    public async Task StageAsync(CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken);
        await _file.EndAsync(cancellationToken);
    }

    /// <summary>Makes the staged file visible in the place of the one that was there when it ended.</summary>
    /// <returns>Its size in bytes; <see langword="null"/> when the container forbids to replace that.</returns>
    public async Task<long?> CommitAsync(CancellationToken cancellationToken) =>
        await _file.CommitAsync(ContentType, cancellationToken) ? _file.Length : null;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        await _text.DisposeAsync();
    }

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _writer.FlushAsync(cancellationToken);
        await _file.WriteAsync(_text.GetBuffer().AsMemory(0, (int)_text.Length), cancellationToken);
        _text.SetLength(0);
    }

    private void Write(object? value)
    {
        switch (value)
        {
            case DateTime time:
                _writer.WriteField(time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
                break;
            case long number:
                _writer.WriteField(number, format: "D");
                break;
            case double number:
                _writer.WriteField(number, format: "0.###");
                break;
            default:
                _writer.WriteField((string?)value);
                break;
        }
    }
}
