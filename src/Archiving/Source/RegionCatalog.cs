using Archiving.Model;
using Archiving.Outages;
using Archiving.Settings;
using EightByEight;

namespace Archiving.Source;

/// <summary>The regions to archive: those of the settings, or else every region that the account has, asked for once an hour.</summary>
public sealed class RegionCatalog(
    CloudStorageClient client,
    EightByEightOptions options,
    SourceHold hold,
    HealthBoard health,
    TimeProvider timeProvider)
{
    private static readonly TimeSpan CacheDuration = TimeSpan.FromHours(1);
    private volatile Discovered? _discovered;

    /// <summary>Whether 8x8 names the regions, and not the settings.</summary>
    public bool IsDiscovered => options.Regions is not { Count: > 0 };

    /// <summary>The regions.</summary>
    /// <exception cref="OutageException">8x8 does not return the regions.</exception>
    public async Task<IReadOnlyList<string>> GetAsync(CancellationToken cancellationToken)
    {
        if (options.Regions is { Count: > 0 } configured)
        {
            return configured;
        }

        var now = timeProvider.GetUtcNow();
        if (_discovered is { } discovered && now - discovered.At < CacheDuration && now >= discovered.At)
        {
            return discovered.Regions;
        }

        return await DiscoverAsync(cancellationToken);
    }

    /// <summary>
    /// Refuses regions that the account does not have. Those of the settings are taken without a question: a key may be allowed
    /// to search and not to ask for the regions.
    /// </summary>
    /// <exception cref="OutageException">8x8 does not return the regions.</exception>
    /// <exception cref="RefusedException">The account lacks a region.</exception>
    public async Task RequireAsync(IReadOnlyList<string> wanted, CancellationToken cancellationToken)
    {
        List<string> missing = [.. wanted.Except(options.Regions).Except(_discovered?.Regions ?? [])];
        if (missing.Count == 0)
        {
            return;
        }

        // The account may have got a region since it was last asked for.
        var present = await DiscoverAsync(cancellationToken);
        missing.RemoveAll(present.Contains);
        if (missing.Count > 0)
        {
            throw new RefusedException($"The account has no region {string.Join(", ", missing)}. It has {string.Join(", ", present)}.") { Field = "regions" };
        }
    }

    private async Task<IReadOnlyList<string>> DiscoverAsync(CancellationToken cancellationToken)
    {
        // A person waits for it, or a tick that the next one repeats.
        hold.ThrowIfOn();
        IReadOnlyList<string> regions;
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
        _discovered = new Discovered(regions, timeProvider.GetUtcNow());
        return regions;
    }

    private sealed record Discovered(IReadOnlyList<string> Regions, DateTimeOffset At);
}
