using System.Collections.Concurrent;

namespace Simulator.Faults;

/// <summary>Counts calls by kind. Safe for many threads.</summary>
public sealed class Counters
{
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>How often something happened.</summary>
    public long this[string name] => _counts.GetValueOrDefault(name);

    /// <summary>All counts, by name.</summary>
    public IReadOnlyDictionary<string, long> GetAll() => new SortedDictionary<string, long>(_counts, StringComparer.Ordinal);

    /// <summary>Sets all counts back.</summary>
    public void Reset() => _counts.Clear();

    internal void Count(string name, long by = 1) => _counts.AddOrUpdate(name, by, (_, count) => count + by);
}
