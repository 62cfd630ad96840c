using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Azure;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;

namespace Archiving.Tests.Simulation;

/// <summary>Table Storage in memory, as far as the archiver uses it: keys in order, ETags, merges, transactions.</summary>
internal sealed class InMemoryTables(World world) : TableServiceClient
{
    private readonly Dictionary<string, InMemoryTable> _tables = new(StringComparer.Ordinal);

    public override TableClient GetTableClient(string tableName)
    {
        if (!_tables.TryGetValue(tableName, out var table))
        {
            _tables[tableName] = table = new InMemoryTable(world);
        }

        return table;
    }

    public IEnumerable<IReadOnlyDictionary<string, object?>> Rows(string tableName) => ((InMemoryTable)GetTableClient(tableName)).Rows;

    /// <summary>Puts a row into a table at once.</summary>
    public void Put(string tableName, ITableEntity row) => ((InMemoryTable)GetTableClient(tableName)).Put(row);

    /// <summary>Makes these tables hold what others hold, except one, which is empty.</summary>
    public void CopyFrom(InMemoryTables others, string except)
    {
        foreach (var (name, other) in others._tables)
        {
            ((InMemoryTable)GetTableClient(name)).CopyFrom(name == except ? null : other);
        }
    }
}

internal sealed partial class InMemoryTable(World world) : TableClient
{
    private readonly SortedDictionary<(string Partition, string Row), Dictionary<string, object?>> _rows = new(Comparer<(string Partition, string Row)>
        .Create((left, right) =>
            {
                var order = string.CompareOrdinal(left.Partition, right.Partition);
                return order != 0 ? order : string.CompareOrdinal(left.Row, right.Row);
            }));

    private int _version;

    public IEnumerable<IReadOnlyDictionary<string, object?>> Rows => _rows.Values;

    public void Put(ITableEntity row) => Apply(new TableTransactionAction(TableTransactionActionType.Add, row));

    /// <summary>Rows are never changed in place, so a copy can share them.</summary>
    public void CopyFrom(InMemoryTable? other)
    {
        _rows.Clear();
        foreach (var (key, row) in other?._rows ?? [])
        {
            _rows.Add(key, row);
        }
    }

    // At once and never failing: making tables is not what the simulation is about, and keeps it on one thread.
    public override Task<Response<TableItem>> CreateIfNotExistsAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(Response.FromValue(new TableItem("table"), null!));

    public override Task<NullableResponse<T>> GetEntityIfExistsAsync<T>(
        string partitionKey,
        string rowKey,
        IEnumerable<string>? select = null,
        CancellationToken cancellationToken = default) =>
        world.StepAsync<NullableResponse<T>>(
            () => _rows.TryGetValue((partitionKey, rowKey), out var row) ? Response.FromValue(Read<T>(row), null!) : new NoResponse<T>());

    public override Task<Response> AddEntityAsync<T>(T entity, CancellationToken cancellationToken = default) =>
        world.StepAsync(() => Apply(new TableTransactionAction(TableTransactionActionType.Add, entity)));

    public override Task<Response> UpsertEntityAsync<T>(
        T entity,
        TableUpdateMode mode = TableUpdateMode.Merge,
        CancellationToken cancellationToken = default) =>
        world.StepAsync(() => Apply(new TableTransactionAction(
            mode == TableUpdateMode.Merge ? TableTransactionActionType.UpsertMerge : TableTransactionActionType.UpsertReplace,
            entity)));

    public override Task<Response> UpdateEntityAsync<T>(
        T entity,
        ETag ifMatch,
        TableUpdateMode mode = TableUpdateMode.Merge,
        CancellationToken cancellationToken = default) =>
        world.StepAsync(() => Apply(new TableTransactionAction(
            mode == TableUpdateMode.Merge ? TableTransactionActionType.UpdateMerge : TableTransactionActionType.UpdateReplace,
            entity,
            ifMatch)));

    public override Task<Response> DeleteEntityAsync(
        string partitionKey,
        string rowKey,
        ETag ifMatch = default,
        CancellationToken cancellationToken = default) =>
        world.StepAsync(() =>
        {
            if (ifMatch != default && ifMatch != ETag.All)
            {
                var read = new TableEntity(partitionKey, rowKey);
                Check(new TableTransactionAction(TableTransactionActionType.UpdateReplace, read, ifMatch));
            }

            _rows.Remove((partitionKey, rowKey));
            return (Response)null!;
        });

    public override Task<Response<IReadOnlyList<Response>>> SubmitTransactionAsync(
        IEnumerable<TableTransactionAction> transactionActions,
        CancellationToken cancellationToken = default) =>
        world.StepAsync(() =>
        {
            var actions = transactionActions.ToList();
            Assert.InRange(actions.Count, 1, 100);
            Assert.Single(actions.Select(action => action.Entity.PartitionKey).Distinct());
            Assert.Distinct(actions.Select(action => action.Entity.RowKey));
            actions.ForEach(Check);
            actions.ForEach(action => Apply(action));
            return Response.FromValue<IReadOnlyList<Response>>([], null!);
        });

