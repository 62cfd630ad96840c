using Archiving.Ledger;
using Archiving.Model;
using Archiving.Queues;
using Archiving.Settings;
using Functions.Access;
using Functions.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Operations.Access;
using Operations.Objects;
using Operations.Search;

namespace Functions;

/// <summary>Finds objects, shows them and their content, and archives one again.</summary>
public sealed class ObjectFunctions(ObjectSearch search, ObjectFinder finder, ObjectContents contents, ObjectRequeuer requeuer, ArchiverOptions options)
{
    private const int MaxNameLength = 100;
    private const int DefaultLimit = 50;

    /// <summary>Searches, newest first.</summary>
    [Function("FindObjects")]
    [AllowedRoles(Role.Viewer, Role.Operator, Role.Investigator)]
    public async Task<IActionResult> FindObjectsAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "objects")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var query = new RequestQuery(request, "from", "to", "region", "type", "state", "q", "call", "exhaustive", "cursor", "limit");
        var filter = new SearchFilter
        {
            From = query.Instant("from"),
            To = query.Instant("to"),
            Region = query.Text("region", MaxNameLength),
            Type = query.Text("type", MaxNameLength),
            State = query.Name<LedgerState>("state"),
            Text = SearchRequest.ReadText(query),
            Call = query.Text("call", SearchFilter.MaxCallIdLength),
            IsExhaustive = query.Boolean("exhaustive"),
        };
        var caller = request.HttpContext.GetCaller();
        filter = filter with { Scope = SearchRequest.FindScope(caller, filter) };
        var limit = query.Integer("limit", DefaultLimit, 1, ObjectSearch.MaxRows);
        var page = await search.FindAsync(filter, SearchRequest.ReadCursor(query, filter), limit, cancellationToken);
        var found = new FoundObjects(
            [.. page.Entries.Select(entry => ObjectItem.Of(entry, options.Retention, caller))],
            SearchRequest.WriteCursor(filter, page.Next),
            page.Next?.Time,
            SearchRequest.CountUnindexed(page.UnindexedDays),
            SearchRequest.SaysExhaustive(filter, page.IsAnywhere));
        return ApiJson.Result(found, ApiJson.Default.FoundObjects);
    }

    /// <summary>Shows one object.</summary>
    [Function("GetObject")]
    [AllowedRoles(Role.Viewer, Role.Operator, Role.Investigator)]
    public async Task<IActionResult> GetObjectAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "objects/{region}/{id}")] HttpRequest request,
        string region,
        string id,
        CancellationToken cancellationToken)
    {
        var caller = request.HttpContext.GetCaller();
        var entry = await FindAsync(new RequestQuery(request, "created"), region, id, caller.Scope, cancellationToken);
        return ApiJson.Result(ObjectItem.Of(entry, options.Retention, caller), ApiJson.Default.ObjectItem);
    }

    /// <summary>Leads to the archived content: 302, or the address as JSON when the request asks for that.</summary>
    [Function("GetObjectContent")]
    [AllowedRoles(Role.Viewer, Role.Investigator)]
    public async Task<IActionResult> GetObjectContentAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "objects/{region}/{id}/content")] HttpRequest request,
        string region,
        string id,
        CancellationToken cancellationToken)
    {
        var query = new RequestQuery(request, "created", "download", "unnamed");
        var (save, isNamed) = (query.Boolean("download"), !query.Boolean("unnamed"));
        var entry = await FindAsync(query, region, id, request.HttpContext.GetCaller().ContentScope, cancellationToken);
        var link = await contents.LinkAsync(entry, save, isNamed, cancellationToken);
        if (request.GetTypedHeaders().Accept.Any(type => type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)))
        {
            return ApiJson.Result(link, ApiJson.Default.ContentLink);
        }

        request.HttpContext.Response.Headers.Location = link.Url.AbsoluteUri;
        return new StatusCodeResult(StatusCodes.Status302Found);
    }

    /// <summary>Shows archived text, such as a transcript.</summary>
    [Function("GetObjectText")]
    [AllowedRoles(Role.Viewer, Role.Investigator)]
    public async Task<IActionResult> GetObjectTextAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "objects/{region}/{id}/text")] HttpRequest request,
        string region,
        string id,
        CancellationToken cancellationToken)
    {
        var scope = request.HttpContext.GetCaller().ContentScope;
        var entry = await FindAsync(new RequestQuery(request, "created"), region, id, scope, cancellationToken);
        var text = await contents.ReadTextAsync(entry, cancellationToken);
        request.HttpContext.Response.Headers["X-Truncated"] = text.IsWhole ? "false" : "true";
        return new ContentResult { Content = text.Text, ContentType = "text/plain; charset=utf-8", StatusCode = StatusCodes.Status200OK };
    }

    /// <summary>Puts one object into its queue again.</summary>
    [Function("QueueObject")]
    [AllowedRoles(Role.Operator)]
    public async Task<IActionResult> QueueObjectAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "objects/{region}/{id}/archive")] HttpRequest request,
        string region,
        string id,
        CancellationToken cancellationToken)
    {
        await RequestBody.ReadAsync(request, RequestJson.Default.EmptyRequest, cancellationToken);
        var scope = request.HttpContext.GetCaller().Scope;
        var entry = await FindAsync(new RequestQuery(request, "created"), region, id, scope, cancellationToken);
        var queue = await requeuer.RequeueAsync(entry, cancellationToken);
        return ApiJson.Result(new QueuedObject(queue), ApiJson.Default.QueuedObject, StatusCodes.Status202Accepted);
    }

    private async Task<LedgerEntry> FindAsync(RequestQuery query, string region, string id, ObjectScope scope, CancellationToken cancellationToken)
    {
        var entry = await finder.FindAsync(region, RouteId.Decode(id), query.Instant("created"), scope.Includes, cancellationToken);
        return entry ?? throw new NotFoundException("No object of this region and id is known.");
    }
}

/// <summary>What a search found.</summary>
/// <param name="Items">The objects, newest first.</param>
/// <param name="Cursor">Gives the next page; <see langword="null"/> on the last.</param>
/// <param name="SearchedTo">Everything later was searched; <see langword="null"/> on the last page, when everything was.</param>
/// <param name="UnindexedDays">How many days looked for are not all in the index yet; <see langword="null"/> for none.</param>
/// <param name="Exhaustive">Whether every object is compared; <see langword="null"/> when the index leads to what is found, or there is nothing to compare.</param>
public sealed record FoundObjects(
    IReadOnlyList<ObjectItem> Items,
    string? Cursor,
    DateTimeOffset? SearchedTo,
    int? UnindexedDays,
    bool? Exhaustive);

/// <summary>An object that was put into a queue.</summary>
/// <param name="Queue">The queue.</param>
public sealed record QueuedObject(string Queue);

/// <summary>A request that has nothing to say.</summary>
internal sealed record EmptyRequest;
