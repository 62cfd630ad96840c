using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Simulator.Faults;
using Simulator.Objects;

namespace Simulator.Endpoints;

/// <summary>Cloud Storage Service, version 3: strict where 8x8 is strict.</summary>
internal sealed class StorageEndpoints(Account account, ObjectStore objects, FaultInjector faults, Counters counters, PresignedAddresses presigned)
{
    private static readonly string[] KnownRegions = ["us-west", "us-east", "uk", "ap", "ca"];
    private const int RegionSegment = 2;
    private const int IdSegment = 5;

    public void Map(IEndpointRouteBuilder routes)
    {
        var storage = routes.MapGroup("/storage/{region}/v3");
        storage.MapGet("/regions", context => HandleAsync(context, "regions", Rights.Read, GetRegionsAsync));
        storage.MapGet("/objects", context => HandleAsync(context, "search", Rights.Read, SearchAsync));
        storage.MapGet("/objects/{id}", context => HandleAsync(context, "record", Rights.Read, GetRecordAsync));
        storage.MapGet("/objects/{id}/metadata", context => HandleAsync(context, "record", Rights.Read, GetRecordAsync));
        storage.MapGet("/objects/{id}/content", context => context.Request.Query["presignUrl"] == "true"
            ? HandleAsync(context, "presign", Rights.Download, PresignAsync)
            : HandleAsync(context, "content", Rights.Download, GetContentAsync));
        storage.MapPost("/objects/{id}/restore", context => HandleAsync(context, "restore", Rights.Restore, RestoreAsync));
        storage.MapDelete("/bulk", context => HandleAsync(context, "delete", Rights.Delete, DeleteAsync));
    }

    private async Task HandleAsync(HttpContext context, string call, Rights right, Func<HttpContext, string, FaultRule?, Task> handle)
    {
        var region = Segment(context, RegionSegment)!;
        var (answered, fault) = await faults.ApplyAsync(context, call, region, Segment(context, IdSegment));
        if (answered)
        {
            return;
        }

        if (!account.IsValid(context.Request.Headers.Authorization))
        {
            await FailAsync(context, 401, "Access token expired or unknown");
        }
        else if (!account.Rights.HasFlag(right))
        {
            await FailAsync(context, 403, "Not allowed");
        }
        else if (!KnownRegions.Contains(region, StringComparer.Ordinal) && !account.Regions.Contains(region, StringComparer.Ordinal))
        {
            await FailAsync(context, 404, "Unknown region");
        }
        else
        {
            if (fault is { Kind: FaultKind.Redirect, Location: { } location } && call != "content")
            {
                context.Response.StatusCode = fault.RedirectStatus;
                context.Response.Headers.Location = presigned.Fill(context, item: null, location);
                return;
            }

            await handle(context, region, fault);
        }
    }

    private Task GetRegionsAsync(HttpContext context, string region, FaultRule? fault) =>
        JsonAnswer.WriteAsync(context, fault, JsonSerializer.SerializeToUtf8Bytes(account.Regions));

    private async Task SearchAsync(HttpContext context, string region, FaultRule? fault)
    {
        var query = context.Request.Query;
        if (objects.Search.RequiresContentType && !context.Request.HasJsonContentType())
        {
            await FailAsync(context, 415, "Content-Type must be application/json");
            return;
        }

        if (!TryReadNumber(query["limit"], 20, out var limit) || limit is < 1 or > 100)
        {
            await FailAsync(context, 400, "limit must be 1 to 100");
            return;
        }

        if (!TryReadNumber(query["pageKey"], 0, out var pageKey) || pageKey < 0)
        {
            await FailAsync(context, 400, "pageKey");
            return;
        }

        FilterExpression filter;
        try
        {
            filter = FilterExpression.Parse(query["filter"]);
        }
        catch (FormatException exception)
        {
            await FailAsync(context, 400, exception.Message);
            return;
        }

        if (objects.Search.RejectTimeFilters is { } status && filter.ComparesTimes)
        {
            await FailAsync(context, status, "Unsupported filter");
            return;
        }

        var direction = (string?)query["sortDirection"];
        if (direction is not (null or "ASC" or "DESC"))
        {
            await FailAsync(context, 400, "sortDirection must be ASC or DESC");
            return;
        }

        var sortField = (string?)query["sortField"];
        var result = objects.Find(region, filter, string.IsNullOrEmpty(sortField) ? "createdTime" : sortField, direction == "DESC", pageKey, (int)limit);
        counters.Count("recordsListed", result.Objects.Count);
        await JsonAnswer.WriteAsync(context, fault, json => WritePage(json, result, limit, fault));
    }

    private void WritePage(Utf8JsonWriter json, SearchResult result, long limit, FaultRule? fault)
    {
        json.WriteStartObject();
        if (fault?.Kind == FaultKind.NullContent)
        {
            json.WriteNull("content");
        }
        else if (fault?.Kind != FaultKind.MissingContent)
        {
            json.WriteStartArray("content");
            foreach (var item in result.Objects)
            {
                item.Write(json);
            }

            json.WriteEndArray();
        }

        json.WriteBoolean("lastPage", result.IsLastPage);
        json.WriteString("pageKey", result.NextPageKey.ToString(CultureInfo.InvariantCulture));
        WriteCount(json, "pageSize", result.Objects.Count);
        WriteCount(json, "numberOfElements", result.Objects.Count);
        WriteCount(json, "totalElements", result.Total);
        if (objects.Search.Total != "none")
        {
            WriteCount(json, "total", objects.Search.Total == "pages" ? (result.Total + limit - 1) / limit : result.Total);
        }

        json.WriteEndObject();
    }

