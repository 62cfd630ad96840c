using Archiving.Settings;
using EightByEight;

namespace Archiving.Source;

/// <summary>What is archived of all that 8x8 has, by the settings: types, states and an extra filter.</summary>
public sealed class WantedObjects(EightByEightOptions options)
{
    /// <summary>FIQL for what is wanted, time aside.</summary>
    /// <param name="types">The types to list; those of the settings when there are none.</param>
    public string? ToFiql(IReadOnlyList<string>? types = null) => Fiql.And(
        Fiql.Or([.. Types(types).Select(type => Fiql.Equal("type", type))]),
        options.IncludeArchived
            ? Fiql.Or(Fiql.Equal("objectState", "AVAILABLE"), Fiql.Equal("objectState", "ARCHIVED"))
            : Fiql.Equal("objectState", "AVAILABLE"),
        options.Filter is { } extra ? $"({extra})" : null);

    /// <summary>Whether a listing of the types, or of those of the settings when there are none, includes a type.</summary>
    public bool Includes(string type, IReadOnlyList<string>? types) =>
        Types(types) is not { Count: > 0 } wanted || wanted.Contains(type, StringComparer.Ordinal);

    private IReadOnlyList<string> Types(IReadOnlyList<string>? types) => types is { Count: > 0 } ? types : options.Types;
}
