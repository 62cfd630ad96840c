using Archiving.Ledger;
using Archiving.Settings;
using Azure.Data.Tables;

namespace Operations.Access;

/// <summary>
/// Which objects a caller sees: everything, nothing, or those that have all values of one of some alternatives. Values
/// are compared as Table Storage does, character by character, so that a query and <see cref="Includes"/> agree.
/// </summary>
public sealed class ObjectScope
{
    private readonly IReadOnlyList<IReadOnlyDictionary<ScopeField, string>> _any;

    private ObjectScope(IReadOnlyList<IReadOnlyDictionary<ScopeField, string>> any, bool isEverything)
    {
        _any = any;
        IsEverything = isEverything;
    }

    /// <summary>Every object.</summary>
    public static ObjectScope Everything { get; } = new([], isEverything: true);

    /// <summary>No object.</summary>
    public static ObjectScope Nothing { get; } = new([], isEverything: false);

    /// <summary>Whether it is every object.</summary>
    public bool IsEverything { get; }

    /// <summary>Whether it is no object.</summary>
    public bool IsNothing => !IsEverything && _any.Count == 0;

    /// <summary>Objects that have all values of one of the alternatives.</summary>
    public static ObjectScope Of(IEnumerable<IReadOnlyDictionary<ScopeField, string>> any) =>
        new([.. any.DistinctBy(Describe, StringComparer.Ordinal)], isEverything: false);

    /// <summary>Whether an object is in it.</summary>
    /// <param name="row">Its row, with the columns of <see cref="ScopeField"/>.</param>
    public bool Includes(LedgerEntry row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return IsEverything || _any.Any(values => values.All(wanted => string.Equals(ValueOf(row, wanted.Key), wanted.Value, StringComparison.Ordinal)));
    }

    /// <summary>
    /// It as conditions for queries of Table Storage, all of which together find what is in it: one that is empty for
    /// everything, none for nothing. An object can be found by more than one.
    /// </summary>
    /// <param name="maxComparisons">Maximum number of comparisons in one condition. An alternative with more is a condition of its own.</param>
    public IReadOnlyList<string> ToConditions(int maxComparisons)
    {
        if (IsEverything)
        {
            return [""];
        }

        var conditions = new List<string>();
        var alternatives = new List<string>();
        var comparisons = 0;
        foreach (var values in _any)
        {
            if (comparisons > 0 && comparisons + values.Count > maxComparisons)
            {
                Flush();
            }

            alternatives.Add($"({string.Join(" and ", values.Select(wanted => $"{wanted.Key} eq {TableClient.CreateQueryFilter($"{wanted.Value}")}"))})");
            comparisons += values.Count;
        }

        Flush();
        return conditions;

        void Flush()
        {
            if (alternatives.Count > 0)
            {
                conditions.Add($" and ({string.Join(" or ", alternatives)})");
                alternatives.Clear();
                comparisons = 0;
            }
        }
    }

    /// <summary>The same text for the same scope, by which a cursor is bound to it.</summary>
    public override string ToString() => IsEverything ? "*" : string.Join('|', _any.Select(Describe));

    private static string Describe(IReadOnlyDictionary<ScopeField, string> values) =>
        string.Join('&', values.OrderBy(value => value.Key).Select(value => $"{value.Key}={value.Value.Length} {value.Value}"));

    private static string? ValueOf(LedgerEntry row, ScopeField field) => field switch
    {
        ScopeField.Region => row.Region,
        ScopeField.Type => row.Type,
        ScopeField.UserId => row.UserId,
        ScopeField.BucketId => row.BucketId,
        ScopeField.QueueName => row.QueueName,
        ScopeField.AgentName => row.AgentName,
        _ => null,
    };
}
