using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Web;
using Archiving.Ledger;
using Archiving.Model;
using Azure.Core;
using Azure.Data.Tables;

namespace Scale.Model;

/// <summary>
/// A storage account. The ledger and the terms of the index are calculated; the other tables are kept in memory, and queues keep
/// nothing but what <see cref="Sent"/> is told.
/// </summary>
internal sealed partial class ModelStorage(ModelArchive archive, ModelLimits limits, TimeProvider time)
{
    /// <summary>The key of the index's hashes.</summary>
    public static readonly byte[] IndexKey = new byte[32];

    private readonly Dictionary<string, SortedDictionary<(string Partition, string Row), JsonObject>> _tables = new(StringComparer.Ordinal);
    private readonly ModelIndex _index = new(archive, IndexKey);
    private int _version;

    /// <summary>What is done with a message that is sent: its queue and its body.</summary>
    public Action<string, BinaryData>? Sent { get; set; }

    /// <summary>The run that queued all objects of the days from this one on.</summary>
    public (string Id, int FirstDay)? Run { get; set; }

    /// <summary>Has the index know a term by its hash.</summary>
    public void Know(string term) => _index.Know(term);

    /// <summary>Puts a row into a table.</summary>
    public void Put(string table, ITableEntity row)
    {
        var values = new JsonObject();
        foreach (var property in row.GetType().GetProperties().Where(property => property.Name is not ("ETag" or "Timestamp" or "PartitionKey" or "RowKey")))
        {
            switch (property.GetValue(row))
            {
                case null:
                    break;
                case DateTimeOffset value:
                    values[$"{property.Name}@odata.type"] = "Edm.DateTime";
                    values[property.Name] = Time(value);
                    break;
                case long value:
                    values[$"{property.Name}@odata.type"] = "Edm.Int64";
                    values[property.Name] = value.ToString(CultureInfo.InvariantCulture);
                    break;
                case byte[] value:
                    values[$"{property.Name}@odata.type"] = "Edm.Binary";
                    values[property.Name] = Convert.ToBase64String(value);
                    break;
                case var value:
                    values[property.Name] = JsonValue.Create(value);
                    break;
            }
        }

        Put(Table(table), row.PartitionKey, row.RowKey, values);
    }

    public ModelAnswer Answer(Request request, byte[] body)
    {
        var address = request.Uri.ToUri();
        var path = Uri.UnescapeDataString(address.AbsolutePath.Trim('/'));
        return address.Host[..address.Host.IndexOf('.', StringComparison.Ordinal)] switch
        {
            "table" => AnswerTable(request, path, HttpUtility.ParseQueryString(address.Query), body),
            "queue" => AnswerQueue(request, path, body),
            _ => request.Method == RequestMethod.Put ? new ModelAnswer(201, []) : ModelAnswer.Error(404, "BlobNotFound"),
        };
    }

    private ModelAnswer AnswerQueue(Request request, string path, byte[] body)
    {
        var queue = path.Split('/')[0];
        if (!path.EndsWith("/messages", StringComparison.Ordinal))
        {
            var properties = new ModelAnswer(request.Method == RequestMethod.Put ? 204 : 200, []);
            properties.Headers["x-ms-approximate-messages-count"] = "0";
            return properties;
        }

        Sent?.Invoke(queue, BinaryData.FromBytes(Convert.FromBase64String(Message().Match(Encoding.UTF8.GetString(body)).Groups["text"].Value)));
        var now = time.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
        var answer = new ModelAnswer(
            201,
            Encoding.UTF8.GetBytes($"""
                <?xml version="1.0" encoding="utf-8"?><QueueMessagesList><QueueMessage><MessageId>id</MessageId><InsertionTime>{now}</InsertionTime>
                <ExpirationTime>{now}</ExpirationTime><PopReceipt>r</PopReceipt><TimeNextVisible>{now}</TimeNextVisible></QueueMessage></QueueMessagesList>
                """),
            $"queue {queue}",
            Rows(1));
        answer.Headers["Content-Type"] = "application/xml";
        return answer;
    }

