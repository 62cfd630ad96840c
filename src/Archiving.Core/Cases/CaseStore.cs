using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Archiving.Model;
using Archiving.Storage;
using Azure.Data.Tables;

namespace Archiving.Cases;

/// <summary>
/// The table <c>cases</c>: one partition for all cases, one for each case with its objects, changes and exports, one for
/// each export with its parts and objects, and one for each day of the ledger that says which objects are in which case.
/// </summary>
public sealed partial class CaseStore(TableServiceClient tables) : IStorageResource
{
    /// <summary>Name of the table.</summary>
    public const string TableName = "cases";

    // No character that is easily taken for another.
    private const string IdCharacters = "23456789abcdefghjkmnpqrstuvwxyz";

    // A page that is read with buffers below 85 KB, the size from which the runtime collects an array only with everything else.
    private const int ExportRowsPerPage = 50;

    // Each is read and deleted at the same time.
    private const int RemovedAtOnce = 25;

    private readonly TableStore _table = new(tables, TableName);

    /// <summary>Makes an id that is in order of time.</summary>
    public static string NewId(DateTimeOffset now) =>
        $"{now.UtcDateTime.ToString("yyyyMMdd'-'HHmmss", CultureInfo.InvariantCulture)}-{RandomNumberGenerator.GetString(IdCharacters, 6)}";

    /// <summary>Whether a text can be the id of a case or an export. Others are never looked up, because not every text can be a key.</summary>
    public static bool IsId(string text) => Id().IsMatch(text);

    /// <summary>A case; <see langword="null"/> when there is none.</summary>
    public Task<CaseRow?> FindAsync(string caseId, CancellationToken cancellationToken) =>
        _table.FindAsync<CaseRow>(CaseRow.Partition, caseId, cancellationToken);

    /// <summary>Every case.</summary>
    public ValueTask<List<CaseRow>> ReadAllAsync(CancellationToken cancellationToken) =>
        _table.ReadPartitionAsync<CaseRow>(CaseRow.Partition, cancellationToken);

    /// <summary>Writes a row as it was read, or a new one.</summary>
    /// <returns><see langword="false"/> when it was written meanwhile.</returns>
    public Task<bool> TryWriteAsync<T>(T row, CancellationToken cancellationToken)
        where T : TableRow => _table.TryWriteAsync(row, cancellationToken);

    /// <summary>Writes a row and replaces any that there is.</summary>
    public Task WriteAsync<T>(T row, CancellationToken cancellationToken)
        where T : TableRow => _table.WriteAsync(row, TableUpdateMode.Replace, cancellationToken);

    /// <summary>Writes rows of one partition and replaces any that there are.</summary>
    public async Task WriteAsync<T>(IReadOnlyCollection<T> rows, CancellationToken cancellationToken)
        where T : TableRow
    {
        foreach (var chunk in rows.Chunk(TableStore.RowsPerTransaction))
        {
            await _table.WriteAsync(chunk, cancellationToken);
        }
    }

    /// <summary>Changes a case as it is now.</summary>
    /// <param name="caseId">The case.</param>
    /// <param name="change">Changes the row; <see langword="false"/> when nothing is to be written. May run again.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    /// <returns>The row; <see langword="null"/> when there is no such case.</returns>
    public async Task<CaseRow?> UpdateAsync(string caseId, Func<CaseRow, bool> change, CancellationToken cancellationToken)
    {
        while (await FindAsync(caseId, cancellationToken) is { } row)
        {
            if (!change(row) || await TryWriteAsync(row, cancellationToken))
            {
                return row;
            }
        }

        return null;
    }

    /// <summary>A change of a case; <see langword="null"/> when it is done.</summary>
    public Task<CaseChangeRow?> FindChangeAsync(string caseId, string changeId, CancellationToken cancellationToken) =>
        _table.FindAsync<CaseChangeRow>(caseId, CaseChangeRow.Prefix + changeId, cancellationToken);

    /// <summary>The changes of a case that are under way or failed.</summary>
    public ValueTask<List<CaseChangeRow>> ReadChangesAsync(string caseId, CancellationToken cancellationToken) =>
        ReadAsync<CaseChangeRow>(caseId, CaseChangeRow.Prefix, cancellationToken);

    /// <summary>Deletes a change, because it is done.</summary>
    public Task EndChangeAsync(CaseChangeRow change, CancellationToken cancellationToken) =>
        _table.DeleteAsync(change.PartitionKey, change.RowKey, cancellationToken);

