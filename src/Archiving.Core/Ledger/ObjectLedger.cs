using Archiving.Model;
using Archiving.Settings;
using Archiving.Storage;
using Azure;
using Azure.Data.Tables;
using EightByEight;

namespace Archiving.Ledger;

/// <summary>What the ledger knows of listed records.</summary>
/// <param name="Known">The rows of the records.</param>
/// <param name="Others">The rows between that are none of the records'.</param>
public sealed record ListedRows(IReadOnlyDictionary<LedgerKey, LedgerEntry> Known, IReadOnlyList<LedgerEntry> Others);

/// <summary>
/// The table <c>objects</c>: one row for each object ever seen. It is a cache of the truth, which is the receipts in
/// the container, and serves to know without reading them what is new, what is on its way and what failed.
/// </summary>
public sealed class ObjectLedger : IStorageResource
{
    /// <summary>Name of the table.</summary>
    public const string TableName = "objects";

    /// <summary>Maximum number of rows that are worked on together: as many as a query of Azure Table Storage answers with at most.</summary>
    public const int RowsPerPart = 1000;

    private static readonly string[] ListedColumns =
    [
        nameof(LedgerEntry.PartitionKey), nameof(LedgerEntry.RowKey), nameof(LedgerEntry.State), nameof(LedgerEntry.Type),
        nameof(LedgerEntry.CreatedTime), nameof(LedgerEntry.UpdatedTime), nameof(LedgerEntry.SourceState),
        nameof(LedgerEntry.SourceBytes), nameof(LedgerEntry.Checksum),
        nameof(LedgerEntry.Run), nameof(LedgerEntry.QueuedAt), nameof(LedgerEntry.RestoreRequestedAt), nameof(LedgerEntry.Blob),
        nameof(LedgerEntry.ArchivedAt),
    ];

    private static readonly string[] SearchedColumns =
    [
        nameof(LedgerEntry.PartitionKey), nameof(LedgerEntry.RowKey), nameof(LedgerEntry.Timestamp), nameof(LedgerEntry.Region), nameof(LedgerEntry.Id),
        nameof(LedgerEntry.Type), nameof(LedgerEntry.CreatedTime), nameof(LedgerEntry.ObjectName), nameof(LedgerEntry.CallId),
        nameof(LedgerEntry.BucketId), nameof(LedgerEntry.Search), nameof(LedgerEntry.State), nameof(LedgerEntry.Blob), nameof(LedgerEntry.Damaged),
        nameof(LedgerEntry.Sha256), nameof(LedgerEntry.Person), nameof(LedgerEntry.Number), nameof(LedgerEntry.UserId),
    ];

    private readonly TableStore _table;
    private readonly RetentionOptions? _retention;
    private readonly SearchIndex? _index;
    private readonly SharedWrites _replacements;

    /// <summary>Initializes the ledger.</summary>
    public ObjectLedger(TableServiceClient tables, LedgerChanges changes, SearchIndex index, RetentionOptions retention)
        : this(tables, changes, index, retention, createsTable: true)
    {
    }

    private ObjectLedger(TableServiceClient tables, LedgerChanges changes, SearchIndex? index, RetentionOptions? retention, bool createsTable)
    {
        _index = index;
        _retention = retention;

        // When the table was deleted, the receipts rebuild it.
        _table = new TableStore(tables, TableName, changes.NoteAsync, createsTable ? changes.ForgetAsync : null, createsTable);
        _replacements = new SharedWrites(WriteAsync, TableStore.RowsPerTransaction);
    }

    /// <summary>A ledger to look rows up in that does not make the table: one that is not there holds nothing.</summary>
    internal static ObjectLedger WithoutCreating(TableServiceClient tables, LedgerChanges changes) =>
        new(tables, changes, index: null, retention: null, createsTable: false);

