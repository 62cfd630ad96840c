using Archiving.Ledger;
using Archiving.Model;
using Functions.Access;
using Functions.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Operations.Access;
using Operations.Objects;
using Operations.Search;

namespace Functions;

/// <summary>Finds calls: what a search finds, grouped.</summary>
public sealed class CallFunctions(CallSearch search, ObjectContents contents)
{
    private const int MaxNameLength = 100;
    private const int DefaultLimit = 16;

    /// <summary>Searches, newest first.</summary>
    [Function("FindCalls")]
    [AllowedRoles(Role.Viewer, Role.Operator, Role.Investigator)]
    public async Task<IActionResult> FindCallsAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "calls")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var query = new RequestQuery(request, "from", "to", "region", "q", "call", "exhaustive", "cursor", "limit");
        var filter = new SearchFilter
        {
            From = query.Instant("from"),
            To = query.Instant("to"),
            Region = query.Text("region", MaxNameLength),
            Text = SearchRequest.ReadText(query),
            Call = query.Text("call", SearchFilter.MaxCallIdLength),
            IsExhaustive = query.Boolean("exhaustive"),
        };
        var caller = request.HttpContext.GetCaller();
        filter = filter with { Scope = SearchRequest.FindScope(caller, filter) };
        var limit = query.Integer("limit", DefaultLimit, 1, CallSearch.MaxCalls);
        var page = await search.FindAsync(filter, SearchRequest.ReadCursor(query, filter), limit, cancellationToken);
        var places = await Task.WhenAll(page.Calls.Select(call => FindPlaceAsync(call, filter.Text, cancellationToken)));
        var found = new FoundCalls(
            [.. page.Calls.Zip(places, (call, place) => CallItem.Of(call, caller) with { Place = place })],
            SearchRequest.WriteCursor(filter, page.Next),
            page.Next?.Time,
            SearchRequest.CountUnindexed(page.UnindexedDays),
            SearchRequest.SaysExhaustive(filter, page.IsAnywhere));
        return ApiJson.Result(found, ApiJson.Default.FoundCalls);
    }

    private async Task<string?> FindPlaceAsync(FoundCall call, string? wanted, CancellationToken cancellationToken)
    {
        try
        {
            return wanted is not null && call.Spoken is { } entry
                ? SpokenPlace.Find((await contents.ReadSearchedTextAsync(entry, cancellationToken)).Text, wanted)
                : null;
        }
        catch (RefusedException)
        {
            // Such as a blob in the archive tier: the call was found all the same.
            return null;
        }
    }
}

/// <summary>What a search for calls found.</summary>
/// <param name="Items">The calls, newest first.</param>
/// <param name="Cursor">Gives the next page; <see langword="null"/> on the last.</param>
/// <param name="SearchedTo">Everything later was searched; <see langword="null"/> on the last page, when everything was.</param>
/// <param name="UnindexedDays">How many days looked for are not all in the index yet; <see langword="null"/> for none.</param>
/// <param name="Exhaustive">Whether every object is compared; <see langword="null"/> when the index leads to what is found, or there is nothing to compare.</param>
public sealed record FoundCalls(
    IReadOnlyList<CallItem> Items,
    string? Cursor,
    DateTimeOffset? SearchedTo,
    int? UnindexedDays,
    bool? Exhaustive);

/// <summary>A call as <c>GET /api/calls</c> shows it.</summary>
/// <param name="CallId">
/// 8x8's id of the call; of an object without a call, its own when an object of its bucket names it as its call, else that of its bucket, else
/// its own.
/// </param>
/// <param name="Start">When it began, else when its first object was made.</param>
/// <param name="Person">Name of the user or agent.</param>
/// <param name="Number">Number of the other party.</param>
/// <param name="Direction"><c>inbound</c> or <c>outbound</c>, as 8x8 writes it.</param>
/// <param name="DurationSeconds">How long it was, in seconds.</param>
/// <param name="Objects">Its objects, oldest first.</param>
public sealed record CallItem(
    string CallId,
    DateTimeOffset Start,
    string? Person,
    string? Number,
    string? Direction,
    double? DurationSeconds,
    IReadOnlyList<CallObject> Objects)
{
    /// <summary>Where in its transcript or summary the words are that are looked for, with those around them.</summary>
    public string? Place { get; init; }

    /// <summary>Shows a call to a caller, with the names of people that the caller may see.</summary>
    public static CallItem Of(FoundCall call, Caller caller)
    {
        ArgumentNullException.ThrowIfNull(call);
        ArgumentNullException.ThrowIfNull(caller);
        var objects = call.Objects;
        return new CallItem(
            call.CallId,
            objects.Min(entry => entry.StartTime ?? entry.CreatedTime),
            First(entry => Visible(entry, entry.Person ?? entry.AgentName)),
            First(entry => Visible(entry, entry.Number)),
            First(entry => entry.Direction),
            objects.Max(entry => entry.DurationSeconds),
            [.. objects.Select(entry => CallObject.Of(entry) with { ObjectName = Visible(entry, entry.ObjectName) })]);

        string? Visible(LedgerEntry entry, string? name) => name is null || caller.SeesNames(entry) ? name : ObjectItem.Masked;

        string? First(Func<LedgerEntry, string?> value) => objects.Select(value).FirstOrDefault(text => !string.IsNullOrEmpty(text));
    }
}

/// <summary>An object of a call.</summary>
/// <param name="Region">8x8's region.</param>
/// <param name="Id">8x8's id.</param>
/// <param name="Type">8x8's object type.</param>
/// <param name="State">Name of its state in the ledger.</param>
/// <param name="Bytes">Size in bytes: of the archived content, else as 8x8 says.</param>
/// <param name="CreatedTime">When it was made.</param>
/// <param name="MimeType">MIME type by 8x8.</param>
/// <param name="Speaker">Who speaks in a transcript.</param>
/// <param name="ObjectName">The name that 8x8 gives it.</param>
public sealed record CallObject(
    string Region,
    string Id,
    string Type,
    string State,
    long? Bytes,
    DateTimeOffset CreatedTime,
    string? MimeType,
    string? Speaker,
    string? ObjectName)
{
    /// <summary>Shows a row.</summary>
    public static CallObject Of(LedgerEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return new CallObject(
            entry.Region,
            entry.Id,
            entry.Type,
            entry.State,
            entry.Bytes ?? entry.SourceBytes,
            entry.CreatedTime,
            entry.MimeType,
            entry.Speaker,
            entry.ObjectName);
    }
}
