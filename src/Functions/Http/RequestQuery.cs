using System.Globalization;
using Archiving.Model;
using Microsoft.AspNetCore.Http;

namespace Functions.Http;

/// <summary>The query parameters of a request, read one by one. An empty one is as good as none.</summary>
public sealed class RequestQuery
{
    // With which a caller can give the function key.
    internal const string KeyParameter = "code";

    private readonly IQueryCollection _query;

    /// <summary>Reads the query.</summary>
    /// <param name="request">The request.</param>
    /// <param name="allowed">The known parameters. Any other is refused: most often it is a mistyped name.</param>
    /// <exception cref="BadRequestException">There is another parameter, or one twice.</exception>
    public RequestQuery(HttpRequest request, params ReadOnlySpan<string> allowed)
    {
        ArgumentNullException.ThrowIfNull(request);
        _query = request.Query;
        foreach (var (name, values) in _query)
        {
            if (string.Equals(name, KeyParameter, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            if (!allowed.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                throw new BadRequestException(name, $"There is no such parameter; expected {string.Join(", ", allowed)}.");
            }

            if (values.Count > 1)
            {
                throw new BadRequestException(name, "Expected once.");
            }
        }
    }

    /// <summary>Text; <see langword="null"/> when it is missing.</summary>
    /// <exception cref="BadRequestException">It is too long.</exception>
    public string? Text(string name, int maxLength)
    {
        var text = _query[name].ToString();
        return text.Length == 0 ? null
            : text.Length <= maxLength ? text
            : throw new BadRequestException(name, $"Expected at most {maxLength} characters.");
    }

    /// <summary>A point in time in ISO 8601; without a zone it is UTC; <see langword="null"/> when it is missing.</summary>
    /// <exception cref="BadRequestException">It is something else.</exception>
    public DateTimeOffset? Instant(string name) =>
        Text(name, maxLength: 100) is not { } text ? null : IsoTime.Parse(text) ?? throw new BadRequestException(name, IsoTime.Expected);

    /// <summary>A whole number within limits.</summary>
    /// <exception cref="BadRequestException">It is something else.</exception>
    public int Integer(string name, int defaultValue, int min, int max)
    {
        if (Text(name, maxLength: 100) is not { } text)
        {
            return defaultValue;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max
            ? value
            : throw new BadRequestException(name, $"Expected a whole number from {min} to {max}.");
    }

    /// <summary><c>true</c> or <c>false</c>, which it is when it is missing.</summary>
    /// <exception cref="BadRequestException">It is something else.</exception>
    public bool Boolean(string name) => Text(name, maxLength: 100) switch
    {
        null or "false" => false,
        "true" => true,
        _ => throw new BadRequestException(name, "Expected true or false."),
    };

    /// <summary>The name of a value of an enumeration, in any case; <see langword="null"/> when it is missing.</summary>
    /// <exception cref="BadRequestException">It is something else.</exception>
    public T? Name<T>(string name)
        where T : struct, Enum
    {
        if (Text(name, maxLength: 100) is not { } text)
        {
            return null;
        }

        foreach (var value in Enum.GetValues<T>())
        {
            if (string.Equals(value.ToString(), text, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        throw new BadRequestException(name, $"Expected one of {string.Join(", ", Enum.GetNames<T>())}.");
    }
}
