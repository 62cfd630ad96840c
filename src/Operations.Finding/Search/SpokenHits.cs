using Archiving.Ledger;
using Archiving.Model;

namespace Operations.Search;

/// <summary>The objects that said what is looked for, by the index.</summary>
internal sealed class SpokenHits(IndexSlots slots)
{
    /// <summary>No object.</summary>
    public static readonly SpokenHits None = new(new IndexSlots([], IsWhole: true));

    private readonly Dictionary<LedgerKey, string> _versions = slots.Slots
        .GroupBy(slot => new LedgerKey(slot.Partition, slot.Text!.Value.Row), slot => slot.Text!.Value.Version)
        .ToDictionary(group => group.Key, group => string.Join('\n', group));

    /// <summary>Whether the text that a row's object has now is one of them.</summary>
    public bool Contain(LedgerEntry entry) => _versions.TryGetValue(entry.Key, out var versions)
        && SpokenText.IsIn(entry)
        && versions.Contains(SpokenText.VersionOf(entry), StringComparison.Ordinal);
}
