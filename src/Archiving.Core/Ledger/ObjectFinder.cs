using Archiving.Model;
using EightByEight;

namespace Archiving.Ledger;

/// <summary>
/// Finds the row of an object of which only region and id are known. Its partition is named after the day of its
/// creation. Without that day the index knows it, or it is one of the few days that are not all in the index. Before there
/// is an index, it is looked for in every day that the region has, newest first, one cheap read of a row each.
/// </summary>
public sealed class ObjectFinder(ObjectLedger ledger, LedgerDays ledgerDays, SearchIndex index)
{
    private const int ReadsAtOnce = 32;

    /// <summary>Finds the row of a record, also of one that says only the id; <see langword="null"/> when there is none.</summary>
    /// <param name="region">8x8's region.</param>
    /// <param name="record">What is known of the object. Without a time in it, each day of the region costs a read.</param>
    /// <param name="cancellationToken">Stops the reads.</param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<LedgerEntry?> FindAsync(string region, StorageObject record, CancellationToken cancellationToken) => LedgerKey.IsKnown(record)
            ? await ledger.FindAsync(LedgerKey.Of(region, record), cancellationToken)
            : await FindAsync(region, record.Id, LedgerKey.CreatedTime(record), cancellationToken);

    /// <summary>Finds a row; <see langword="null"/> when there is none.</summary>
    /// <param name="region">8x8's region.</param>
    /// <param name="id">8x8's id.</param>
    /// <param name="created">When it was made, if that is known: then one read finds it.</param>
    /// <param name="cancellationToken">Stops the reads.</param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public Task<LedgerEntry?> FindAsync(string region, string id, DateTimeOffset? created, CancellationToken cancellationToken) =>
        FindAsync(region, id, created, _ => true, cancellationToken);

    /// <summary>Finds a row that may be seen; <see langword="null"/> when there is none. A row that may not be seen costs what an unknown one does.</summary>
    /// <param name="region">8x8's region.</param>
    /// <param name="id">8x8's id.</param>
    /// <param name="created">When it was made, if that is known: then one read finds it.</param>
    /// <param name="isVisible">Whether a row may be seen.</param>
    /// <param name="cancellationToken">Stops the reads.</param>
    /// <exception cref="OutageException">The storage does not work.</exception>
    public async Task<LedgerEntry?> FindAsync(
        string region,
        string id,
        DateTimeOffset? created,
        Func<LedgerEntry, bool> isVisible,
        CancellationToken cancellationToken)
    {
        var row = ObjectNames.Encode(id);
        if (created is { } day && await ledger.FindAsync(new LedgerKey(LedgerKey.Partition(region, day), row), cancellationToken) is { } there
            && isVisible(there))
        {
            return there;
        }

        foreach (var chunk in (await FindPartitionsAsync(region, id, created, cancellationToken)).Chunk(ReadsAtOnce))
        {
            var rows = await Task.WhenAll(chunk.Select(partition => ledger.FindAsync(new LedgerKey(partition, row), cancellationToken)));
            if (rows.FirstOrDefault(entry => entry is not null && isVisible(entry)) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>
    /// The partitions that can hold the row, newest first. A row that the index knows adds one, and a row that is not there
    /// another in its place, so that the time of the answer does not tell a caller that there is a row which may not be seen.
    /// </summary>
    private async Task<IEnumerable<string>> FindPartitionsAsync(string region, string id, DateTimeOffset? created, CancellationToken cancellationToken)
    {
        var state = await index.ReadStateAsync(cancellationToken);
        if (!state.IsBegun)
        {
            return (await ledgerDays.ReadAsync(region, from: null, to: null, cancellationToken)).Reverse().Select(day => day.Partition);
        }

        var found = await index.FindAsync(state, SearchTerms.OfObject(id), new IndexRange(Region: region), cancellationToken);
        return found.Slots.Select(slot => slot.Partition).Distinct(StringComparer.Ordinal)
            .DefaultIfEmpty(LedgerKey.Partition(region, created ?? DateTimeOffset.UnixEpoch))
            .Concat(state.OpenDays.Where(day => day.IsOf(region)).OrderByDescending(day => day.ToDay()).Select(day => day.RowKey));
    }
}
