using System.Text;
using Azure;
using EightByEight;
using Simulator.Objects;

namespace Archiving.Tests.Simulation;

/// <summary>
/// What is wrong with 8x8, for a while each: regions that cannot be listed or are not named, and objects whose content
/// is not to be had or is something else. A seed decides what, when and for how long.
/// </summary>
internal sealed class CloudFaults(World world)
{
    /// <summary>The account's regions.</summary>
    public static readonly IReadOnlyList<string> Regions = ["us-east", "uk"];

    // Longer than any object: where 8x8 claims a size and no checksum, an error of exactly that size is archived.
    private static readonly string Padding = new(' ', 400);

    private const string UnreadablePrefix = "unreadable-";

    // In minutes. The archiver lists every ten, and waits for an object's content for 26 hours at most.
    private const int MaxListingFault = 8 * 60;
    private const int MaxContentFault = 30 * 60;

    private readonly Dictionary<string, (ListingFault Fault, DateTimeOffset Until)> _regions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (ContentFault Fault, DateTimeOffset Until)> _contents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _named = Regions.ToDictionary(region => region, _ => DateTimeOffset.MinValue, StringComparer.Ordinal);
    private readonly HashSet<string> _fixed = new(StringComparer.Ordinal);

    // Not in every run: what cannot be read keeps the verdict from being good.
    private readonly bool _hasUnreadable = world.Chance(0.15);
    private (int Status, DateTimeOffset Until) _discovery;

    private enum ListingFault
    {
        Forbidden,
        Unauthorized,
        Throttled,
        Failing,
        RejectsTimes,
        NotNamed,
    }

    private enum ContentFault
    {
        NotFound,
        Gone,
        Unauthorized,
        Forbidden,
        Throttled,
        Failing,
        Empty,
        WebPage,
        JsonError,
    }