    /// <summary>Adds objects to a case. Those that it has already stay as they are.</summary>
    internal async Task AddObjectsAsync(IReadOnlyCollection<CaseObjectRow> items, CancellationToken cancellationToken)
    {
        // First the side that purging and archiving look at: a crash in between holds too much, never too little.
        await WriteMembershipsAsync(items, cancellationToken);

        foreach (var chunk in items.Chunk(TableStore.RowsPerTransaction))
        {
            if (await _table.TrySubmitAsync(TableTransactionActionType.Add, chunk, cancellationToken))
            {
                continue;
            }

            foreach (var item in chunk)
            {
                await _table.TryWriteAsync(item, cancellationToken);
            }
        }
    }

    /// <summary>
    /// Writes again which objects are in a case. Objects that are added and removed at the same time can be in it without
    /// that, and purging would not know.
    /// </summary>
    internal async Task WriteMembershipsAsync(IEnumerable<CaseObjectRow> items, CancellationToken cancellationToken)
    {
        foreach (var day in items.Select(MembershipRow.Of).GroupBy(row => row.PartitionKey, StringComparer.Ordinal))
        {
            await WriteAsync([.. day], cancellationToken);
        }
    }

    /// <summary>Removes objects from a case, until it is put on hold.</summary>
    /// <returns>How many it had of those that were removed, and whether all are.</returns>
    internal async Task<(int Removed, bool IsAll)> RemoveObjectsAsync(
        string caseId,
        IReadOnlyCollection<CaseObjectRow> items,
        CancellationToken cancellationToken)
    {
        var removed = 0;
        foreach (var chunk in items.Chunk(RemovedAtOnce))
        {
            if (await RemoveTogetherAsync(caseId, chunk, cancellationToken) is not { } count)
            {
                return (removed, false);
            }

            // A crash before it keeps too much, never too little.
            removed += count;
            await Task.WhenAll(chunk.Select(MembershipRow.Of).Select(row => _table.DeleteAsync(row.PartitionKey, row.RowKey, cancellationToken)));
        }

        return (removed, true);
    }

    /// <summary>Has each removal that is under way look again whether the case is on hold.</summary>
    internal Task GuardAsync(string caseId, CancellationToken cancellationToken) =>
        WriteAsync(new RemovalGuardRow { PartitionKey = caseId }, cancellationToken);

    /// <summary>The objects of a case in order of their keys, behind a given one.</summary>
    public IAsyncEnumerable<CaseObjectRow> ReadObjectsAsync(string caseId, string? after, CancellationToken cancellationToken) =>
        _table.QueryAsync<CaseObjectRow>(ObjectsFilter(caseId, after), columns: null, cancellationToken);

    /// <summary>Counts the objects of a case, and writes that into its row.</summary>
    public async Task CountAsync(string caseId, CancellationToken cancellationToken)
    {
        var (objects, bytes) = (0L, 0L);
        await foreach (var item in _table.QueryAsync<CaseObjectRow>(ObjectsFilter(caseId, after: null), [nameof(CaseObjectRow.Bytes)], cancellationToken))
        {
            objects++;
            bytes += item.Bytes;
        }

        await UpdateAsync(
            caseId,
            row =>
            {
                (row.Objects, row.Bytes) = (objects, bytes);
                return true;
            },
            cancellationToken);
    }

    /// <summary>An export; <see langword="null"/> when there is none.</summary>
    public Task<ExportRow?> FindExportAsync(string caseId, string exportId, CancellationToken cancellationToken) =>
        _table.FindAsync<ExportRow>(caseId, ExportRow.Prefix + exportId, cancellationToken);

    /// <summary>The exports of a case, the oldest first.</summary>
    public ValueTask<List<ExportRow>> ReadExportsAsync(string caseId, CancellationToken cancellationToken) =>
        ReadAsync<ExportRow>(caseId, ExportRow.Prefix, cancellationToken);

    /// <summary>Writes an export that this delivery is planning, as it was read. It can be written again after that.</summary>
    /// <returns><see langword="false"/> when another delivery has taken the plan over, or completed it.</returns>
    internal async Task<bool> TryKeepPlanAsync(ExportRow export, CancellationToken cancellationToken)
    {
        // What the table has decides, because the answer to a write can be lost.
        await TryWriteAsync(export, cancellationToken);
        var now = await FindExportAsync(export.CaseId, export.ExportId, cancellationToken);
        if (now is null || !now.Is(ExportState.Running) || now.Plan != export.Plan || now.Parts != export.Parts)
        {
            return false;
        }

        export.ETag = now.ETag;
        return true;
    }

