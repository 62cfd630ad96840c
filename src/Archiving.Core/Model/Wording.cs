using System.Globalization;

namespace Archiving.Model;

/// <summary>Numbers and lists as people read them.</summary>
internal static class Wording
{
    private static readonly string[] Units = ["bytes", "kB", "MB", "GB", "TB", "PB"];

    /// <summary>a, b and c.</summary>
    public static string List(IEnumerable<string> items)
    {
        var all = items.Select(Clean).ToList();
        return all.Count < 2 ? string.Concat(all) : $"{string.Join(", ", all.Take(all.Count - 1))} and {all[^1]}";
    }

    /// <summary>A size in decimal units.</summary>
    public static string Size(long bytes)
    {
        double size = bytes;
        var unit = 0;
        while (size >= 1000 && unit < Units.Length - 1)
        {
            size /= 1000;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{size.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture)} {Units[unit]}");
    }

    /// <summary>A number with separators.</summary>
    public static string Number(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>A number of objects.</summary>
    public static string Objects(long number) => number == 1 ? "1 object" : $"{Number(number)} objects";

    /// <summary>A length of time, roughly.</summary>
    public static string Hours(double hours) => hours switch
    {
        < 1.5 / 60 => "about a minute",
        < 2 => string.Create(CultureInfo.InvariantCulture, $"about {Math.Round(hours * 60):0} minutes"),
        < 72 => string.Create(CultureInfo.InvariantCulture, $"about {Math.Round(hours):0} hours"),
        _ => string.Create(CultureInfo.InvariantCulture, $"about {Math.Round(hours / 24):#,0} days"),
    };

    /// <summary>A point in time.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A point in time, to the minute.</summary>
    public static string Minute(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>A text from elsewhere without what could steer a terminal.</summary>
    public static string Clean(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(character => char.IsControl(character) ? '?' : character)) : text;
}
