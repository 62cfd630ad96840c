using Archiving.Archive;
using Archiving.Ledger;
using Archiving.Settings;
using Archiving.Storage;
using Azure;

namespace Archiving.Indexing;

/// <summary>
/// What a run of <see cref="ObjectIndexer"/> gathers: terms to write, objects whose texts are to be read for more terms, and the days
/// that are in the index once both are done. It is written whenever it is large, so that its size does not depend on the ledger's.
/// </summary>
internal sealed class IndexBatch(SearchIndex index, ArchiveStore archive, SearchOptions options, byte[] key)
{
    private const int WritesAtOnce = 16;
    private const int ReadsAtOnce = 16;

    // Terms of days that hold little are written together.
    private const int MaxTerms = 20_000;
    private readonly HashSet<(string Term, IndexSlot Slot)> _terms = [];
    private readonly List<LedgerEntry> _spoken = [];
    private readonly List<IndexDayRow> _days = [];

    /// <summary>How many days were looked at.</summary>
    public int Days { get; set; }

    /// <summary>How many objects are new in the index.</summary>
    public long Objects { get; set; }

    /// <summary>How many texts could not be read.</summary>
    public int Unreadable { get; private set; }

    /// <summary>Adds an object.</summary>
    public async Task AddAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        var slot = IndexSlot.Of(entry);
        _terms.UnionWith(SearchTerms.Of(entry).Select(term => (term, slot)));
        if (options.Transcripts && SpokenText.IsIn(entry))
        {
            _spoken.Add(entry);
        }

        if (_spoken.Count >= ReadsAtOnce)
        {
            await ReadTextsAsync(cancellationToken);
        }

        if (_terms.Count >= MaxTerms)
        {
            await WriteTermsAsync(cancellationToken);
        }
    }

    /// <summary>Adds a day whose objects were all added.</summary>
    public async Task AddDayAsync(IndexDayRow day, CancellationToken cancellationToken)
    {
        _days.Add(day);
        if (_terms.Count >= MaxTerms / 2)
        {
            await WriteAsync(cancellationToken);
        }
    }

    /// <summary>Writes all that was added, and then the days.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        await ReadTextsAsync(cancellationToken);
        await WriteTermsAsync(cancellationToken);
        foreach (var day in _days)
        {
            await (day.PartitionKey == IndexDayRow.RepairPartition
                ? index.TryDeleteAsync(day, cancellationToken)
                : index.TryWriteAsync(day, cancellationToken));
        }

        _days.Clear();
    }

    private async Task ReadTextsAsync(CancellationToken cancellationToken)
    {
        foreach (var chunk in _spoken.Chunk(ReadsAtOnce))
        {
            var texts = await Task.WhenAll(chunk.Select(entry => ReadTextAsync(entry, cancellationToken)));
            foreach (var (entry, text) in chunk.Zip(texts))
            {
                Unreadable += text is null ? 1 : 0;
                var slot = IndexSlot.OfText(entry);
                _terms.UnionWith(SearchTerms.OfSpoken(text ?? "").Select(term => (term, slot)));
            }
        }

        _spoken.Clear();
    }

    /// <summary>What an archived object says; <see langword="null"/> when its blob cannot be read.</summary>
    private async Task<string?> ReadTextAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            return await archive.ReadBeginningAsync(entry.Blob!, ArchivedText.MaxSearchedBytes, cancellationToken) is { } beginning
                ? string.Join('\n', ArchivedText.Lines(ArchivedText.Decode(beginning, ArchivedText.MaxSearchedBytes).Text))
                : null;
        }
        catch (RequestFailedException)
        {
            // Such as one in the storage account's archive tier: the others are indexed, and its names are.
            return null;
        }
    }

    private async Task WriteTermsAsync(CancellationToken cancellationToken)
    {
        var rows = _terms.Select(item => SearchIndex.Row(key, item.Term, item.Slot)).DistinctBy(row => (row.PartitionKey, row.RowKey));
        var batches = rows.GroupBy(row => row.PartitionKey, StringComparer.Ordinal).SelectMany(partition => partition.Chunk(TableStore.RowsPerTransaction));
        foreach (var batch in batches.Chunk(WritesAtOnce))
        {
            await Task.WhenAll(batch.Select(part => index.WriteAsync(part, cancellationToken)));
        }

        _terms.Clear();
    }
}
