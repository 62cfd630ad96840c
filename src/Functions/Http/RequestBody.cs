using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Functions.Http;

/// <summary>Reads the JSON object that a request brings. What is wrong with it becomes 400 with the field and what it should hold.</summary>
internal static class RequestBody
{
    /// <summary>Maximum size of a body, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Reads the body. An empty one is an object without fields.</summary>
    /// <exception cref="BadRequestException">It is not such an object.</exception>
    /// <exception cref="ContentTooLargeException">It is larger than <see cref="MaxBytes"/>.</exception>
    public static async Task<T> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        var sent = await ReadAsync(request, cancellationToken);
        var body = sent.IsEmpty ? "{}"u8.ToArray() : sent;
        try
        {
            return JsonSerializer.Deserialize(body.Span, type) ?? throw new BadRequestException("The body must be a JSON object.");
        }
        catch (JsonException exception)
        {
            throw Describe(exception, body, type);
        }
    }

    /// <summary>Reads the body, and leaves it to be read once more.</summary>
    /// <exception cref="ContentTooLargeException">It is larger than <see cref="MaxBytes"/>.</exception>
    public static async Task<ReadOnlyMemory<byte>> BufferAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var body = await ReadAsync(request, cancellationToken);
        request.Body = new MemoryStream(body.ToArray(), writable: false);
        return body;
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var buffer = new byte[Math.Min(request.ContentLength ?? MaxBytes, MaxBytes) + 1];
        var length = await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return length < buffer.Length
            ? buffer.AsMemory(0, length)
            : throw new ContentTooLargeException($"Expected a body of at most {MaxBytes} bytes.");
    }

    private static BadRequestException Describe(JsonException exception, ReadOnlyMemory<byte> body, JsonTypeInfo type)
    {
        if (TryReadNames(body) is not { } names)
        {
            return new BadRequestException("The body must be a JSON object.", exception);
        }

        var fields = type.Properties.Select(property => property.Name).ToList();
        if (names.FirstOrDefault(name => !fields.Contains(name)) is { } unknown)
        {
            return new BadRequestException(
                unknown,
                fields.Count > 0 ? $"There is no such field; expected {string.Join(", ", fields)}." : "There is no such field; none is expected.");
        }

        if (names.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            return new BadRequestException(twice.Key, "Expected once.");
        }

        // Either the value of a field cannot be read, such as $.regions[1], or a required field is missing.
        var wrong = type.Properties.FirstOrDefault(property => exception.Path?.Split('.', '[') is ["$", var name, ..] && name == property.Name)
            ?? type.Properties.FirstOrDefault(property => property.IsRequired && !names.Contains(property.Name));
        return wrong is { CustomConverter: IRequestField field }
            ? new BadRequestException(wrong.Name, field.Expected)
            : new BadRequestException("The body must be a JSON object.", exception);
    }

    /// <summary>The names of the object's fields, as often as they occur; <see langword="null"/> when it is no JSON object.</summary>
    private static List<string>? TryReadNames(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.ValueKind == JsonValueKind.Object ? [.. json.RootElement.EnumerateObject().Select(property => property.Name)] : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // JSON can hold bytes and escapes that are no text, which shows only when they are read.
            return null;
        }
    }
}
