using Archiving.Model;
using Archiving.Outages;
using Archiving.Settings;
using EightByEight;

namespace Archiving.Source;

/// <summary>The regions to archive: those of the settings, or else every region that the account has, asked for once an hour.</summary>
public sealed class RegionCatalog(CloudStorageClient client, EightByEightOptions options, HealthBoard health, TimeProvider timeProvider)
{
    private static readonly TimeSpan GoodFor = TimeSpan.FromHours(1);
    private (IReadOnlyList<string> Regions, DateTimeOffset At)? _discovered;

    /// <summary>The regions.</summary>
    /// <exception cref="OutageException">8x8 does not return the regions.</exception>
    public async Task<IReadOnlyList<string>> GetAsync(CancellationToken cancellationToken)
    {
        if (options.Regions is { Count: > 0 } configured)
        {
            return configured;
        }

        var now = timeProvider.GetUtcNow();
        if (_discovered is var (regions, at) && now - at < GoodFor && now >= at)
        {
            return regions;
        }

        try
        {
            regions = await client.GetRegionsAsync(options.DiscoveryRegion, cancellationToken);
        }
        catch (Exception exception) when (SourceFailure.OfRegions(exception, options.DiscoveryRegion) is { } outage)
        {
            throw outage;
        }

        if (regions.Count == 0)
        {
            throw new OutageException(
                Condition.Source,
                "8x8 names no region for this account. Check that the API key belongs to the right customer, or set EightByEight__Regions.");
        }

        health.Clear(Condition.Source);
        _discovered = (regions, now);
        return regions;
    }
}