    private ModelAnswer AnswerTable(Request request, string path, System.Collections.Specialized.NameValueCollection query, byte[] body)
    {
        if (path == "$batch")
        {
            return WriteTogether(body);
        }

        if (path == "Tables")
        {
            return ModelAnswer.Error(409, "TableAlreadyExists");
        }

        var entity = Entity().Match(path);
        var table = entity.Success ? entity.Groups["table"].Value : path.Split('(')[0];
        if (request.Method == RequestMethod.Get)
        {
            return entity.Success
                ? Find(table, entity.Groups["partition"].Value, entity.Groups["row"].Value)
                : Query(table, TableFilter.Parse(query["$filter"] ?? ""), query);
        }

        var row = entity.Success ? null : JsonNode.Parse(body)!.AsObject();
        var (partition, key) = entity.Success
            ? (entity.Groups["partition"].Value, entity.Groups["row"].Value)
            : ((string)row!["PartitionKey"]!, (string)row["RowKey"]!);
        return Write(request, Table(table), table, partition, key, body);
    }

    /// <summary>A transaction of rows that are written whether or not they are there, as the model's requests use.</summary>
    private ModelAnswer WriteTogether(byte[] body)
    {
        var writes = BatchWrite().Matches(Encoding.UTF8.GetString(body));
        var answer = new StringBuilder("--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n");
        var partition = "";
        foreach (Match write in writes)
        {
            var (table, key) = (write.Groups["table"].Value, Uri.UnescapeDataString(write.Groups["row"].Value));
            partition = Uri.UnescapeDataString(write.Groups["partition"].Value);
            Put(Table(table), partition, key, Merge(Table(table).GetValueOrDefault((partition, key)), JsonNode.Parse(write.Groups["body"].Value)!.AsObject()));
            answer.Append("--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n")
                .Append("HTTP/1.1 204 No Content\r\nETag: W/\"1\"\r\n\r\n\r\n");
        }

        var parts = Encoding.UTF8.GetBytes(answer.Append("--c--\r\n--b--\r\n").ToString());
        var together = new ModelAnswer(202, parts, $"batch {partition}", Rows(writes.Count)) { Rows = writes.Count };
        together.Headers["Content-Type"] = "multipart/mixed; boundary=b";
        return together;
    }

    private static JsonObject Merge(JsonObject? present, JsonObject row)
    {
        if (present is null)
        {
            return row;
        }

        var merged = present.DeepClone().AsObject();
        foreach (var (property, value) in row)
        {
            merged[property] = value?.DeepClone();
        }

        return merged;
    }

    private ModelAnswer Write(
        Request request,
        SortedDictionary<(string Partition, string Row), JsonObject> table,
        string name,
        string partition,
        string key,
        byte[] body)
    {
        var present = table.GetValueOrDefault((partition, key));
        var service = (Partition: $"{name} {partition}", Time: Rows(1));
        if (request.Method == RequestMethod.Post && present is not null)
        {
            return ModelAnswer.Error(409, "EntityAlreadyExists") with { Partition = service.Partition, Service = service.Time };
        }

        if (request.Headers.TryGetValue("If-Match", out var condition)
            && (present is null || (condition != "*" && condition != (string)present["odata.etag"]!)))
        {
            return ModelAnswer.Error(present is null ? 404 : 412, present is null ? "ResourceNotFound" : "UpdateConditionNotSatisfied");
        }

        if (request.Method == RequestMethod.Delete)
        {
            table.Remove((partition, key));
            return new ModelAnswer(204, [], service.Partition, service.Time);
        }

        var row = JsonNode.Parse(body)!.AsObject();
        if (present is not null && request.Method is not { Method: "PUT" or "POST" })
        {
            row = Merge(present, row);
        }

        Put(table, partition, key, row);
        var answer = new ModelAnswer(204, [], service.Partition, service.Time);
        answer.Headers["ETag"] = (string)row["odata.etag"]!;
        return answer;
    }

    private void Put(SortedDictionary<(string Partition, string Row), JsonObject> table, string partition, string key, JsonObject row)
    {
        row["PartitionKey"] = partition;
        row["RowKey"] = key;
        row["odata.etag"] = string.Create(CultureInfo.InvariantCulture, $"W/\"{++_version}\"");
        row["Timestamp@odata.type"] = "Edm.DateTime";
        row["Timestamp"] = Time(time.GetUtcNow());
        table[(partition, key)] = row;
    }

    private ModelAnswer Find(string table, string partition, string key)
    {
        var row = table == ObjectLedger.TableName
            ? archive.Find(partition) is var (day, region) && day >= 0 && ModelArchive.Parse(key) is var (keyDay, keyRegion, index)
                && keyDay == day && keyRegion == region && index < archive.Count(day, region) && archive.IdOf(day, region, index) == key
                ? Describe(archive.Get(day, region, index), columns: null)
                : null
            : Table(table).GetValueOrDefault((partition, key));
        var answer = row is null ? ModelAnswer.Error(404, "ResourceNotFound") : Json(Encoding.UTF8.GetBytes(row.ToJsonString()));
        return answer with { Partition = $"{table} {partition}", Service = Rows(1) };
    }

