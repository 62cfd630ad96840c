using System.Text.Json;
using System.Text.Json.Serialization;
using Operations.Search;

namespace Operations.Cases;

/// <summary>A search whose result is added to a case, or removed from it, as it is when it runs.</summary>
/// <param name="From">Made at this time or later.</param>
/// <param name="To">Made before this time.</param>
/// <param name="Region">In this region.</param>
/// <param name="Type">Of this type.</param>
/// <param name="Q">With this in its name, its user, its tags or its ids.</param>
/// <param name="Call">Of this call.</param>
/// <param name="Calls">Whether the other objects of the calls that it finds belong to its result, as in <c>GET /api/calls</c>.</param>
/// <param name="Exhaustive">Whether every object is compared, see <see cref="SearchFilter.IsExhaustive"/>.</param>
public sealed record CaseSearch(
    DateTimeOffset? From = null,
    DateTimeOffset? To = null,
    string? Region = null,
    string? Type = null,
    string? Q = null,
    string? Call = null,
    bool Calls = false,
    bool Exhaustive = false)
{
    /// <summary>Whether it looks for anything in particular.</summary>
    public bool IsEmpty => this with { Calls = false, Exhaustive = false } == new CaseSearch();

    internal SearchFilter ToFilter() => new()
    {
        From = From,
        To = To,
        Region = Region,
        Type = Type,
        Text = Q,
        Call = Call,
        IsExhaustive = Exhaustive,
    };

    internal string ToJson() => JsonSerializer.Serialize(this, CaseJson.Default.CaseSearch);

    internal static CaseSearch Parse(string json) => JsonSerializer.Deserialize(json, CaseJson.Default.CaseSearch)!;
}

/// <summary>The JSON that cases keep.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(CaseSearch))]
[JsonSerializable(typeof(Dictionary<string, RefusedObjects>))]
internal sealed partial class CaseJson : JsonSerializerContext;
