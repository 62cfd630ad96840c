namespace Archiving.Outages;

/// <summary>
/// Distinguishes an outage of a region of 8x8 from objects for which 8x8 fails for reasons of their own. Its server errors are
/// the same: when requests for many objects of a region fail and none in between succeeds, it is an outage.
/// </summary>
public sealed class FailingObjects(TimeProvider timeProvider)
{
    /// <summary>How many objects of a region make an outage. An instance works on more than that when there is much to archive.</summary>
    public const int Outage = 20;

    private static readonly TimeSpan Lately = TimeSpan.FromMinutes(15);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, HashSet<string>> _failing = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _worked = new(StringComparer.Ordinal);

    /// <summary>Takes in that 8x8 answered with a server error for an object.</summary>
    /// <returns>Whether it does so for so many of the region that it is an outage.</returns>
    public bool Add(string region, string id)
    {
        lock (_lock)
        {
            if (!_failing.TryGetValue(region, out var ids))
            {
                _failing[region] = ids = new HashSet<string>(StringComparer.Ordinal);
            }

            if (ids.Count < Outage)
            {
                ids.Add(id);
            }

            return ids.Count == Outage;
        }
    }

    /// <summary>Takes in that 8x8 did for an object of a region what it was asked: gave its content, or agreed to restore it.</summary>
    /// <returns>Whether that ended an outage.</returns>
    public bool Clear(string region)
    {
        lock (_lock)
        {
            _worked[region] = timeProvider.GetUtcNow();
            return _failing.Remove(region, out var ids) && ids.Count == Outage;
        }
    }

    /// <summary>Whether it did so within a quarter of an hour. What else 8x8 answers, such as a search, says nothing about content.</summary>
    public bool WorkedLately(string region)
    {
        lock (_lock)
        {
            return _worked.TryGetValue(region, out var at) && (timeProvider.GetUtcNow() - at).Duration() < Lately;
        }
    }
}