    /// <summary>A part as it is now; <see langword="null"/> when there is none.</summary>
    internal Task<ExportPartRow?> FindAgainAsync(ExportPartRow part, CancellationToken cancellationToken) =>
        _table.FindAsync<ExportPartRow>(part.PartitionKey, part.RowKey, cancellationToken);

    /// <summary>The parts of an export, in order.</summary>
    public ValueTask<List<ExportPartRow>> ReadPartsAsync(ExportRow export, CancellationToken cancellationToken) =>
        ReadAsync<ExportPartRow>(ExportPartition(export), OfPlan(ExportPartRow.Prefix, export.Plan), cancellationToken);

    /// <summary>The objects of an export, or of one of its parts, in order.</summary>
    public IAsyncEnumerable<ExportObjectRow> ReadExportObjectsAsync(ExportRow export, int? part, CancellationToken cancellationToken)
    {
        var prefix = part is { } number ? ExportObjectPrefix(export, number) : OfPlan(ExportObjectRow.Prefix, export.Plan);
        return _table.QueryAsync<ExportObjectRow>(Range(ExportPartition(export), prefix), columns: null, cancellationToken, ExportRowsPerPage);
    }

    /// <summary>The objects of an export that cannot be exported.</summary>
    /// <param name="export">The export.</param>
    /// <param name="max">Maximum number of them.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public ValueTask<List<ExportObjectRow>> ReadProblemsAsync(ExportRow export, int max, CancellationToken cancellationToken) => _table
        .QueryAsync<ExportObjectRow>(
            $"{Range(ExportPartition(export), OfPlan(ExportObjectRow.Prefix, export.Plan))} and {TableClient.CreateQueryFilter($"Problem ge {""}")}",
            columns: null,
            cancellationToken)
        .Take(max)
        .ToListAsync(cancellationToken);

    /// <summary>Deletes the parts and objects of a plan that does not count any more. Its planner may be writing them still.</summary>
    internal async Task ClearPlanAsync(ExportRow export, string plan, CancellationToken cancellationToken)
    {
        foreach (var prefix in (string[])[ExportPartRow.Prefix, ExportObjectRow.Prefix])
        {
            var rows = _table.QueryAsync<ExportObjectRow>(
                Range(ExportPartition(export), OfPlan(prefix, plan)),
                [nameof(TableRow.PartitionKey), nameof(TableRow.RowKey)],
                cancellationToken);
            await foreach (var chunk in rows.Chunk(TableStore.RowsPerTransaction).WithCancellation(cancellationToken))
            {
                await _table.DeleteAsync(chunk, cancellationToken);
            }
        }
    }

    /// <summary>Makes the id of a plan.</summary>
    internal static string NewPlan() => RandomNumberGenerator.GetString(IdCharacters, 8);

    /// <summary>The partition of an export's parts and objects.</summary>
    internal static string ExportPartition(ExportRow export) => $"export|{export.CaseId}|{export.ExportId}";

    /// <summary>The row key of a part.</summary>
    internal static string ExportPartKey(ExportRow export, int part) =>
        string.Create(CultureInfo.InvariantCulture, $"{OfPlan(ExportPartRow.Prefix, export.Plan)}{part:D6}");

    /// <summary>What the row keys of a part's objects begin with.</summary>
    internal static string ExportObjectPrefix(ExportRow export, int part) =>
        string.Create(CultureInfo.InvariantCulture, $"{OfPlan(ExportObjectRow.Prefix, export.Plan)}{part:D6}|");

    /// <summary>The cases whose objects must be kept.</summary>
    internal async Task<HashSet<string>> ReadHeldAsync(CancellationToken cancellationToken) =>
        [.. (await _table.ReadPartitionAsync<HeldCaseRow>(HeldCaseRow.Partition, cancellationToken)).Select(row => row.RowKey)];

    /// <summary>Has the objects of a case kept from now on.</summary>
    internal Task KeepAsync(string caseId, CancellationToken cancellationToken) => WriteAsync(new HeldCaseRow { RowKey = caseId }, cancellationToken);

