using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Functions.Http;

/// <summary>The JSON object that a request brings, read field by field.</summary>
public sealed partial class RequestBody : IDisposable
{
    /// <summary>The largest body, in bytes.</summary>
    public const int Largest = 64 * 1024;

    private const int MostNames = 100;
    private readonly JsonDocument _json;

    private RequestBody(JsonDocument json)
    {
        _json = json;
    }

    /// <summary>Reads the body. An empty one is an object without fields.</summary>
    /// <exception cref="BadRequestException">It is not a JSON object.</exception>
    /// <exception cref="ContentTooLargeException">It is larger than <see cref="Largest"/>.</exception>
    public static async Task<RequestBody> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var body = new byte[Math.Min(request.ContentLength ?? Largest, Largest) + 1];
        var length = await request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellationToken);
        if (length == body.Length)
        {
            throw new ContentTooLargeException($"Expected a body of at most {Largest} bytes.");
        }

        if (length == 0)
        {
            return new RequestBody(JsonDocument.Parse("{}"));
        }

        JsonDocument? json = null;
        try
        {
            json = JsonDocument.Parse(body.AsMemory(0, length));
            RequireText(json.RootElement);
            return json.RootElement.ValueKind == JsonValueKind.Object ? new RequestBody(json) : throw new BadRequestException("The body must be a JSON object.");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            json?.Dispose();
            throw new BadRequestException("The body must be a JSON object.", exception);
        }
    }

    /// <summary>Refuses unknown fields, most often a mistyped name, and duplicate fields.</summary>
    /// <exception cref="BadRequestException">There is another field, or one twice.</exception>
    public void AllowOnly(params ReadOnlySpan<string> fields)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in _json.RootElement.EnumerateObject())
        {
            if (!seen.Add(property.Name))
            {
                throw new BadRequestException(property.Name, "Expected once.");
            }

            if (!fields.Contains(property.Name))
            {
                throw new BadRequestException(property.Name, fields.Length > 0 ? $"There is no such field; expected {string.Join(", ", fields)}." : "There is no such field; none is expected.");
            }
        }
    }

    /// <summary>A point in time in ISO 8601; without a zone it is UTC.</summary>
    /// <exception cref="BadRequestException">It is missing or something else.</exception>
    public DateTimeOffset Instant(string field)
    {
        var text = _json.RootElement.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        return IsoTime.Parse(text) ?? throw new BadRequestException(field, IsoTime.Expected);
    }

    /// <summary>Text; <see langword="null"/> when it is missing.</summary>
    /// <exception cref="BadRequestException">It is something else, empty, or longer than any name.</exception>
    public string? Text(string field)
    {
        const int Longest = 100;
        if (!_json.RootElement.TryGetProperty(field, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 and <= Longest } text
            ? text
            : throw new BadRequestException(field, $"Expected text of at most {Longest} characters.");
    }

    /// <summary>An array of texts; empty when it is missing.</summary>
    /// <exception cref="BadRequestException">It is something else, or empty: an empty list must not mean everything.</exception>
    public IReadOnlyList<string> Texts(string field)
    {
        if (!_json.RootElement.TryGetProperty(field, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
        {
            throw new BadRequestException(field, "Expected an array with at least one text; leave the field out for all.");
        }

        return [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String && item.GetString() is { Length: > 0 } text ? text : throw new BadRequestException(field, "Expected texts only."))];
    }

    /// <summary><c>true</c> or <c>false</c>.</summary>
    /// <param name="field">The field.</param>
    /// <param name="standard">What it is when it is missing.</param>
    /// <exception cref="BadRequestException">It is something else.</exception>
    public bool Boolean(string field, bool standard)
    {
        if (!_json.RootElement.TryGetProperty(field, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return standard;
        }

        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw new BadRequestException(field, "Expected true or false.");
    }

    /// <summary>An array of names of letters, digits, <c>.</c>, <c>-</c> and <c>_</c>; empty when it is missing.</summary>
    /// <exception cref="BadRequestException">It is something else.</exception>
    public IReadOnlyList<string> Names(string field)
    {
        if (!_json.RootElement.TryGetProperty(field, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        // An empty list must not mean everything.
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is 0 or > MostNames)
        {
            throw new BadRequestException(field, $"""Expected an array of 1 to {MostNames} names such as ["us-east"]; leave the field out for all.""");
        }

        var names = new List<string>();
        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String || !PlainName().IsMatch(item.GetString()!))
            {
                throw new BadRequestException(field, "Expected names of letters, digits, '.', '-' and '_'.");
            }

            names.Add(item.GetString()!);
        }

        return [.. names.Distinct(StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public void Dispose() => _json.Dispose();

    /// <summary>Reads every text once: JSON can hold bytes and escapes that are no text, which shows only then.</summary>
    /// <exception cref="InvalidOperationException">One is none.</exception>
    private static void RequireText(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    RequireText(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    _ = property.Name;
                    RequireText(property.Value);
                }

                break;
        }
    }

    [GeneratedRegex(@"^(?!\.+$)[A-Za-z0-9._-]{1,100}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PlainName();
}