    private ModelAnswer Query(string table, TableFilter filter, System.Collections.Specialized.NameValueCollection query)
    {
        var max = Math.Min(int.Parse(query["$top"] ?? "1000", CultureInfo.InvariantCulture), ModelLimits.RowsPerPage);
        var columns = query["$select"] is { } select ? new HashSet<string>(select.Split(','), StringComparer.Ordinal) : null;
        var partition = (string?)filter.Find("PartitionKey", "eq");
        var after = query["NextRowKey"];
        var (rows, next, scanned) = table switch
        {
            ObjectLedger.TableName => QueryLedger(filter, partition, columns, max, after),
            SearchIndex.TableName when partition!.StartsWith(SearchIndex.TermPartition, StringComparison.Ordinal) => _index.Query(filter, max, after),
            _ => QueryKept(table, filter, max, after),
        };

        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteStartArray("value");
            rows.ForEach(row => row.WriteTo(json));
            json.WriteEndArray();
            json.WriteEndObject();
        }

        var service = Rows(rows.Count) + TimeSpan.FromSeconds((double)Math.Max(scanned - rows.Count, 0) / limits.ScannedPerSecond);
        if (service > ModelLimits.MaxScan)
        {
            throw new NotSupportedException($"A query of {table} reads {scanned} rows, more than the model lets one read within the service's five seconds.");
        }

        var answer = Json(stream.ToArray()) with { Partition = $"{table} {partition}", Service = service, Rows = Math.Max(scanned, rows.Count) };
        if (next is not null)
        {
            answer.Headers["x-ms-continuation-NextPartitionKey"] = partition ?? "next";
            answer.Headers["x-ms-continuation-NextRowKey"] = next;
        }