    /// <summary>
    /// The rows of listed records, in one query: those of the records' days whose time lies within the records'. A day
    /// far from the others costs a query more, as do records without the time that they are listed by. The rows hold what the intake
    /// needs.
    /// By <c>createdTime</c>, which never moves, it finds every row; by <c>updatedTime</c> a record whose row is not
    /// among them is new or has changed since the row was written.
    /// </summary>
    /// <param name="region">8x8's region.</param>
    /// <param name="records">The records, in order of the time that they are listed by.</param>
    /// <param name="field">The time that they are listed by.</param>
    /// <param name="since">By <c>createdTime</c>: where to begin, when that is before the first record.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public async Task<ListedRows> FindAsync(
        string region,
        IReadOnlyCollection<StorageObject> records,
        TimeField field,
        DateTimeOffset? since,
        CancellationToken cancellationToken)
    {
        var found = new Dictionary<LedgerKey, LedgerEntry>(records.Count);
        var others = new List<LedgerEntry>();
        if (records.Count == 0)
        {
            return new ListedRows(found, others);
        }

        var wanted = records.Select(record => LedgerKey.Of(region, record)).ToHashSet();
        foreach (var (filter, givesOthers) in Filters(region, records, field, since))
        {
            await foreach (var entry in QueryAsync(filter, ListedColumns, cancellationToken))
            {
                var key = entry.Key;
                if (wanted.Contains(key))
                {
                    found[key] = entry;
                }
                else if (givesOthers)
                {
                    others.Add(entry);
                }
            }
        }

        return new ListedRows(found, others);
    }

    /// <summary>The rows of a region's objects made in <c>[from, to)</c>, with the given columns.</summary>
    public IAsyncEnumerable<LedgerEntry> ReadCreatedAsync(
        string region,
        DateTimeOffset from,
        DateTimeOffset to,
        IEnumerable<string>? columns,
        CancellationToken cancellationToken) => QueryAsync(
        Days(region, from, to) + TableClient.CreateQueryFilter($" and CreatedTime ge {from} and CreatedTime lt {to}"),
        columns,
        cancellationToken);

    /// <summary>Every partition, in order, with one short query each.</summary>
    public async IAsyncEnumerable<string> ReadPartitionsAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var last = "";
        while (true)
        {
            string? next = null;
            var filter = TableClient.CreateQueryFilter($"PartitionKey gt {last}");
            await foreach (var entry in QueryAsync(filter, [nameof(LedgerEntry.PartitionKey)], cancellationToken, maxPerPage: 1))
            {
                next = entry.PartitionKey;
                break;
            }

            if (next is null)
            {
                yield break;
            }

            yield return last = next;
        }
    }

    /// <summary>The rows of a partition, with the given columns.</summary>
    public IAsyncEnumerable<LedgerEntry> ReadPartitionAsync(string partition, IEnumerable<string>? columns, CancellationToken cancellationToken) =>
        QueryAsync(TableClient.CreateQueryFilter($"PartitionKey eq {partition}"), columns, cancellationToken);

    /// <summary>The rows of a partition that were written at a time or later, by the storage's clock, with what they are indexed by.</summary>
    public IAsyncEnumerable<LedgerEntry> ReadWrittenAsync(string partition, DateTimeOffset? since, CancellationToken cancellationToken)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition}");
        return QueryAsync(since is { } time ? filter + TableClient.CreateQueryFilter($" and Timestamp ge {time}") : filter, SearchedColumns, cancellationToken);
    }

    /// <summary>The rows that a filter of Table Storage lets through, with the given columns.</summary>
    public IAsyncEnumerable<LedgerEntry> SearchAsync(string filter, IEnumerable<string>? columns, CancellationToken cancellationToken) =>
        QueryAsync(filter, columns, cancellationToken);

    /// <summary>One row; <see langword="null"/> when there is none.</summary>
    public Task<LedgerEntry?> FindAsync(LedgerKey key, CancellationToken cancellationToken) =>
        _table.FindAsync<LedgerEntry>(key.PartitionKey, key.RowKey, cancellationToken);

    /// <summary>Adds rows, one transaction for each hundred of a partition.</summary>
    /// <returns>The rows that could not be added because at least one of their transaction was there before: none of these was written.</returns>
    public async Task<IReadOnlyList<LedgerEntry>> AddAsync(IReadOnlyCollection<LedgerEntry> entries, CancellationToken cancellationToken) =>
        await SubmitAsync(TableTransactionActionType.Add, entries, cancellationToken);

    /// <summary>Writes the given properties of rows that were read and leaves the others, one transaction for each hundred of a partition.</summary>
    /// <returns>
    /// The rows that could not be written because at least one of their transaction has changed since it was read, or was
    /// read without its version: none of these was written.
    /// </returns>
    public async Task<IReadOnlyList<LedgerEntry>> TryMergeAsync(IReadOnlyCollection<LedgerEntry> entries, CancellationToken cancellationToken)
    {
        var unread = entries.Where(entry => entry.ETag == default).ToList();
        var refused = await SubmitAsync(TableTransactionActionType.UpdateMerge, entries.Except(unread), cancellationToken);
        return [.. unread, .. refused];
    }

    /// <summary>Writes a whole row and replaces any that exists. Rows that end at the same moment may share a request.</summary>
    public Task ReplaceAsync(LedgerEntry entry, CancellationToken cancellationToken) => _replacements.WriteAsync(WithRule(entry), cancellationToken);

    /// <summary>Writes a whole row in the place of the one that was read, unless it was written meanwhile.</summary>
    /// <returns><see langword="false"/> when it was.</returns>
    public Task<bool> TryReplaceAsync(LedgerEntry entry, CancellationToken cancellationToken) =>
        NoteAsync([entry], () => _table.TryWriteAsync(WithRule(entry), cancellationToken), cancellationToken);

    /// <summary>The first day, from a given one on, of which a region has a row; <see langword="null"/> when it has none.</summary>
    public async Task<DateTimeOffset?> FindFirstDayAsync(string region, DateTimeOffset from, CancellationToken cancellationToken)
    {
        // Rows come in order of their keys, and the day is the end of the key.
        await foreach (var entry in QueryAsync(Days(region, from, DateTimeOffset.MaxValue), [nameof(LedgerEntry.CreatedTime)], cancellationToken))
        {
            return entry.CreatedTime;
        }

        return null;
    }

    /// <summary>The next rows of a partition in order of their keys, <see cref="RowsPerPart"/> at most.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="after">Key of the row before them; <see langword="null"/> for the first ones.</param>
    /// <param name="state">Only rows in this state.</param>
    /// <param name="type">Only rows of this type.</param>
    /// <param name="columns">The columns; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <param name="run">Only rows that this run queued.</param>
    public ValueTask<List<LedgerEntry>> ReadPartAsync(
        string partition,
        string? after,
        LedgerState? state,
        string? type,
        IEnumerable<string>? columns,
        CancellationToken cancellationToken,
        string? run = null)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition}");
        filter += after is null ? "" : TableClient.CreateQueryFilter($" and RowKey gt {after}");
        filter += state is null ? "" : TableClient.CreateQueryFilter($" and State eq {state.Value.ToString()}");
        filter += type is null ? "" : TableClient.CreateQueryFilter($" and Type eq {type}");
        filter += run is null ? "" : TableClient.CreateQueryFilter($" and Run eq {run}");
        return QueryAsync(filter, columns, cancellationToken).Take(RowsPerPart).ToListAsync(cancellationToken);
    }

    /// <summary>Whether a partition holds an object with archived bytes that were found damaged and are not repaired.</summary>
    public ValueTask<bool> IsAnyDamagedAsync(string partition, CancellationToken cancellationToken) => QueryAsync(
        TableClient.CreateQueryFilter($"PartitionKey eq {partition} and Damaged gt {""}"),
        [nameof(LedgerEntry.RowKey)],
        cancellationToken,
        maxPerPage: 1).AnyAsync(cancellationToken);

    /// <inheritdoc/>
    Task IStorageResource.CreateAsync(CancellationToken cancellationToken) => _table.CreateAsync(cancellationToken);

    /// <summary>The filters that find the rows of records, and whether the other rows that they let through are wanted.</summary>
    private static IEnumerable<(string Filter, bool GivesOthers)> Filters(
        string region,
        IReadOnlyCollection<StorageObject> records,
        TimeField field,
        DateTimeOffset? since)
    {
        if (field == TimeField.UpdatedTime)
        {
            return UpdatedFilters(region, records).Select(filter => (filter, true));
        }

        // A record without that time is listed with any day and filed under another one: between the two lies the whole ledger.
        var dated = records.ToLookup(record => LedgerKey.Storable(record.CreatedTime) is not null);
        var others = dated[false].GroupBy(LedgerKey.IsKnown).SelectMany(group => UpdatedFilters(region, [.. group])).Select(filter => (filter, false));
        return dated.Contains(true) ? others.Prepend((CreatedFilter(region, [.. dated[true]], since), true)) : others;
    }

    private static string CreatedFilter(string region, IReadOnlyCollection<StorageObject> records, DateTimeOffset? since)
    {
        var first = records.Min(LedgerKey.CreatedTime);
        var last = records.Max(LedgerKey.CreatedTime);
        first = since < first ? since.Value : first;
        return Days(region, first, last) + TableClient.CreateQueryFilter($" and CreatedTime ge {first} and CreatedTime le {last}");
    }

    private static string Days(string region, DateTimeOffset first, DateTimeOffset last)
    {
        var (from, to) = (LedgerKey.Partition(region, first), LedgerKey.Partition(region, last));
        return from == to
            ? TableClient.CreateQueryFilter($"PartitionKey eq {from}")
            : TableClient.CreateQueryFilter($"PartitionKey ge {from} and PartitionKey le {to}");
    }

    /// <summary>
    /// One filter for all, or one for each series of consecutive days: otherwise all rows between an old record and the new
    /// ones would be read for nothing.
    /// </summary>
    private static IEnumerable<string> UpdatedFilters(string region, IReadOnlyCollection<StorageObject> records)
    {
        var updated = records.Select(record => LedgerKey.Storable(record.UpdatedTime)).OfType<DateTimeOffset>().ToList();
        var times = updated.Count == records.Count
            ? TableClient.CreateQueryFilter($" and UpdatedTime ge {updated.Min()} and UpdatedTime le {updated.Max()}")
            : "";
        var days = records.Select(record => LedgerKey.CreatedTime(record).UtcDateTime.Date).Distinct().Order().ToList();
        for (var first = 0; first < days.Count;)
        {
            var last = first;
            while (last + 1 < days.Count && (days[last + 1] - days[last]).TotalDays <= 2)
            {
                last++;
            }

            yield return Days(region, new DateTimeOffset(days[first], TimeSpan.Zero), new DateTimeOffset(days[last], TimeSpan.Zero)) + times;
            first = last + 1;
        }
    }

    /// <summary>Notes in a row which retention rule matches its record, because a row alone does not hold what rules ask for.</summary>
    private LedgerEntry WithRule(LedgerEntry entry)
    {
        if (entry.Record is { } record && _retention?.FindRuleDays(entry.Region, record) is { } days)
        {
            entry.RetentionDays = days;
        }

        return entry;
    }

    /// <summary>Submits rows in as few transactions as they fit into, and gives those that were refused.</summary>
    private async Task<List<LedgerEntry>> SubmitAsync(TableTransactionActionType action, IEnumerable<LedgerEntry> entries, CancellationToken cancellationToken)
    {
        var refused = new List<LedgerEntry>();
        var partitions = entries.Select(WithRule).GroupBy(entry => entry.PartitionKey);
        var chunks = new Queue<LedgerEntry[]>(partitions.SelectMany(partition => partition.Chunk(TableStore.RowsPerTransaction)));
        while (chunks.TryDequeue(out var chunk))
        {
            try
            {
                if (!await NoteAsync(chunk, () => _table.TrySubmitAsync(action, chunk, cancellationToken), cancellationToken))
                {
                    refused.AddRange(chunk);
                }
            }
            catch (RequestFailedException exception) when (exception.Status == 413 && chunk.Length > 1)
            {
                // More than 4 MiB (Azure Table Storage, entity group transactions). A hundred rows stay below that unless
                // all of them are full of text that JSON escapes.
                chunks.Enqueue(chunk[..(chunk.Length / 2)]);
                chunks.Enqueue(chunk[(chunk.Length / 2)..]);
            }
        }

        return refused;
    }

    private Task<bool> WriteAsync(IReadOnlyList<LedgerEntry> entries) => NoteAsync(
        entries,
        async () =>
        {
            await _table.WriteAsync(entries, CancellationToken.None);
            return true;
        },
        CancellationToken.None);

    /// <summary>
    /// Writes rows of one partition, and notes before that the index may lack them. What was read and is written again, such as
    /// the time of its verification, has no new terms.
    /// </summary>
    private Task<bool> NoteAsync(IReadOnlyList<LedgerEntry> entries, Func<Task<bool>> write, CancellationToken cancellationToken) =>
        _index is not null && entries.Any(entry => entry.Record is not null)
            ? _index.NoteAsync(entries[0].PartitionKey, write, cancellationToken)
            : write();

    private IAsyncEnumerable<LedgerEntry> QueryAsync(
        string? filter,
        IEnumerable<string>? columns,
        CancellationToken cancellationToken,
        int? maxPerPage = null) =>
        _table.QueryAsync<LedgerEntry>(filter, columns, cancellationToken, maxPerPage);
}
