using System.Text.Json;

namespace EightByEight;

/// <summary>The answer to a request for a pre-signed address: the bare address, a JSON string, or an object that holds it.</summary>
internal static class PresignedUrl
{
    public static Uri Parse(BinaryData body, Uri endpoint)
    {
        var text = body.ToString().Trim();
        if (text.StartsWith('"') || text.StartsWith('{'))
        {
            try
            {
                using var json = JsonDocument.Parse(text);
                text = json.RootElement.ValueKind == JsonValueKind.String
                    ? json.RootElement.GetString() ?? ""
                    : json.RootElement.EnumerateObject()
                        .Where(property => property.Value.ValueKind == JsonValueKind.String)
                        .Select(property => property.Value.GetString()!)
                        .FirstOrDefault(value => value.StartsWith("http", StringComparison.OrdinalIgnoreCase)) ?? "";
            }
            catch (JsonException exception)
            {
                throw new FormatException("not JSON", exception);
            }
        }

        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && ClientPipeline.MayFetch(endpoint, uri)
            ? uri
            : throw new FormatException("not a secure address");
    }
}
