using System.Text.Json.Serialization;
using Archiving.Model;
using Operations.Catalogue;
using Operations.Drill;

namespace Operations.Status;

/// <summary>What <c>GET /api/status</c> answers.</summary>
/// <param name="Verdict">Whether anything needs a person, in a sentence or two.</param>
/// <param name="Objects">How many objects are in each ledger state.</param>
/// <param name="ByType">The same for each object type.</param>
/// <param name="Bytes">Size of everything archived, in bytes.</param>
/// <param name="Waiting">How many objects are on their way: queued, or being restored from cold storage.</param>
/// <param name="Queues">About how many messages each queue holds.</param>
/// <param name="Token">The access token.</param>
/// <param name="Listings">How far each region has been listed.</param>
/// <param name="OldestUnarchived">The object that has waited longest; <see langword="null"/> when none waits.</param>
/// <param name="AtRisk">How many objects are not archived and are deleted by 8x8 within seven days, to the hour.</param>
/// <param name="Risks">The same by region and type, soonest first.</param>
public sealed record StatusReport(
    Verdict Verdict,
    IReadOnlyDictionary<string, long> Objects,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, long>> ByType,
    long Bytes,
    long Waiting,
    IReadOnlyDictionary<string, long> Queues,
    TokenStatus Token,
    IReadOnlyDictionary<string, ListingStatus> Listings,
    UnarchivedObject? OldestUnarchived,
    long AtRisk,
    IReadOnlyList<Risk> Risks)
{
    /// <summary>When the archived object that was not read for the longest time was verified, or else archived. For the gauges.</summary>
    [JsonIgnore]
    public DateTimeOffset? OldestRead { get; init; }

    /// <summary>The catalogue; <see langword="null"/> when there is none by <c>Catalogue__Format</c>.</summary>
    public CatalogueStatus? Catalogue { get; init; }

    /// <summary>The last restore drill; <see langword="null"/> when there was none.</summary>
    public DrillReport? Drill { get; init; }

    /// <summary>How posting notifications goes; <see langword="null"/> when none was ever posted.</summary>
    public NotificationStatus? Notifications { get; init; }

    /// <summary>How many objects are in a state.</summary>
    public long Count(LedgerState state) => Objects.GetValueOrDefault(state.ToString());
}

/// <summary>The whole in a sentence or two.</summary>
/// <param name="IsSafe">Whether nothing failed, nothing is at risk, and every region was listed lately.</param>
/// <param name="Text">For people, in English.</param>
public sealed record Verdict(bool IsSafe, string Text);

/// <summary>Objects that are not archived, and that 8x8 deletes within seven days.</summary>
/// <param name="Region">8x8's region.</param>
/// <param name="Type">Object type.</param>
/// <param name="Count">How many.</param>
/// <param name="DeletedBy8x8On">When 8x8 deletes the first of them.</param>
public sealed record Risk(string Region, string Type, long Count, [property: JsonPropertyName("deletedBy8x8On")] DateTimeOffset DeletedBy8x8On);

/// <summary>The access token.</summary>
/// <param name="ExpiresOn">When it expires; <see langword="null"/> before the first.</param>
public sealed record TokenStatus(DateTimeOffset? ExpiresOn);

/// <summary>How posting goes.</summary>
/// <param name="LastSent">When a notification was last delivered; <see langword="null"/> when none was.</param>
/// <param name="LastError">Why the last one was not; <see langword="null"/> when it was.</param>
/// <param name="LastErrorAt">When it was not.</param>
public sealed record NotificationStatus(DateTimeOffset? LastSent, string? LastError, DateTimeOffset? LastErrorAt);

/// <summary>How far a region has been listed.</summary>
/// <param name="Watermark">Everything changed before this time has been listed.</param>
/// <param name="LastCompleted">When a listing was last completed.</param>
public sealed record ListingStatus(DateTimeOffset? Watermark, DateTimeOffset? LastCompleted)
{
    /// <summary>When the region was first listed. For the gauges: a region whose first listing never ends must be heard of too.</summary>
    [JsonIgnore]
    public DateTimeOffset? Began { get; init; }

    /// <summary>For how long no listing was completed; <see langword="null"/> when none began.</summary>
    public TimeSpan? Age(DateTimeOffset now) => now - (LastCompleted ?? Began);
}

/// <summary>An object that is not archived.</summary>
/// <param name="Id">8x8's id.</param>
/// <param name="Region">8x8's region.</param>
/// <param name="CreatedTime">When it was made.</param>
/// <param name="DeletedBy8x8On">When 8x8 deletes it.</param>
public sealed record UnarchivedObject(
    string Id,
    string Region,
    DateTimeOffset CreatedTime,
    [property: JsonPropertyName("deletedBy8x8On")] DateTimeOffset DeletedBy8x8On);
