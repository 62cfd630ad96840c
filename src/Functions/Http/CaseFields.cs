using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Archiving.Ledger;
using Archiving.Model;
using Operations.Cases;
using Operations.Search;

namespace Functions.Http;

/// <summary>Why a case is made.</summary>
internal sealed class ReasonField() : RequestField<string>("Expected text of 1 to 2000 characters.")
{
    private const int MaxLength = 2000;

    protected override bool TryRead(ref Utf8JsonReader reader, [NotNullWhen(true)] out string? value)
    {
        value = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return value is { Length: <= MaxLength } && !string.IsNullOrWhiteSpace(value);
    }
}

/// <summary>Objects by region and ID.</summary>
internal sealed class CaseObjectsField() : RequestField<IReadOnlyList<CaseObject>>(
    """Expected an array of 1 to 1000 objects, such as {"region":"uk","id":"123"}, each with the day or time of "created" if you know it.""")
{
    private const int MaxIdLength = 2000;

    protected override bool TryRead(ref Utf8JsonReader reader, [NotNullWhen(true)] out IReadOnlyList<CaseObject>? value)
    {
        using var json = JsonDocument.ParseValue(ref reader);
        value = null;
        if (json.RootElement.ValueKind != JsonValueKind.Array || json.RootElement.GetArrayLength() is 0 or > CaseBook.MaxObjects)
        {
            return false;
        }

        var items = new List<CaseObject>();
        foreach (var element in json.RootElement.EnumerateArray())
        {
            var fields = new CaseFields(element, "region", "id", "created");
            if (!fields.TryText("region", 100, out var region) || !fields.TryText("id", MaxIdLength, out var id) || !fields.TryTime("created", out var created)
                || !fields.AreKnown || region is null || id is null)
            {
                return false;
            }

            items.Add(new CaseObject(region, id, created));
        }

        value = items;
        return true;
    }
}

/// <summary>A search.</summary>
internal sealed class CaseSearchField() : RequestField<CaseSearch>(
    """
    Expected an object with at least one of from, to, region, type, q and call, as in GET /api/objects; "to" must be after "from". "calls", for searches without type, and "exhaustive" are true or false.
    """)
{
    protected override bool TryRead(ref Utf8JsonReader reader, [NotNullWhen(true)] out CaseSearch? value)
    {
        using var json = JsonDocument.ParseValue(ref reader);
        var fields = new CaseFields(json.RootElement, "from", "to", "region", "type", "q", "call", "calls", "exhaustive");
        value = fields.TryTime("from", out var from) && fields.TryTime("to", out var to)
            && fields.TryText("region", 100, out var region) && fields.TryText("type", 100, out var type)
            && fields.TryText("q", SearchRequest.MaxTextLength, out var text) && fields.TryText("call", SearchFilter.MaxCallIdLength, out var call)
            && fields.TryBoolean("calls", out var calls) && !(calls && type is not null)
            && fields.TryBoolean("exhaustive", out var exhaustive)
            && fields.AreKnown && !(to <= from) && !(text is not null && SearchText.IsBlank(text))
            ? new CaseSearch(from, to, region, type, text, call, calls, exhaustive)
            : null;
        return value is { IsEmpty: false };
    }
}

/// <summary>The fields of an object in a request. What is missing or null is <see langword="null"/>, and what is wrong is refused.</summary>
/// <param name="element">The object.</param>
/// <param name="known">The fields that it may have.</param>
internal readonly struct CaseFields(JsonElement element, params string[] known)
{
    /// <summary>Whether it is an object, with known fields only and none twice.</summary>
    public bool AreKnown => element.ValueKind == JsonValueKind.Object
        && element.EnumerateObject().Select(property => property.Name).ToList() is var names
        && names.TrueForAll(known.Contains) && names.Distinct(StringComparer.Ordinal).Count() == names.Count;

    public bool TryText(string name, int maxLength, out string? value)
    {
        value = null;
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out var field) || field.ValueKind == JsonValueKind.Null)
        {
            return true;
        }

        try
        {
            value = field.ValueKind == JsonValueKind.String ? field.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // JSON can hold escapes that are no text.
        }

        return value is { Length: > 0 } && value.Length <= maxLength;
    }

    public bool TryBoolean(string name, out bool value)
    {
        value = element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var field) && field.ValueKind == JsonValueKind.True;
        return value || !element.TryGetProperty(name, out field) || field.ValueKind is JsonValueKind.False or JsonValueKind.Null;
    }

    public bool TryTime(string name, out DateTimeOffset? value)
    {
        var isRight = TryText(name, 100, out var text);
        value = text is null ? null : IsoTime.Parse(text);
        return isRight && (text is null || value is not null);
    }
}
