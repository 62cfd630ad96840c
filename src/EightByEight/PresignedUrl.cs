using System.Text;
using System.Text.Json;

namespace EightByEight;

/// <summary>The answer to a request for a pre-signed address: the bare address, a JSON string, or an object that holds it.</summary>
internal static class PresignedUrl
{
    public static Uri Parse(ReadOnlyMemory<byte> utf8, Uri endpoint)
    {
        var text = Encoding.UTF8.GetString(utf8.Span).Trim();
        if (text.StartsWith('"') || text.StartsWith('{'))
        {
            try
            {
                using var json = JsonDocument.Parse(JsonText.Repair(utf8.Span));
                text = json.RootElement.ValueKind == JsonValueKind.String
                    ? json.RootElement.GetString()?.Trim() ?? ""
                    : json.RootElement.EnumerateObject()
                        .Where(property => property.Value.ValueKind == JsonValueKind.String)
                        .Select(property => property.Value.GetString()!.Trim())
                        .FirstOrDefault(value => value.StartsWith("http", StringComparison.OrdinalIgnoreCase)) ?? "";
            }
            catch (Exception exception) when (exception is JsonException or InvalidOperationException)
            {
                throw new FormatException("not JSON", exception);
            }
        }

        return RawAddress.Parse(text) is { } uri && ClientPipeline.MayFetch(endpoint, uri)
            ? uri
            : throw new FormatException("not a secure address");
    }
}