        return answer;
    }

    private (List<JsonObject> Rows, string? Next, long Scanned) QueryKept(string table, TableFilter filter, int max, string? after)
    {
        var rows = Table(table).Values
            .Where(row => (after is null || string.CompareOrdinal((string)row["RowKey"]!, after) >= 0) && filter.Matches(name => ValueOf(row, name)))
            .Take(max + 1)
            .ToList();
        var next = rows.Count > max ? (string)rows[max]["RowKey"]! : null;
        var partition = (string?)filter.Find("PartitionKey", "eq");
        return ([.. rows.Take(max)], next, next is null ? Table(table).Count(row => row.Key.Partition == partition) : rows.Count);
    }

    private (List<JsonObject> Rows, string? Next, long Scanned) QueryLedger(
        TableFilter filter,
        string? partition,
        HashSet<string>? columns,
        int max,
        string? after)
    {
        var (day, region) = partition is null ? throw new NotSupportedException("The model knows no query over all partitions.") : archive.Find(partition);
        if (day < 0)
        {
            return ([], null, 0);
        }

        var count = archive.Count(day, region);
        var from = filter.Find("CreatedTime", "ge") is DateTimeOffset since ? archive.IndexOf(day, count, since) : 0;
        var to = filter.Find("CreatedTime", "lt") is DateTimeOffset before ? archive.IndexOf(day, count, before) : count;
        var first = filter.Find("RowKey", "gt") is string key && ModelArchive.Parse(key) is var (_, _, last) ? Math.Max(from, last + 1) : from;
        first = after is null ? first : Math.Max(first, int.Parse(after, CultureInfo.InvariantCulture));
        var hasOthers = filter.HasOthers("PartitionKey", "RowKey", "CreatedTime") || filter.HasAlternatives;
        var rows = new List<JsonObject>();
        for (var index = first; index < to; index++)
        {
            var item = archive.Get(day, region, index);
            if (hasOthers && !filter.Matches(name => ValueOf(item, name)))
            {
                continue;
            }

            if (rows.Count == max)
            {
                return (rows, index.ToString(CultureInfo.InvariantCulture), Scanned(index));
            }

            rows.Add(Describe(item, columns));
        }

        return (rows, null, Scanned(to));

        // Rows are in order of their ids, so those of a time are anywhere among all of the day.
        long Scanned(int end) => to - from == count
            ? end - first
            : to == from ? count : (long)count * Math.Max(end - first, 1) / (to - from);
    }

    private object? ValueOf(ModelObject item, string name) => name switch
    {
        "PartitionKey" => PartitionOf(item),
        "RowKey" => item.Id,
        "CreatedTime" => item.CreatedTime,
        "Timestamp" => ModelObject.VerifiedAt(archive, item.Day) ?? item.ArchivedAt,
        "State" => item.State.ToString(),
        "Type" => item.Type,
        "Region" => ModelArchive.Regions[item.Region],
        "CallId" => ModelArchive.CallIdOf(item.Day, item.Region, item.Index),
        "Run" => Run is var (id, first) && item.Day >= first ? id : null,
        "BucketId" or "Damaged" or "UserId" or "QueueName" => null,
        _ => throw new NotSupportedException($"The model cannot compare {name}."),
    };

    private static object? ValueOf(JsonObject row, string name) => row[name] switch
    {
        null => null,
        var value when (string?)row[$"{name}@odata.type"] == "Edm.DateTime" =>
            DateTimeOffset.Parse((string)value!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
        var value when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False => (bool)value,
        var value => (string?)value,
    };

    private static string PartitionOf(ModelObject item) => LedgerKey.Partition(ModelArchive.Regions[item.Region], item.Archive.Days[item.Day]);

    private JsonObject Describe(ModelObject item, HashSet<string>? columns)
    {
        var row = new JsonObject { ["odata.etag"] = "W/\"1\"" };
        Text("PartitionKey", () => PartitionOf(item));
        Text("RowKey", () => item.Id);
        Text("Id", () => item.Id);
        Text("Region", () => ModelArchive.Regions[item.Region]);
        Text("Type", () => item.Type);
        Text("State", () => item.State.ToString());
        Date("CreatedTime", item.CreatedTime);
        Date("UpdatedTime", item.CreatedTime);
        Date("ArchivedAt", item.ArchivedAt);
        Date("VerifiedAt", ModelObject.VerifiedAt(archive, item.Day));
        Date("Timestamp", ModelObject.VerifiedAt(archive, item.Day) ?? item.ArchivedAt);
        Text("Verification", () => "md5");
        if (columns?.Contains("CallId") != false)
        {
            var person = ModelArchive.NameOf(archive.PersonOf(item.Day, item.Region, item.Index));
            var number = archive.NumberOf(item.Day, item.Region, item.Index);
            var callId = ModelArchive.CallIdOf(item.Day, item.Region, item.Index);
            Know(SearchTerms.OfId(callId));
            Text("CallId", () => callId);
            Text("Person", () => person);
            Text("Number", () => number);
            Text("Sha256", () => item.Sha256);
            Text("ObjectName", () => $"{person} {number}.mp3");
            Text("Blob", () => $"{ModelArchive.Regions[item.Region]}/{item.Type}/{item.CreatedTime:yyyy/MM/dd}/{item.Id}.mp3");
            Text("Search", () => $"{person} {number}.mp3\n{new string([.. number.Where(char.IsAsciiDigit)])}\n{callId}".ToLowerInvariant());
        }

        return row;

        void Text(string name, Func<string?> value)
        {
            if (columns?.Contains(name) != false && value() is { } text)
            {
                row[name] = text;
            }
        }

        void Date(string name, DateTimeOffset? value)
        {
            if (columns?.Contains(name) != false && value is { } at)
            {
                row[$"{name}@odata.type"] = "Edm.DateTime";
                row[name] = Time(at);
            }
        }
    }

    private SortedDictionary<(string Partition, string Row), JsonObject> Table(string name)
    {
        if (!_tables.TryGetValue(name, out var table))
        {
            _tables[name] = table = new(Comparer<(string Partition, string Row)>.Create((one, other) =>
                string.CompareOrdinal(one.Partition, other.Partition) is not 0 and var order ? order : string.CompareOrdinal(one.Row, other.Row)));
        }

        return table;
    }

    private static ModelAnswer Json(byte[] body)
    {
        var answer = new ModelAnswer(200, body);
        answer.Headers["Content-Type"] = "application/json;odata=minimalmetadata";
        return answer;
    }

    private static TimeSpan Rows(int count) => TimeSpan.FromSeconds((double)count / ModelLimits.EntitiesPerSecond);

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"^(?<table>\w+)\(PartitionKey='(?<partition>[^']*)',RowKey='(?<row>[^']*)'\)$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Entity();

    [GeneratedRegex(
        @"PATCH https?://[^/]+/(?<table>\w+)\(PartitionKey='(?<partition>[^']*)',RowKey='(?<row>[^']*)'\)[^{]*(?<body>\{[^\r\n]*\})",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex BatchWrite();

    [GeneratedRegex("<MessageText>(?<text>[^<]*)</MessageText>", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Message();
}
