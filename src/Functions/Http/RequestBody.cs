using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Functions.Http;

/// <summary>The JSON object that a request brings, read field by field.</summary>
public sealed partial class RequestBody : IDisposable
{
    private readonly JsonDocument _json;

    private RequestBody(JsonDocument json)
    {
        _json = json;
    }

    /// <summary>Reads the body. An empty one is an object without fields.</summary>
    /// <exception cref="BadRequestException">It is not a JSON object.</exception>
    public static async Task<RequestBody> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancellationToken);
        if (body.Length == 0)
        {
            return new RequestBody(JsonDocument.Parse("{}"));
        }

        try
        {
            var json = JsonDocument.Parse(body.GetBuffer().AsMemory(0, (int)body.Length));
            return json.RootElement.ValueKind == JsonValueKind.Object ? new RequestBody(json) : throw new BadRequestException("The body must be a JSON object.");
        }
        catch (JsonException exception)
        {
            throw new BadRequestException("The body must be a JSON object.", exception);
        }
    }

    /// <summary>Refuses fields that nobody reads: most often a name that was mistyped.</summary>
    /// <exception cref="BadRequestException">There is another field.</exception>
    public void AllowOnly(params ReadOnlySpan<string> fields)
    {
        foreach (var property in _json.RootElement.EnumerateObject())
        {
            if (!fields.Contains(property.Name))
            {
                throw new BadRequestException(property.Name, $"There is no such field; expected {string.Join(", ", fields)}.");
            }
        }
    }

    /// <summary>A point in time in ISO 8601; without a zone it is UTC.</summary>
    /// <exception cref="BadRequestException">It is missing or something else.</exception>
    public DateTimeOffset Instant(string field)
    {
        const string Expected = "Expected an ISO 8601 time such as 2026-10-01T00:00:00Z.";
        if (!_json.RootElement.TryGetProperty(field, out var value) || value.ValueKind != JsonValueKind.String)
        {
            throw new BadRequestException(field, Expected);
        }

        return IsoTime().IsMatch(value.GetString()!)
            && DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            && time >= DateTimeOffset.UnixEpoch
                ? time
                : throw new BadRequestException(field, Expected);
    }

    /// <summary>Text; <see langword="null"/> when it is missing.</summary>
    /// <exception cref="BadRequestException">It is something else, or empty.</exception>
    public string? Text(string field)
    {
        if (!_json.RootElement.TryGetProperty(field, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : throw new BadRequestException(field, "Expected text.");
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

        if (value.ValueKind != JsonValueKind.Array)
        {
            throw new BadRequestException(field, """Expected an array of names such as ["us-east"].""");
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

    [GeneratedRegex(@"^\d{4}-\d{2}-\d{2}([T ].*)?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex IsoTime();

    [GeneratedRegex("^[A-Za-z0-9._-]{1,100}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PlainName();
}
