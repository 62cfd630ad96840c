using Archiving.Ledger;
using Operations.Access;
using Operations.Search;

namespace Functions.Http;

/// <summary>What requests that search have in common.</summary>
internal static class SearchRequest
{
    /// <summary>Maximum number of characters of a text.</summary>
    public const int MaxTextLength = 200;

    /// <summary>The text looked for; <see langword="null"/> when it is missing or only white space.</summary>
    /// <exception cref="BadRequestException">It is too long.</exception>
    public static string? ReadText(RequestQuery query) => query.Text("q", MaxTextLength) is { } text && !SearchText.IsBlank(text) ? text : null;

    /// <summary>Where the page begins; <see langword="null"/> for the first.</summary>
    /// <exception cref="BadRequestException">The time range is empty, or the cursor belongs to another search.</exception>
    public static SearchPosition? ReadCursor(RequestQuery query, SearchFilter filter)
    {
        if (filter.To <= filter.From)
        {
            throw new BadRequestException("to", "Expected a time after \"from\".");
        }

        if (query.Text("cursor", int.MaxValue) is not { } cursor)
        {
            return null;
        }

        return SearchCursor.TryRead(filter, cursor, out var position)
            ? position
            : throw new BadRequestException("cursor", "Expected the cursor of an answer to this very search.");
    }

    /// <summary>The cursor of an answer.</summary>
    public static string? WriteCursor(SearchFilter filter, SearchPosition? next) => next is { } position ? SearchCursor.Write(filter, position) : null;

    /// <summary>What a search may find. By a text only what the caller may see names of, because a hit tells that the name is there.</summary>
    public static ObjectScope FindScope(Caller caller, SearchFilter filter) => filter.Text is null ? caller.Scope
        : !caller.ContentScope.IsNothing || caller.Scope.IsNothing ? caller.ContentScope
        : throw new ForbiddenException($"A search for a text tells names of people, and needs one of the roles {nameof(Role.Viewer)}, "
            + $"{nameof(Role.Investigator)}, {nameof(Role.Administrator)}. Search by time, region, type, state or call.");

    /// <summary>What an answer says of the days that are not indexed: nothing when there are none.</summary>
    public static int? CountUnindexed(int days) => days > 0 ? days : null;

    /// <summary>What an answer says of a search by text or call that compares every object: nothing when the index leads to them.</summary>
    public static bool? SaysExhaustive(SearchFilter filter, bool isAnywhere) => isAnywhere && (filter.Text ?? filter.Call) is not null ? true : null;
}
