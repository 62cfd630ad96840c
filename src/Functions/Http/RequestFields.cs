using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Archiving.Model;

namespace Functions.Http;

/// <summary>A field of a request.</summary>
internal interface IRequestField
{
    /// <summary>What it should hold, as a sentence.</summary>
    string Expected { get; }
}

/// <summary>Reads a field of a request.</summary>
/// <param name="expected">What it should hold, as a sentence.</param>
internal abstract class RequestField<T>(string expected) : JsonConverter<T>, IRequestField
{
    /// <inheritdoc/>
    public string Expected => expected;

    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        TryRead(ref reader, out var value) ? value : throw new JsonException(expected);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        throw new NotSupportedException("Requests are only read.");

    /// <summary>Reads the value, if it is what it should be.</summary>
    protected abstract bool TryRead(ref Utf8JsonReader reader, [NotNullWhen(true)] out T? value);
}

/// <summary>A point in time in ISO 8601; without a zone it is UTC.</summary>
internal sealed class TimeFieldConverter() : RequestField<DateTimeOffset>(IsoTime.Expected)
{
    protected override bool TryRead(ref Utf8JsonReader reader, out DateTimeOffset value)
    {
        var time = reader.TokenType == JsonTokenType.String ? IsoTime.Parse(reader.GetString()) : null;
        value = time.GetValueOrDefault();
        return time.HasValue;
    }
}

/// <summary><c>true</c> or <c>false</c>.</summary>
internal sealed class BooleanField() : RequestField<bool?>("Expected true or false.")
{
    protected override bool TryRead(ref Utf8JsonReader reader, [NotNullWhen(true)] out bool? value)
    {
        value = reader.TokenType == JsonTokenType.True;
        return reader.TokenType is JsonTokenType.True or JsonTokenType.False;
    }
}

/// <summary>Text that is neither blank nor longer than any name.</summary>
internal sealed class TextField() : RequestField<string>("Expected text of 1 to 100 characters.")
{
    protected override bool TryRead(ref Utf8JsonReader reader, [NotNullWhen(true)] out string? value)
    {
        value = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return value is { Length: <= 100 } && !string.IsNullOrWhiteSpace(value);
    }
}

/// <summary>Reads an array of texts. An empty one must not mean everything.</summary>
/// <param name="expected">What it should hold, as a sentence.</param>
internal abstract class ListField(string expected) : RequestField<IReadOnlyList<string>>(expected)
{
    protected override bool TryRead(ref Utf8JsonReader reader, [NotNullWhen(true)] out IReadOnlyList<string>? value)
    {
        var items = new List<string>();
        value = items;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.String || reader.GetString() is not { } item || !IsItem(item))
            {
                return false;
            }

            items.Add(item);
        }

        return items.Count > 0 && IsList(items);
    }

    /// <summary>Whether a text may be in the array.</summary>
    protected abstract bool IsItem(string text);

    /// <summary>Whether the array is as long as it may be.</summary>
    protected virtual bool IsList(List<string> items) => true;
}

/// <summary>IDs of objects.</summary>
internal sealed class IdsField() : ListField("Expected an array with at least one text; leave the field out for all.")
{
    protected override bool IsItem(string text) => text.Length > 0;
}

/// <summary>Names of letters, digits, <c>.</c>, <c>-</c> and <c>_</c>.</summary>
internal sealed partial class NamesField() : ListField(
    """Expected an array of 1 to 100 names of letters, digits, '.', '-' and '_', such as ["us-east"]; leave the field out for all.""")
{
    protected override bool IsItem(string text) => PlainName().IsMatch(text);

    protected override bool IsList(List<string> items) => items.Count <= 100;

    [GeneratedRegex(@"^(?!\.+$)[A-Za-z0-9._-]{1,100}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PlainName();
}
