using System.Globalization;
using System.Text.RegularExpressions;
using Archiving.Model;
using Archiving.Settings;

namespace Operations.Plan;

/// <summary>What a plan is to look at. Options of the command and parameters of <c>GET /api/plan</c> are read alike.</summary>
public sealed partial record PlanRequest
{
    /// <summary>The names that can be given.</summary>
    public static readonly IReadOnlyList<string> Names = ["from", "to", "regions", "types", "maxPages", "probeRights"];

    private const int PageLimit = 100_000;

    /// <summary>Objects made before are left out; <see langword="null"/> for where the first listing begins.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Objects made then or later are left out; <see langword="null"/> for now.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>8x8's regions; empty for those of the settings.</summary>
    public IReadOnlyList<string> Regions { get; init; } = [];

    /// <summary>Object types; empty for those of the settings.</summary>
    public IReadOnlyList<string> Types { get; init; } = [];

    /// <summary>How many pages of a hundred records are listed at most; what is left is estimated. 0 for all.</summary>
    public int MaxPages { get; init; }

    /// <summary>Whether the rights to restore and delete are tried; <see langword="null"/> for those that the settings need.</summary>
    public bool? ProbeRights { get; init; }

    /// <summary>
    /// How long is listed at most; what is left is estimated. 8x8 is asked for its oldest objects as long again at most.
    /// <see langword="null"/> for as long as it takes.
    /// </summary>
    public TimeSpan? MaxDuration { get; init; }

    /// <summary>Reads names and values as text. A name in another case is another name.</summary>
    /// <exception cref="PlanRequestException">A name is unknown, or a value is not what it should be.</exception>
    public static PlanRequest Parse(IEnumerable<KeyValuePair<string, string>> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var request = new PlanRequest();
        foreach (var (name, text) in values)
        {
            request = name switch
            {
                "from" => request with { From = Instant(name, text) },
                "to" => request with { To = Instant(name, text) },
                "regions" => request with { Regions = List(name, text) },
                "types" => request with { Types = List(name, text) },
                "maxPages" => request with { MaxPages = Number(name, text) },
                "probeRights" => request with
                {
                    ProbeRights = bool.TryParse(text, out var probes) ? probes : throw new PlanRequestException(name, "Expected true or false."),
                },
                _ => throw new PlanRequestException(name, $"There is no such parameter; expected {string.Join(", ", Names)}."),
            };
        }

        return request;
    }

    /// <summary>The time range that is planned.</summary>
    /// <exception cref="PlanRequestException">It ends before it begins.</exception>
    public (DateTimeOffset From, DateTimeOffset To) TimeRange(ListingOptions listing, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(listing);
        var to = To ?? now;
        var from = From ?? listing.StartFrom ?? now - ListingOptions.FirstLookBack;
        if (to > from)
        {
            return (UtcTime.SecondOf(from), UtcTime.SecondOf(to) + (to == UtcTime.SecondOf(to) ? TimeSpan.Zero : TimeSpan.FromSeconds(1)));
        }

        throw From is null && To is null
            ? new PlanRequestException("from", "Listing__StartFrom lies ahead. Give a time before now.")
            : new PlanRequestException(
                To is null ? "from" : "to",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Expected a time {(To is null ? "before now" : $"after {from:yyyy-MM-dd'T'HH:mm:ss'Z'}, where the time range begins")}."));
    }

    private static DateTimeOffset Instant(string name, string text) => IsoTime.Parse(text) ?? throw new PlanRequestException(name, IsoTime.Expected);

    private static string[] List(string name, string text)
    {
        var names = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

        // An empty list must not mean everything.
        return names.Length > 0 && Array.TrueForAll(names, item => PlainName().IsMatch(item))
            ? [.. names.Distinct(StringComparer.Ordinal)]
            : throw new PlanRequestException(name, "Expected names of letters, digits, '.', '-' and '_', separated by commas.");
    }

    private static int Number(string name, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= PageLimit
            ? number
            : throw new PlanRequestException(name, string.Create(CultureInfo.InvariantCulture, $"Expected a whole number from 0 to {PageLimit}; 0 lists all."));

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PlainName();
}
