using System.Text.Json;
using Archiving.Cases;

namespace Operations.Cases;

/// <summary>
/// What the storage refused while a hold was placed or released, by reason. It is kept in the change's row from one batch to
/// the next, so only some objects are named, and the others counted.
/// </summary>
internal sealed class RefusedHolds
{
    private const int MaxReasons = 10;
    private const int MaxNames = 5;
    private readonly Dictionary<string, RefusedObjects> _reasons;

    private RefusedHolds(Dictionary<string, RefusedObjects> reasons) => _reasons = reasons;

    public static RefusedHolds Parse(string? json) =>
        new(json is null ? [] : JsonSerializer.Deserialize(json, CaseJson.Default.DictionaryStringRefusedObjects)!);

    public void Add(CaseObjectRow item, string why)
    {
        // A reason is a sentence about the account; there are few of them.
        why = _reasons.Count < MaxReasons || _reasons.ContainsKey(why) ? why : _reasons.Keys.Last();
        var known = _reasons.GetValueOrDefault(why) ?? new RefusedObjects(0, []);
        _reasons[why] = new RefusedObjects(known.Count + 1, known.Names.Count < MaxNames ? [.. known.Names, $"{item.Region}/{item.Id}"] : known.Names);
    }

    /// <summary>What was refused, for people; <see langword="null"/> for nothing.</summary>
    public string? Describe() => _reasons.Count == 0 ? null : string.Join(' ', _reasons.Select(each => $"{each.Key} ({Names(each.Value)})"));

    public string? ToJson() => _reasons.Count == 0 ? null : JsonSerializer.Serialize(_reasons, CaseJson.Default.DictionaryStringRefusedObjects);

    private static string Names(RefusedObjects objects) =>
        string.Join(", ", objects.Names) + (objects.Count > objects.Names.Count ? $" and {objects.Count - objects.Names.Count} more" : "");
}

/// <param name="Count">How many objects were refused for a reason.</param>
/// <param name="Names">The first of them.</param>
internal sealed record RefusedObjects(long Count, IReadOnlyList<string> Names);
