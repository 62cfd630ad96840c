using System.Globalization;

namespace EightByEight;

/// <summary>Builds filters in FIQL, as 8x8 understands it: times are Unix epoch milliseconds, <c>;</c> is AND, <c>,</c> is OR.</summary>
public static class Fiql
{
    /// <summary><c>field==value</c>.</summary>
    public static string Equal(string field, string value) => $"{field}=={value}";

    /// <summary><c>field!=value</c>.</summary>
    public static string NotEqual(string field, string value) => $"{field}!={value}";

    /// <summary><c>field=ge=time</c>.</summary>
    public static string GreaterOrEqual(string field, DateTimeOffset time) => Compare(field, "ge", time);

    /// <summary><c>field=gt=time</c>.</summary>
    public static string GreaterThan(string field, DateTimeOffset time) => Compare(field, "gt", time);

    /// <summary><c>field=le=time</c>.</summary>
    public static string LessOrEqual(string field, DateTimeOffset time) => Compare(field, "le", time);

    /// <summary><c>field=lt=time</c>.</summary>
    public static string LessThan(string field, DateTimeOffset time) => Compare(field, "lt", time);

    /// <summary>Joins what is given with AND; <see langword="null"/> when nothing is.</summary>
    public static string? And(params ReadOnlySpan<string?> parts) => Join(parts, ';');

    /// <summary>Joins what is given with OR, in parentheses when there are several; <see langword="null"/> when nothing is.</summary>
    public static string? Or(params ReadOnlySpan<string?> parts)
    {
        var joined = Join(parts, ',');
        return joined?.Contains(',', StringComparison.Ordinal) == true ? $"({joined})" : joined;
    }

    private static string Compare(string field, string comparison, DateTimeOffset time) =>
        string.Create(CultureInfo.InvariantCulture, $"{field}={comparison}={time.ToUnixTimeMilliseconds()}");

    private static string? Join(ReadOnlySpan<string?> parts, char separator)
    {
        var present = new List<string>(parts.Length);
        foreach (var part in parts)
        {
            if (!string.IsNullOrEmpty(part))
            {
                present.Add(part);
            }
        }

        return present.Count == 0 ? null : string.Join(separator, present);
    }
}