    private void WriteCount(Utf8JsonWriter json, string name, long count)
    {
        switch (objects.Search.Counts)
        {
            case "missing":
                break;
            case "null":
                json.WriteNull(name);
                break;
            case "strings":
                json.WriteString(name, count.ToString(CultureInfo.InvariantCulture));
                break;
            default:
                json.WriteNumber(name, count);
                break;
        }
    }

    private async Task GetRecordAsync(HttpContext context, string region, FaultRule? fault)
    {
        if (await FindAsync(context, region) is { } item)
        {
            await JsonAnswer.WriteAsync(context, fault, item.Write);
        }
    }

    private async Task GetContentAsync(HttpContext context, string region, FaultRule? fault)
    {
        if (await FindReadableAsync(context, region) is not { } item)
        {
            return;
        }

        if (fault?.Kind == FaultKind.Redirect)
        {
            context.Response.StatusCode = fault.RedirectStatus;
            context.Response.Headers.Location = presigned.Fill(context, item, fault.Location ?? "{presigned}");
            return;
        }

        await ContentWriter.WriteAsync(context, item, fault, counters);
    }

    private async Task PresignAsync(HttpContext context, string region, FaultRule? fault)
    {
        if (await FindReadableAsync(context, region) is { } item)
        {
            var template = fault?.Kind == FaultKind.Address ? fault.Location : null;
            await JsonAnswer.WriteAsync(context, fault, Encoding.UTF8.GetBytes(presigned.Fill(context, item, template ?? "{presigned}")));
        }
    }

    private async Task RestoreAsync(HttpContext context, string region, FaultRule? fault)
    {
        if (await ReadDaysAsync(context) is not (>= 1 and <= 10 and var days))
        {
            await FailAsync(context, 400, "expirationDays must be 1 to 10");
        }
        else if (await FindAsync(context, region) is { } item)
        {
            if (item.State != "ARCHIVED")
            {
                await FailAsync(context, 400, "Object is not archived");
                return;
            }

            counters.Count("restoreDays", days);
            objects.Restore(item, account.RestoreTime, account.RestoreDay * days);
        }
    }

    /// <summary>The days that the body names, 7 without a body; <see langword="null"/> when it is not what it should be.</summary>
    private static async Task<int?> ReadDaysAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        if (string.IsNullOrWhiteSpace(body))
        {
            return 7;
        }

        try
        {
            using var json = JsonDocument.Parse(body);
            return !context.Request.HasJsonContentType() || json.RootElement.ValueKind != JsonValueKind.Object ? null
                : !json.RootElement.TryGetProperty("expirationDays", out var days) ? 7
                : days.ValueKind == JsonValueKind.Number && days.TryGetInt32(out var number) ? number
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task DeleteAsync(HttpContext context, string region, FaultRule? fault)
    {
        string[]? ids;
        try
        {
            ids = await context.Request.ReadFromJsonAsync<string[]>();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            ids = null;
        }

        if (ids is not { Length: > 0 })
        {
            await FailAsync(context, 400, "a JSON array of ids is required");
            return;
        }

        foreach (var id in ids)
        {
            objects.Remove(region, id);
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task<SimulatedObject?> FindAsync(HttpContext context, string region)
    {
        var item = objects.Find(region, Segment(context, IdSegment)!);
        if (item is null)
        {
            await FailAsync(context, 404, "Object not found");
        }

        return item;
    }

    private async Task<SimulatedObject?> FindReadableAsync(HttpContext context, string region)
    {
        var item = await FindAsync(context, region);
        switch (item?.State)
        {
            case null or "AVAILABLE":
                return item;
            case "REVOKED" or "DELETED":
                await FailAsync(context, 404, "Object not found");
                return null;
            default:
                await FailAsync(context, 403, $"Object is {item.State}");
                return null;
        }
    }

    // From the address as it was sent: routing leaves an escaped slash in an id escaped and unescapes the rest.
    private static string? Segment(HttpContext context, int number)
    {
        var segments = context.Features.Get<IHttpRequestFeature>()!.RawTarget.Split('?')[0].Split('/');
        return number < segments.Length ? Uri.UnescapeDataString(segments[number]) : null;
    }

    private static bool TryReadNumber(string? text, long whenMissing, out long number)
    {
        number = whenMissing;
        return text is null || long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
    }

    private static Task FailAsync(HttpContext context, int status, string message)
    {
        // 8x8 does not say what its errors look like; these differ on purpose.
        context.Response.StatusCode = status;
        return status % 2 == 0
            ? context.Response.WriteAsync(message)
            : context.Response.WriteAsJsonAsync(new { status, error = ReasonPhrases.GetReasonPhrase(status), message });
    }
}