    public override AsyncPageable<T> QueryAsync<T>(
        string? filter = null,
        int? maxPerPage = null,
        IEnumerable<string>? select = null,
        CancellationToken cancellationToken = default) =>
        new Pages<T>(world, () => _rows.Values.Where(Parse(filter)).Select(Read<T>));

    private void Check(TableTransactionAction action)
    {
        var exists = _rows.TryGetValue((action.Entity.PartitionKey, action.Entity.RowKey), out var row);
        switch (action.ActionType)
        {
            case TableTransactionActionType.Add when exists:
                throw new RequestFailedException(409, "exists", "EntityAlreadyExists", null);
            case TableTransactionActionType.UpdateMerge or TableTransactionActionType.UpdateReplace when !exists:
                throw new RequestFailedException(404, "missing", "ResourceNotFound", null);
            case TableTransactionActionType.UpdateMerge or TableTransactionActionType.UpdateReplace when action.ETag != ETag.All
                && (string)row!["odata.etag"]! != action.ETag.ToString():
                throw new RequestFailedException(412, "changed", "UpdateConditionNotSatisfied", null);
        }
    }

    private Response Apply(TableTransactionAction action)
    {
        Check(action);
        var key = (action.Entity.PartitionKey, action.Entity.RowKey);
        if (action.ActionType == TableTransactionActionType.Delete)
        {
            _rows.Remove(key);
            return null!;
        }

        var isMerge = action.ActionType is TableTransactionActionType.UpdateMerge or TableTransactionActionType.UpsertMerge;
        var row = isMerge && _rows.TryGetValue(key, out var present)
            ? new Dictionary<string, object?>(present, StringComparer.Ordinal)
            : new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in Properties(action.Entity))
        {
            row[name] = value;
        }

        row["Timestamp"] = world.Now;
        row["odata.etag"] = string.Create(CultureInfo.InvariantCulture, $"W/\"{++_version}\"");
        _rows[key] = row;
        return null!;
    }

    // As the service's client: properties without a value are not sent.
    private static IEnumerable<(string Name, object Value)> Properties(ITableEntity entity) => entity is TableEntity dictionary
        ? dictionary.Where(pair => pair.Value is not null && pair.Key != "odata.etag").Select(pair => (pair.Key, pair.Value))
        : entity.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.Name is not ("ETag" or "Timestamp"))
            .Select(property => (property.Name, property.GetValue(entity)!))
            .Where(pair => pair.Item2 is not null);

    public static T Read<T>(IReadOnlyDictionary<string, object?> row)
        where T : class, ITableEntity
    {
        var entity = Activator.CreateInstance<T>();
        foreach (var property in typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.CanWrite && property.Name != "ETag"))
        {
            if (row.TryGetValue(property.Name, out var value))
            {
                property.SetValue(entity, value);
            }
        }

        entity.ETag = new ETag((string)row["odata.etag"]!);
        return entity;
    }

    /// <summary>The part of OData that the archiver's filters use: comparisons joined by <c>and</c>.</summary>
    private static Func<Dictionary<string, object?>, bool> Parse(string? filter)
    {
        if (string.IsNullOrEmpty(filter))
        {
            return _ => true;
        }

        var constraints = filter.Split(" and ").Select(part =>
        {
            var match = Constraint().Match(part);
            Assert.True(match.Success, part);
            var name = match.Groups["name"].Value;
            var text = match.Groups["value"].Value.Replace("''", "'", StringComparison.Ordinal);
            object value = match.Groups["datetime"].Success ? DateTimeOffset.Parse(text, CultureInfo.InvariantCulture) : text;
            return (Func<Dictionary<string, object?>, bool>)(row => row.GetValueOrDefault(name) is { } actual
                && Compare(actual, value, match.Groups["comparison"].Value));
        }).ToList();
        return row => constraints.TrueForAll(constraint => constraint(row));
    }

    private static bool Compare(object actual, object value, string comparison)
    {
        var order = actual is DateTimeOffset time ? time.CompareTo((DateTimeOffset)value) : string.CompareOrdinal((string)actual, (string)value);
        return comparison switch { "eq" => order == 0, "ge" => order >= 0, "le" => order <= 0, "lt" => order < 0, _ => order > 0 };
    }

    [GeneratedRegex(
        "^(?<name>[A-Za-z]+) (?<comparison>eq|ge|le|lt|gt) (?<datetime>datetime)?'(?<value>.*)'$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Constraint();

    private sealed class NoResponse<T> : NullableResponse<T>
    {
        public override bool HasValue => false;

        public override T Value => throw new InvalidOperationException("There is no value.");

        public override Response GetRawResponse() => null!;
    }

    private sealed class Pages<T>(World world, Func<IEnumerable<T>> query) : AsyncPageable<T>
        where T : notnull
    {
        public override async IAsyncEnumerable<Page<T>> AsPages(string? continuationToken = null, int? pageSizeHint = null)
        {
            yield return Page<T>.FromValues(await world.StepAsync(() => query().ToList()), continuationToken: null, null!);
        }
    }
}
