using System.Runtime.CompilerServices;
using Archiving.Model;
using Archiving.Outages;

namespace Archiving.Source;

/// <summary>Lists what is wanted of 8x8. A failure that concerns more than one window is thrown as an outage, and each page ends one.</summary>
public sealed class SourceListing(KeysetPager pager, WantedObjects wanted, HealthBoard health)
{
    /// <summary>Lists a window in ascending order of its time.</summary>
    /// <param name="region">8x8's region.</param>
    /// <param name="field">The time to list by.</param>
    /// <param name="from">Start of the window.</param>
    /// <param name="to">End of the window, which is not part of it.</param>
    /// <param name="types">The types to list; those of the settings when there are none.</param>
    /// <param name="cancellationToken">Stops the listing.</param>
    /// <exception cref="OutageException">8x8 does not work.</exception>
    public async IAsyncEnumerable<KeysetPage> ReadAsync(
        string region,
        TimeField field,
        DateTimeOffset from,
        DateTimeOffset to,
        IReadOnlyList<string>? types,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var scan = new KeysetScan(region, field, from, to, wanted.ToFiql(types));
        await using var pages = pager.ReadAsync(scan, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await MoveNextAsync(pages))
        {
            health.Clear(Condition.Source);
            yield return pages.Current;
        }
    }

    private static async Task<bool> MoveNextAsync(IAsyncEnumerator<KeysetPage> pages)
    {
        try
        {
            return await pages.MoveNextAsync();
        }
        catch (Exception exception) when (SourceFailure.OfAccount(exception) is { } outage)
        {
            throw outage;
        }
    }
}