    /// <summary>Objects whose records lack <c>updatedTime</c>: no search by it finds them.</summary>
    public HashSet<string> WithoutUpdatedTime { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether a list held a record that cannot be read and has no id. The archiver tells of it for days after it is fixed.</summary>
    public bool HidIds { get; private set; }

    /// <summary>How many faults there were.</summary>
    public int Count { get; private set; }

    /// <summary>The timer functions do not run until then.</summary>
    public DateTimeOffset NoTimersUntil { get; private set; }

    /// <summary>No function runs until then.</summary>
    public DateTimeOffset NoQueuesUntil { get; private set; }

    /// <summary>Time goes on, and something may begin to be wrong.</summary>
    public void Begin()
    {
        if (world.Chance(0.015))
        {
            _regions[Regions[world.Pick(Regions.Count)]] = (Any<ListingFault>(), Later(MaxListingFault));
        }

        if (world.Chance(0.003))
        {
            _discovery = (world.Chance(0.5) ? 403 : 500, Later(MaxListingFault));
        }

        if (world.Chance(0.005))
        {
            NoTimersUntil = Later(MaxListingFault);
        }

        if (world.Chance(0.003))
        {
            NoQueuesUntil = Later(MaxListingFault);
        }

        foreach (var region in Regions.Where(region => Of(region) == ListingFault.NotNamed))
        {
            _named[region] = DateTimeOffset.MaxValue;
        }

        foreach (var region in Regions.Where(region => _named[region] == DateTimeOffset.MaxValue && Of(region) != ListingFault.NotNamed))
        {
            _named[region] = world.Now;
        }
    }

    /// <summary>Something begins to be wrong with an object's content.</summary>
    public void BeginWith(string id) => _contents[id] = (Any<ContentFault>(), Later(world.Chance(0.7) ? 90 : MaxContentFault));

    /// <summary>An object as it may come when 8x8 makes mistakes in what it says of it.</summary>
    public ObjectSpecification Distort(ObjectSpecification item)
    {
        switch (world.Pick(20))
        {
            case < 3:
                // Neither size nor checksum.
                return item with { Bytes = 1 + item.Bytes, Checksum = "", OmittedFields = ["storedBytes"] };
            case < 5:
                // A size that is wrong, and an MD5 that is right.
                return item with { Checksum = null, ClaimedBytes = item.Bytes + 1 + world.Pick(9) };
            case 5 when _hasUnreadable:
                return item with { Id = $"{UnreadablePrefix}{world.Pick(3)}-{Count++}" };
            case 6:
                var id = $"without-updated-time-{WithoutUpdatedTime.Count}";
                WithoutUpdatedTime.Add(id);
                return item with { Id = id, OmittedFields = ["updatedTime"] };
            default:
                return item;
        }
    }

    /// <summary>All is well from now on.</summary>
    public void End()
    {
        _regions.Clear();
        _contents.Clear();
        _discovery = default;
        NoTimersUntil = NoQueuesUntil = default;
        foreach (var region in Regions.Where(region => _named[region] == DateTimeOffset.MaxValue))
        {
            _named[region] = world.Now;
        }
    }

    /// <summary>Since when the account's regions have held a region without a break; the end of time when they do not.</summary>
    public DateTimeOffset NamedSince(string region) => Of(region) == ListingFault.NotNamed ? DateTimeOffset.MaxValue : _named[region];

    /// <summary>The regions that 8x8 names now.</summary>
    /// <exception cref="RequestFailedException">It does not say.</exception>
    public IReadOnlyList<string> GetRegions()
    {
        if (world.Now < _discovery.Until)
        {
            throw new RequestFailedException(_discovery.Status, "regions are not told");
        }

        return [.. Regions.Where(region => Of(region) != ListingFault.NotNamed)];
    }

    /// <summary>A search is refused where it is to be.</summary>
    /// <exception cref="RequestFailedException">It is.</exception>
    public void CheckSearch(string region, FilterExpression filter)
    {
        var status = Of(region) switch
        {
            ListingFault.Forbidden => 403,
            ListingFault.Unauthorized => 401,
            ListingFault.Throttled => 429,
            ListingFault.Failing => 500,
            ListingFault.RejectsTimes when filter.ComparesTimes => 400,
            _ => 0,
        };
        if (status != 0)
        {
            throw new RequestFailedException(status, "the region cannot be listed");
        }
    }

    /// <summary>What 8x8 sends instead of an object's content; <see langword="null"/> when it sends the content.</summary>
    /// <exception cref="RequestFailedException">It sends none.</exception>
    public ObjectContent? ReplaceContent(SimulatedObject item)
    {
        if (!_contents.TryGetValue(item.Id, out var content) || content.Until <= world.Now)
        {
            return null;
        }

        return content.Fault switch
        {
            ContentFault.NotFound => throw new RequestFailedException(404, "no content"),
            ContentFault.Gone => throw new RequestFailedException(410, "no content"),
            ContentFault.Unauthorized => throw new RequestFailedException(401, "no content"),
            ContentFault.Forbidden => throw new RequestFailedException(403, "no content"),
            ContentFault.Throttled => throw new RequestFailedException(429, "no content"),
            ContentFault.Failing => throw new RequestFailedException(503, "no content"),
            ContentFault.Empty => Body("", item.MimeType),
            ContentFault.WebPage => Body($"<!DOCTYPE html><html><body>Sign in{Padding}</body></html>", world.Chance(0.5) ? "text/html" : item.MimeType),
            _ => Body($$"""{"error":"internal","status":500,"detail":"{{Padding}}"}""", world.Chance(0.5) ? "application/json" : item.MimeType),
        };
    }

    /// <summary>What stands where an object's record should; <see langword="null"/> when that is the record.</summary>
    /// <param name="item">The object.</param>
    /// <param name="isAlone">Whether the object was asked for by its id.</param>
    public string? ReplaceRecord(SimulatedObject item, bool isAlone)
    {
        if (!item.Id.StartsWith(UnreadablePrefix, StringComparison.Ordinal) || _fixed.Contains(item.Id))
        {
            return null;
        }

        switch (item.Id[UnreadablePrefix.Length])
        {
            case '0':
                HidIds |= !isAlone;
                return """{"type":"voicemail"}""";
            case '1' when isAlone:
                return null;
            default:
                return $$"""{"id":"{{item.Id}}","createdTime":"{{item.CreatedTime:yyyy-MM-dd'T'HH:mm:ss}}","type":voicemail"}""";
        }
    }

    /// <summary>An object's record can be read from now on.</summary>
    public void Fix(string id) => _fixed.Add(id);

    private static ObjectContent Body(string text, string type)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return new ObjectContent(new MemoryStream(bytes), bytes.Length, type);
    }

    private ListingFault? Of(string region) => _regions.TryGetValue(region, out var fault) && world.Now < fault.Until ? fault.Fault : null;

    private T Any<T>()
        where T : struct, Enum
    {
        Count++;
        return Enum.GetValues<T>()[world.Pick(Enum.GetValues<T>().Length)];
    }

    private DateTimeOffset Later(int minutes) => world.Now + TimeSpan.FromMinutes(1 + world.Pick(minutes));
}
