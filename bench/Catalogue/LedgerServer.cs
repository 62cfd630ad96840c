using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Catalogue;

/// <summary>
/// A table service whose table <c>objects</c> is calculated: a month of archived objects, evenly over its days. All other tables are
/// those of the emulator. The emulator itself looks through all rows for each page of a query, which Azure does not, and a million rows
/// do not fit into its memory.
/// </summary>
internal sealed partial class LedgerServer : IAsyncDisposable
{
    private const int PageSize = 1000;
    private const string Region = "us-east";
    private readonly WebApplication _app;
    private readonly HttpClient _tables;
    private readonly int _objectsPerDay;

    private LedgerServer(Uri tables, int objectsPerDay)
    {
        _objectsPerDay = objectsPerDay;
        _tables = new HttpClient { BaseAddress = new Uri(tables.GetLeftPart(UriPartial.Authority)) };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.Run(HandleAsync);
    }

    /// <summary>The first day of the month.</summary>
    public static DateTime Start { get; } = new(2026, 6, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>How many days it has.</summary>
    public static int Days => 30;

    /// <summary>Starts it.</summary>
    public static async Task<(LedgerServer Server, string Connection)> StartAsync(string connection, int objects)
    {
        var endpoint = TableEndpoint().Match(connection).Groups["endpoint"].Value;
        var server = new LedgerServer(new Uri(endpoint), objects / Days);
        await server._app.StartAsync();
        var address = new Uri(server._app.Urls.First());
        var own = new UriBuilder(endpoint) { Port = address.Port, Host = address.Host }.Uri.AbsoluteUri;
        return (server, connection.Replace(endpoint, own.TrimEnd('/'), StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _tables.Dispose();
    }

    private Task HandleAsync(HttpContext context) => context.Request.Path.Value!.EndsWith("/objects()", StringComparison.Ordinal)
        ? QueryAsync(context)
        : ForwardAsync(context);

    private async Task QueryAsync(HttpContext context)
    {
        var filter = context.Request.Query["$filter"].ToString();
        if (After().Match(filter) is { Success: true } after)
        {
            // The partition after a given one.
            var from = after.Groups["key"].Value;
            var day = Enumerable.Range(0, Days).FirstOrDefault(day => string.CompareOrdinal(PartitionOf(day), from) > 0, -1);
            await WriteAsync(context, day < 0 ? [] : [(day, 0)], next: null);
            return;
        }

        var partition = Partition().Match(filter).Groups["key"].Value;
        var number = (int)(DateTime.ParseExact(partition[^8..], "yyyyMMdd", CultureInfo.InvariantCulture) - Start).TotalDays;
        var first = IndexOf(Since().Match(filter), number, 0);
        var last = IndexOf(Before().Match(filter), number, _objectsPerDay);
        first = context.Request.Query["NextRowKey"].ToString() is { Length: > 0 } continued ? int.Parse(continued, CultureInfo.InvariantCulture) : first;
        var end = Math.Min(last, first + PageSize);
        await WriteAsync(context, [.. Enumerable.Range(first, Math.Max(0, end - first)).Select(index => (number, index))], end < last ? end : null);
    }

    /// <summary>The first object of a day made at a time or later.</summary>
    private int IndexOf(Match time, int day, int without) => !time.Success
        ? without
        : (int)Math.Clamp(
            Math.Ceiling((DateTime.Parse(time.Groups["time"].Value, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal) - Start.AddDays(day))
                .TotalMilliseconds * _objectsPerDay / TimeSpan.FromDays(1).TotalMilliseconds),
            0,
            _objectsPerDay);

    private static string PartitionOf(int day) => $"{Region}|{Start.AddDays(day):yyyyMMdd}";

    private async Task WriteAsync(HttpContext context, IReadOnlyList<(int Day, int Index)> rows, int? next)
    {
        context.Response.ContentType = "application/json;odata=minimalmetadata";
        if (next is { } index)
        {
            context.Response.Headers["x-ms-continuation-NextPartitionKey"] = "next";
            context.Response.Headers["x-ms-continuation-NextRowKey"] = index.ToString(CultureInfo.InvariantCulture);
        }

        var columns = context.Request.Query["$select"].ToString().Split(',').ToHashSet(StringComparer.Ordinal);
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteStartArray("value");
        foreach (var row in rows)
        {
            Write(json, row.Day, row.Index, columns);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void Write(Utf8JsonWriter json, int day, int index, HashSet<string> columns)
    {
        var hash = SHA256.HashData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{day}/{index}")));
        var id = new Guid(hash.AsSpan(0, 16)).ToString();
        var created = Start.AddDays(day).AddMilliseconds(Math.Floor(index * TimeSpan.FromDays(1).TotalMilliseconds / _objectsPerDay));
        var person = $"Person {hash[0]}";
        var number = string.Create(CultureInfo.InvariantCulture, $"+1 408 555 {BitConverter.ToUInt16(hash, 4) % 10_000:D4}");
        var start = new DateTimeOffset(created).ToUnixTimeMilliseconds();
        var call = Convert.ToHexStringLower(hash.AsSpan(8, 8));
        json.WriteStartObject();
        Text("PartitionKey", PartitionOf(day));
        Text("RowKey", id);
        Text("Region", Region);
        Text("Id", id);
        Text("Type", index % 3 == 0 ? "transcription" : "callrecording");
        Text("State", "Archived");
        Text("ObjectName", $"{person} {number}.mp3");
        Time("CreatedTime", created);
        Time("ArchivedAt", created.AddMinutes(7));
        Time("UpdatedTime", created.AddMinutes(1));
        if (columns.Contains("Bytes"))
        {
            json.WriteString("Bytes@odata.type"u8, "Edm.Int64"u8);
            json.WriteString("Bytes"u8, BitConverter.ToUInt16(hash, 2).ToString(CultureInfo.InvariantCulture));
        }

        Text("Blob", $"{Region}/callrecording/{created:yyyy/MM/dd}/{id}.mp3");
        Text("Md5", Convert.ToHexStringLower(hash.AsSpan(0, 16)));
        Text("Sha256", Convert.ToHexStringLower(hash));
        Text("Verification", "md5");
        Text("CallId", call);
        Text("UserId", $"user-{hash[0]}");
        Text("Tags", string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            [{"key":"callId","value":"{{call}}"},{"key":"callLogId","value":"{{BitConverter.ToUInt32(hash, 16)}}"},
            {"key":"direction","value":"{{(index % 2 == 0 ? "inbound" : "outbound")}}"},{"key":"startTime","value":"{{start}}"},
            {"key":"endTime","value":"{{start + (hash[5] * 1000)}}"},{"key":"userName","value":"{{person}}"},
            {"key":"userEmail","value":"person{{hash[0]}}@example.com"},{"key":"extensionNumber","value":"{{1000 + hash[0]}}"},
            {"key":"address","value":"{{number}}"}]
            """));
        json.WriteEndObject();

        void Text(string name, string value)
        {
            if (columns.Contains(name))
            {
                json.WriteString(name, value);
            }
        }

        void Time(string name, DateTime value)
        {
            if (columns.Contains(name))
            {
                json.WriteString($"{name}@odata.type", "Edm.DateTime");
                json.WriteString(name, value.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture));
            }
        }
    }

    private async Task ForwardAsync(HttpContext context)
    {
        var address = context.Request.Path.ToUriComponent() + context.Request.QueryString.ToUriComponent();
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), address);
        if (context.Request.ContentLength > 0)
        {
            request.Content = new StreamContent(context.Request.Body);
        }

        foreach (var (name, values) in context.Request.Headers.Where(header => header.Key != "Host"))
        {
            if (!request.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
            }
        }

        using var response = await _tables.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers).Where(header => header.Key != "Transfer-Encoding"))
        {
            context.Response.Headers[name] = values.ToArray();
        }

        await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    [GeneratedRegex("TableEndpoint=(?<endpoint>[^;]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TableEndpoint();

    [GeneratedRegex("PartitionKey eq '(?<key>[^']+)'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Partition();

    [GeneratedRegex("PartitionKey gt '(?<key>[^']*)'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex After();

    [GeneratedRegex("CreatedTime ge datetime'(?<time>[^']+)'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Since();

    [GeneratedRegex("CreatedTime lt datetime'(?<time>[^']+)'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Before();
}
