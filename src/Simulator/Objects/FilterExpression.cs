using System.Globalization;

namespace Simulator.Objects;

/// <summary>A filter in FIQL, read strictly: what is malformed is refused as 8x8 refuses it.</summary>
internal sealed class FilterExpression
{
    private static readonly string[] TimeFields = ["createdTime", "updatedTime"];
    private readonly string _text;
    private readonly List<(string Field, string Comparison, long Value)> _bounds = [];
    private int _position;
    private int _depth;

    private FilterExpression(string text)
    {
        _text = text;
    }

    /// <summary>Whether an object passes.</summary>
    public Func<SimulatedObject, bool> Matches { get; private set; } = _ => true;

    /// <summary>Whether it says anything about states; otherwise only AVAILABLE objects are found.</summary>
    public bool NamesStates { get; private set; }

    /// <summary>Whether it compares times.</summary>
    public bool ComparesTimes { get; private set; }

    /// <exception cref="FormatException">It is malformed.</exception>
    public static FilterExpression Parse(string? text)
    {
        var filter = new FilterExpression(text ?? "");
        if (string.IsNullOrEmpty(text))
        {
            return filter;
        }

        filter.Matches = filter.ParseOr();
        return filter._position == text.Length ? filter : throw filter.Malformed("unexpected character");
    }

    /// <summary>The bounds that every match keeps on a time field, inclusive, in epoch milliseconds: lets an index begin where the filter does.</summary>
    public (long From, long To) GetBounds(string field)
    {
        var (from, to) = (long.MinValue, long.MaxValue);
        foreach (var bound in _bounds.Where(bound => bound.Field == field))
        {
            switch (bound.Comparison)
            {
                case "=ge=" or "=gt=" or "==":
                    from = Math.Max(from, bound.Value);
                    break;
            }

            switch (bound.Comparison)
            {
                case "=le=" or "=lt=" or "==":
                    to = Math.Min(to, bound.Value);
                    break;
            }
        }

        return (from, to);
    }

    private Func<SimulatedObject, bool> ParseOr()
    {
        var before = _bounds.Count;
        var parts = new List<Func<SimulatedObject, bool>> { ParseAnd() };
        while (Take(','))
        {
            parts.Add(ParseAnd());
        }

        if (parts.Count == 1)
        {
            return parts[0];
        }

        // A condition of only one alternative limits nothing.
        _bounds.RemoveRange(before, _bounds.Count - before);
        return item => parts.Exists(part => part(item));
    }

    private Func<SimulatedObject, bool> ParseAnd()
    {
        var parts = new List<Func<SimulatedObject, bool>> { ParseConstraint() };
        while (Take(';'))
        {
            parts.Add(ParseConstraint());
        }

        return parts.Count == 1 ? parts[0] : item => parts.TrueForAll(part => part(item));
    }

    private Func<SimulatedObject, bool> ParseConstraint()
    {
        if (Take('('))
        {
            if (++_depth > 20)
            {
                throw Malformed("nested too deeply");
            }

            var group = ParseOr();
            _depth--;
            return Take(')') ? group : throw Malformed("missing )");
        }

        var field = TakeWhile(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '.' or '-');
        if (field.Length == 0)
        {
            throw Malformed("missing field");
        }

        var comparison = TakeComparison();
        var value = TakeWhile(character => character is not (';' or ',' or '(' or ')'));
        if (value.Length == 0)
        {
            throw Malformed("missing value");
        }

        return CreateConstraint(field, comparison, value);
    }

    private Func<SimulatedObject, bool> CreateConstraint(string field, string comparison, string value)
    {
        if (TimeFields.Contains(field, StringComparer.Ordinal))
        {
            if (!long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var time))
            {
                throw Malformed($"{field} wants epoch milliseconds");
            }

            ComparesTimes = true;
            _bounds.Add((field, comparison, time));
            return field == "createdTime"
                ? item => Compare(item.CreatedTime.ToUnixTimeMilliseconds().CompareTo(time), comparison)
                : item => item.SaysUpdatedTime && Compare(item.UpdatedTime.ToUnixTimeMilliseconds().CompareTo(time), comparison);
        }

        if (field == "storedBytes")
        {
            return long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
                ? item => Compare(item.StoredBytes.CompareTo(bytes), comparison)
                : throw Malformed("storedBytes wants a number");
        }

        NamesStates |= field == "objectState";
        Func<SimulatedObject, IEnumerable<string>> values = field switch
        {
            "id" => item => [item.Id],
            "type" => item => [item.Type],
            "objectState" => item => [item.State],
            "mimeType" => item => [item.MimeType],
            "objectName" => item => [item.ObjectName],
            "checksum" => item => [item.Checksum ?? ""],
            _ => item => item.Tags.Where(tag => tag.Key == field).Select(tag => tag.Value),
        };
        return comparison == "!="
            ? item => !values(item).Contains(value, StringComparer.Ordinal)
            : item => values(item).Any(actual => Compare(string.CompareOrdinal(actual, value), comparison));
    }

    private static bool Compare(int order, string comparison) => comparison switch
    {
        "==" => order == 0,
        "!=" => order != 0,
        "=gt=" => order > 0,
        "=ge=" => order >= 0,
        "=lt=" => order < 0,
        _ => order <= 0,
    };

    private string TakeComparison()
    {
        foreach (var comparison in (string[])["==", "!=", "=gt=", "=ge=", "=lt=", "=le="])
        {
            if (string.CompareOrdinal(_text, _position, comparison, 0, comparison.Length) == 0)
            {
                _position += comparison.Length;
                return comparison;
            }
        }

        throw Malformed("unknown comparison");
    }

    private bool Take(char character)
    {
        if (_position >= _text.Length || _text[_position] != character)
        {
            return false;
        }

        _position++;
        return true;
    }

    private string TakeWhile(Func<char, bool> wanted)
    {
        var start = _position;
        while (_position < _text.Length && wanted(_text[_position]))
        {
            _position++;
        }

        return _text[start.._position];
    }

    private FormatException Malformed(string what) => new($"Malformed filter at {_position}: {what}");
}
