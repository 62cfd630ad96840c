using Archiving.Model;
using Azure;
using EightByEight;

namespace Archiving.Source;

/// <summary>Tells failures of 8x8 that concern everything from those of one request.</summary>
internal static class SourceFailure
{
    /// <summary>
    /// The answer behind an exception, of 8x8 or of a storage account about one request; <see langword="null"/> when it is no failed request.
    /// </summary>
    public static RequestFailedException? Answer(Exception exception) => exception switch
    {
        RequestFailedException failed => failed,
        AggregateException { InnerExceptions: [.., var last] } => Answer(last),
        _ => null,
    };

    /// <summary>Describes a failure that every other request would meet as well: no connection, a refused token, too many requests.</summary>
    public static OutageException? AsOutage(Exception exception) => exception switch
    {
        OutageException outage => outage,

        // The token could not be replaced before a retry.
        AggregateException { InnerExceptions: [.., OutageException outage] } => outage,
        _ => Answer(exception) switch
        {
            { Status: 0 } unreachable => new OutageException(
                Condition.Source,
                "8x8 does not answer. Check the network and EightByEight__BaseUrl, and https://status.8x8.com.",
                unreachable),
            // The host of a pre-signed address knows no tokens: what it refuses is about that address.
            { Status: 401 } refused when !IsOfAddress(refused) => new OutageException(
                Condition.Credentials,
                "8x8 refuses the access token (401). A new API key, or a change of its products, takes some minutes to work; if this lasts, "
                    + "check in Admin Console that the API app has the product Call recordings & Storage.",
                refused),
            { Status: 429 } throttled => Throttled((throttled as CloudStorageException)?.RetryAfter, throttled),
            _ => null,
        },
    };

    /// <summary>Describes that 8x8 asks to slow down.</summary>
    public static OutageException Throttled(TimeSpan? retryAfter, Exception? innerException) => new(
        Condition.Source,
        "8x8 asked the app to wait (429). Nothing to do unless it lasts; then set EightByEight__MaxRequestsPerSecond.",
        innerException)
    { RetryAfter = retryAfter };

    /// <summary>Whether not 8x8 has answered, but the host of an address that 8x8 redirected to.</summary>
    public static bool IsOfAddress(RequestFailedException answer) => answer is CloudStorageException { IsFromRedirectTarget: true };

    /// <summary>Describes a failure of a call that is about no object in particular, such as a search: any error is one of the whole.</summary>
    public static OutageException? OfAccount(Exception exception) => AsOutage(exception) ?? Answer(exception) switch
    {
        { Status: 403 } forbidden => new OutageException(
            Condition.Credentials,
            "8x8 does not let this API key search (403). Give its user the role Storage API, and its app the product Call recordings & Storage.",
            forbidden),
        _ => AsFailing(exception),
    };

    /// <summary>
    /// Says why a search failed that no outage explains, in words that need no key to be read; <see langword="null"/> when 8x8 is not
    /// the reason.
    /// </summary>
    public static string? OfSearch(Exception exception, string region) => Answer(exception) switch
    {
        not CloudStorageException => null,
        { Status: 404 or 410 } unknown => $"8x8 does not know the region {region} ({unknown.Status}). Check EightByEight__Regions, or leave it empty for every "
            + "region that the account has.",
        { Status: 400 } => "8x8 rejects the search (400). Check EightByEight__Filter; if it is empty, report it to 8x8.",
        { Status: >= 200 and < 300 } unreadable => $"8x8 answers the search with a page that cannot be read ({unreadable.Status}). Check any proxy in between, "
            + "or report it to 8x8.",
        { Status: >= 300 and < 400 } redirect => $"8x8 redirects the search to an address that the app does not follow ({redirect.Status}). Check "
            + "EightByEight__BaseUrl and any proxy in between.",
        var refusal => $"8x8 refuses the search ({refusal.Status}). Check EightByEight__BaseUrl and any proxy in between, or report it to 8x8.",
    };

    /// <summary>Describes a failure to tell the account's regions: any other answer is that of a wrong address or of a wrong region.</summary>
    public static OutageException? OfRegions(Exception exception, string discoveryRegion) => OfAccount(exception) ?? (Answer(exception) is { } answer
        ? new OutageException(
            Condition.Source,
            $"8x8 does not tell the account's regions when it is asked at {discoveryRegion} ({answer.Status}). Check "
                + "EightByEight__DiscoveryRegion and EightByEight__BaseUrl, or name the regions in EightByEight__Regions.",
            answer)
        : null);

    /// <summary>Describes an error of 8x8's own, which may be one of the whole or of one object.</summary>
    public static OutageException? AsFailing(Exception exception) => Answer(exception) is { Status: >= 500 } failing
        ? new OutageException(
            Condition.Source,
            $"8x8 answers with an error ({failing.Status}). Nothing to do unless it lasts; see https://status.8x8.com.",
            failing)
        : null;
}
