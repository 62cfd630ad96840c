using System.Text.Json;

namespace EightByEight;

/// <summary>
/// The authorization server's answer. Every number in it is a string, the key <c>expires_in</c> can stand twice, and the
/// products come as an array, as a string that holds one, or as <c>[a, b]</c> (8x8 support article and developer site).
/// </summary>
internal sealed record TokenAnswer(string? Token, long? Lifetime, string? Status, IReadOnlyList<string>? Products)
{
    /// <exception cref="JsonException">It is not a JSON object.</exception>
    public static TokenAnswer Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            return ParseStrictly(json.Span);
        }
        catch (JsonException)
        {
            return ParseStrictly(JsonText.Repair(json.Span));
        }
    }

    private static TokenAnswer ParseStrictly(ReadOnlySpan<byte> json)
    {
        string? token = null;
        long? lifetime = null;
        string? status = null;
        List<string>? products = null;
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("not an object");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = LenientJson.Text(ref reader);
            reader.Read();
            switch (name)
            {
                case "access_token":
                    token = LenientJson.Text(ref reader)?.Trim() is { Length: > 0 } text ? text : token;
                    break;
                case "expires_in":
                    // The shorter of two is the safe one.
                    lifetime = LenientJson.Seconds(ref reader) is { } seconds && !(seconds >= lifetime) ? seconds : lifetime;
                    break;
                case "status":
                    status = LenientJson.Text(ref reader)?.Trim() is { Length: > 0 } given ? given : status;
                    break;
                case "api_product_list" or "api_product_list_json":
                    var named = ReadProducts(ref reader);
                    products = products is null ? named : [.. products, .. named ?? []];
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new TokenAnswer(token, lifetime, status, products?.Distinct(StringComparer.OrdinalIgnoreCase).ToList());
    }

    private static List<string>? ReadProducts(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return LenientJson.Text(ref reader) is { } text
                ? [.. text.Trim('[', ']').Split(',').Select(product => product.Trim(' ', '"', '\'')).Where(product => product.Length > 0)]
                : null;
        }

        var products = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (LenientJson.Text(ref reader) is { Length: > 0 } product)
            {
                products.Add(product);
            }
        }

        return products;
    }
}
