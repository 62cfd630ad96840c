namespace Archiving.Outages;

/// <summary>
/// Distinguishes an outage of 8x8 from objects for which 8x8 fails for reasons of their own. Its server errors are the
/// same: when requests for many objects fail and none in between succeeds, it is an outage.
/// </summary>
public sealed class FailingObjects
{
    /// <summary>How many objects make an outage. An instance works on more than that when there is much to archive.</summary>
    public const int Outage = 20;

    private readonly HashSet<string> _failing = new(StringComparer.Ordinal);

    /// <summary>Takes in that 8x8 answered with a server error for an object.</summary>
    /// <returns>Whether it does so for so many that it is an outage.</returns>
    public bool Add(string region, string id)
    {
        lock (_failing)
        {
            if (_failing.Count < Outage)
            {
                _failing.Add($"{region}/{id}");
            }

            return _failing.Count == Outage;
        }
    }

    /// <summary>Takes in that 8x8 did for an object what it was asked: gave its content, or agreed to restore it.</summary>
    public void Clear()
    {
        lock (_failing)
        {
            _failing.Clear();
        }
    }
}
