using System.Globalization;
using System.Text.RegularExpressions;

namespace Scale.Model;

/// <summary>A filter of Table Storage: comparisons, joined by <c>and</c>, <c>or</c> and parentheses.</summary>
internal sealed partial class TableFilter
{
    private readonly List<(string Name, string Operator, object Value)> _comparisons = [];
    private readonly List<TableFilter> _parts = [];
    private bool _isAny;

    /// <summary>Reads one.</summary>
    public static TableFilter Parse(string text)
    {
        var tokens = new Queue<string>(Token().Matches(text).Select(match => match.Value));
        return ParseOr(tokens);
    }

    /// <summary>The value that a property must be compared with in every row, by an operator; <see langword="null"/> when there is none.</summary>
    public object? Find(string name, string comparison) => _isAny
        ? null
        : _comparisons.Where(item => item.Name == name && item.Operator == comparison).Select(item => item.Value).FirstOrDefault()
            ?? _parts.Select(part => part.Find(name, comparison)).FirstOrDefault(value => value is not null);

    /// <summary>Whether a row may match in more than one way.</summary>
    public bool HasAlternatives => _isAny || _parts.Exists(part => part.HasAlternatives);

    /// <summary>Whether any comparison is about another property than these.</summary>
    public bool HasOthers(params ReadOnlySpan<string> names)
    {
        foreach (var (name, _, _) in _comparisons)
        {
            if (!names.Contains(name))
            {
                return true;
            }
        }

        foreach (var part in _parts)
        {
            if (part.HasOthers(names))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether it lets a row through.</summary>
    public bool Matches(Func<string, object?> row) => _isAny
        ? _parts.Exists(part => part.Matches(row))
        : _comparisons.TrueForAll(item => Compare(row(item.Name), item.Operator, item.Value)) && _parts.TrueForAll(part => part.Matches(row));

    private static bool Compare(object? actual, string comparison, object value)
    {
        if (actual is null || actual.GetType() != value.GetType())
        {
            return false;
        }

        var order = actual is string text ? string.CompareOrdinal(text, (string)value) : ((IComparable)actual).CompareTo(value);
        return comparison switch { "eq" => order == 0, "ge" => order >= 0, "le" => order <= 0, "lt" => order < 0, _ => order > 0 };
    }

    private static TableFilter ParseOr(Queue<string> tokens)
    {
        var first = ParseAnd(tokens);
        if (!tokens.TryPeek(out var next) || next != "or")
        {
            return first;
        }

        var any = new TableFilter { _isAny = true };
        any._parts.Add(first);
        while (tokens.TryPeek(out next) && next == "or")
        {
            tokens.Dequeue();
            any._parts.Add(ParseAnd(tokens));
        }

        return any;
    }

    private static TableFilter ParseAnd(Queue<string> tokens)
    {
        var all = new TableFilter();
        do
        {
            var token = tokens.Dequeue();
            if (token == "and")
            {
                token = tokens.Dequeue();
            }

            if (token == "(")
            {
                all._parts.Add(ParseOr(tokens));
                tokens.Dequeue();
            }
            else
            {
                all._comparisons.Add((token, tokens.Dequeue(), Value(tokens.Dequeue())));
            }
        }
        while (tokens.TryPeek(out var next) && next == "and");
        return all;
    }

    private static object Value(string text) => text switch
    {
        "true" => true,
        "false" => false,
        _ when text.StartsWith("datetime'", StringComparison.Ordinal) =>
            DateTimeOffset.Parse(text[9..^1], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
        _ when text.StartsWith('\'') => text[1..^1].Replace("''", "'", StringComparison.Ordinal),
        _ => long.Parse(text.TrimEnd('L'), CultureInfo.InvariantCulture),
    };

    [GeneratedRegex(@"(datetime)?'(''|[^'])*'|\(|\)|[\w.~-]+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Token();
}