    /// <summary>Has them kept no longer, unless another case holds them.</summary>
    internal Task KeepNoLongerAsync(string caseId, CancellationToken cancellationToken) =>
        _table.DeleteAsync(HeldCaseRow.Partition, caseId, cancellationToken);

    /// <summary>
    /// Has the objects of a case kept, or not, as its row says. A hold and a release that are asked for at the same time write
    /// both rows in any order: each step of the work that follows makes them agree again.
    /// </summary>
    /// <returns>The case.</returns>
    internal async Task<CaseRow?> SyncKeptAsync(string caseId, CancellationToken cancellationToken)
    {
        while (await FindAsync(caseId, cancellationToken) is { } row)
        {
            await (row.IsOnHold ? KeepAsync(caseId, cancellationToken) : KeepNoLongerAsync(caseId, cancellationToken));
            if (await FindAsync(caseId, cancellationToken) is { } now && now.IsOnHold == row.IsOnHold)
            {
                return now;
            }
        }

        return null;
    }

    /// <summary>Has a case on hold say that not every blob is held, because objects are being added.</summary>
    /// <param name="caseId">The case.</param>
    /// <param name="by">What alone says from now on how far the hold is; <see langword="null"/> for what does now.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    internal Task<CaseRow?> MarkPlacingAsync(string caseId, string? by, CancellationToken cancellationToken) => UpdateAsync(
        caseId,
        row =>
        {
            if (!row.IsOnHold)
            {
                return false;
            }

            (row.Hold, row.HoldProblem, row.HoldChange) = (nameof(HoldState.Placing), null, by ?? row.HoldChange);
            return true;
        },
        cancellationToken);

    /// <summary>The cases that an object is in.</summary>
    internal async Task<List<string>> ReadCasesOfAsync(LedgerKey key, CancellationToken cancellationToken)
    {
        var rows = await _table.ReadAsync<MembershipRow>(Range(MembershipRow.PartitionOf(key), key.RowKey + "|"), cancellationToken);
        return [.. rows.Select(row => row.RowKey[(key.RowKey.Length + 1)..])];
    }

    /// <inheritdoc/>
    Task IStorageResource.CreateAsync(CancellationToken cancellationToken) => _table.CreateAsync(cancellationToken);

    /// <summary>Removes objects from a case in one transaction.</summary>
    /// <returns>How many of them it had; <see langword="null"/> when it is on hold, and all stay.</returns>
    private async Task<int?> RemoveTogetherAsync(string caseId, CaseObjectRow[] items, CancellationToken cancellationToken)
    {
        while (true)
        {
            // In this order, because a hold is written first and the guard then: what is removed before that is not in the hold.
            var guard = await _table.FindAsync<RemovalGuardRow>(caseId, RemovalGuardRow.Key, cancellationToken)
                ?? new RemovalGuardRow { PartitionKey = caseId };
            if (await FindAsync(caseId, cancellationToken) is { HoldState: not HoldState.None })
            {
                return null;
            }

            var rows = await Task.WhenAll(items.Select(item => _table.FindAsync<CaseObjectRow>(caseId, item.RowKey, cancellationToken)));
            List<CaseObjectRow> present = [.. rows.OfType<CaseObjectRow>()];
            if (present.Count == 0 || await _table.TryDeleteTogetherAsync(present, guard, cancellationToken))
            {
                return present.Count;
            }
        }
    }

    private ValueTask<List<T>> ReadAsync<T>(string partition, string prefix, CancellationToken cancellationToken)
        where T : TableRow => _table.ReadAsync<T>(Range(partition, prefix), cancellationToken);

    private static string OfPlan(string prefix, string? plan) => plan is null ? prefix : $"{prefix}{plan}|";

    private static string ObjectsFilter(string caseId, string? after) => TableClient.CreateQueryFilter(
        $"PartitionKey eq {caseId} and RowKey gt {after ?? CaseObjectRow.Prefix} and RowKey lt {End(CaseObjectRow.Prefix)}");

    private static string Range(string partition, string prefix) =>
        TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey ge {prefix} and RowKey lt {End(prefix)}");

    /// <summary>The first key behind all that begin with a prefix, which ends with a bar.</summary>
    private static string End(string prefix) => prefix[..^1] + (char)(prefix[^1] + 1);

    [GeneratedRegex("^[0-9]{8}-[0-9]{6}-[a-z0-9]{6}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Id();
}
