using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Comparison;

/// <summary>
/// Draws a page of results as SVG: the archiver's rate beside rclone's, and beside the limit, which is the rate of an
/// archiver that costs nothing itself. The page holds all that it needs, so results of earlier days can be drawn too.
/// </summary>
internal static partial class Chart
{
    private const int Width = 760;
    private const int BarLeft = 170;
    private const int BarRoom = 430;
    private const int RowHeight = 34;
    private const int HeadHeight = 64;

    private const string Style = """
          <style>
            .card { fill: #ffffff; stroke: #d0d7de } text { fill: #1f2328 } .note { fill: #57606a; font-size: 12px } .head { font-weight: 600; font-size: 15px }
            .ours { fill: #0969da } .theirs { fill: #8c959f }
            .limit { stroke: #bc4c00; stroke-width: 2.5; stroke-dasharray: 4 2 } .over { fill: #bc4c00; font-size: 12px }
            @media (prefers-color-scheme: dark) {
              .card { fill: #0d1117; stroke: #30363d } text { fill: #e6edf3 } .note { fill: #9198a1 }
              .ours { fill: #58a6ff } .theirs { fill: #6e7681 } .limit { stroke: #f0883e } .over { fill: #f0883e }
            }
          </style>
        """;

    /// <summary>Draws a page of results.</summary>
    /// <param name="page">The page, as <see cref="Report"/> writes it.</param>
    /// <returns>The drawing; <see langword="null"/> when the page has no rates of contenders.</returns>
    public static string? Draw(string page)
    {
        List<Panel> panels = [.. Panels(page.Split('\n'))];
        if (panels.Count == 0)
        {
            return null;
        }

        var body = new StringBuilder();
        var top = 16;
        foreach (var panel in panels)
        {
            top = Add(body, panel, top);
        }

        foreach (var note in Notes(page, panels.Exists(panel => panel.Bars.Exists(bar => bar.Limit is not null))))
        {
            Line(body, $"""<text class="note" x="20" y="{top}">{Text(note)}</text>""");
            top += 18;
        }

        var description = string.Join(
            "; ",
            panels.Select(panel => $"{panel.Title}, {panel.Unit}: {string.Join(", ", panel.Bars.Select(bar => bar.Described))}"));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {top + 4}"
              font-family="system-ui, -apple-system, 'Segoe UI', sans-serif" font-size="14" role="img" aria-label="{Text(description)}">
            {Style}
              <rect class="card" x="0.5" y="0.5" width="{Width - 1}" height="{top + 3}" rx="8"/>
            {body}</svg>

            """);
    }

    private static int Add(StringBuilder body, Panel panel, int top)
    {
        var scale = BarRoom / panel.Bars.Max(bar => Math.Max(bar.Value, bar.Limit ?? 0));
        Line(body, $"""<text class="head" x="20" y="{top + 16}">{Text(panel.Title)}</text>""");
        Line(body, $"""<text class="note" x="20" y="{top + 36}">{panel.Unit}, more is better</text>""");
        top += HeadHeight - 16;
        foreach (var bar in panel.Bars)
        {
            var length = Math.Max(1, bar.Value * scale);
            Line(body, $"""<text x="20" y="{top + 16}">{Text(bar.Name)}</text>""");
            Line(body, $"""<rect class="{(bar.IsOurs ? "ours" : "theirs")}" x="{BarLeft}" y="{top}" width="{length:0.#}" height="22" rx="3"/>""");
            var end = length;
            if (bar.Limit is { } limit)
            {
                end = Math.Max(length, limit * scale);
                var at = BarLeft + (limit * scale);
                Line(body, $"""<line class="limit" x1="{at:0.#}" x2="{at:0.#}" y1="{top - 3}" y2="{top + 25}"/>""");
                Line(body, $"""<text x="{BarLeft + end + 8:0.#}" y="{top + 16}">{bar.Value:0.#} <tspan class="over">limit {limit:0.#}</tspan></text>""");
            }
            else
            {
                Line(body, $"""<text x="{BarLeft + end + 8:0.#}" y="{top + 16}">{bar.Value:0.#}</text>""");
            }

            top += RowHeight;
        }

        return top + 16;
    }

    private static void Line(StringBuilder body, FormattableString line) => body.Append("  ").Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    /// <summary>When and on what it was measured, and what the limit is.</summary>
    private static IEnumerable<string> Notes(string page, bool hasLimit)
    {
        if (hasLimit)
        {
            yield return "limit: an archiver that costs nothing itself, but sends the same requests to the storage emulator, which all wait for";
        }

        if (Measured().Match(page) is { Success: true } measured)
        {
            var groups = measured.Groups;
            yield return $"{groups["date"].Value}: {groups["processor"].Value.Trim()}, {groups["cores"].Value} cores. Median of the rounds.";
        }
    }

    private static IEnumerable<Panel> Panels(string[] lines)
    {
        var free = lines.Select(line => Free().Match(line)).FirstOrDefault(match => match.Success);
        for (var index = 0; index < lines.Length; index++)
        {
            if (Title().Match(lines[index]) is not { Success: true } title)
            {
                continue;
            }

            // | contender | seconds | objects/s | MB/s | …
            var isLarge = title.Groups["kind"].Value == "Large";
            var rows = lines.Skip(index + 1)
                .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
                .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
                .Where(cells => cells.Length > 4 && cells[1].StartsWith('('))
                .Select(cells => (Key: cells[1][1], Name: cells[1], Value: double.Parse(cells[isLarge ? 4 : 3], CultureInfo.InvariantCulture)))
                .ToList();
            var rclone = rows.Where(row => row.Key == 'c').Select(row => row.Value).FirstOrDefault();
            if (rclone == 0)
            {
                continue;
            }

            double? Limit(char key) => !isLarge && free is not null && free.Groups[key.ToString()] is { Success: true } ratio
                ? double.Parse(ratio.Value, CultureInfo.InvariantCulture) * rclone
                : null;
            yield return new Panel(
                title.Groups["title"].Value,
                isLarge ? "MB per second" : "objects per second",
                [.. rows.Select(row => new Bar(row.Name, row.Value, row.Key is 'a' or 'b', Limit(row.Key)))]);
        }
    }

    [GeneratedRegex(@"^## (?<title>(?<kind>Small|Large): .* objects of .*)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Title();

    [GeneratedRegex(
        @"would reach \(a\) (?<a>[0-9.]+[0-9]) and \(b\) (?<b>[0-9.]+[0-9]) of rclone's rate",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Free();

    [GeneratedRegex(
        @"^(?<date>\d{4}-\d{2}-\d{2})\. processor (?<processor>.*?), cores (?<cores>\d+)",
        RegexOptions.ExplicitCapture | RegexOptions.Multiline,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Measured();

    /// <param name="Title">What was copied.</param>
    /// <param name="Unit">Of the bars.</param>
    /// <param name="Bars">The contenders.</param>
    private sealed record Panel(string Title, string Unit, List<Bar> Bars);

    /// <param name="Name">The contender.</param>
    /// <param name="Value">Its rate.</param>
    /// <param name="IsOurs">Whether it is the archiver.</param>
    /// <param name="Limit">The rate of an archiver that costs nothing itself; <see langword="null"/> when it is not known.</param>
    private sealed record Bar(string Name, double Value, bool IsOurs, double? Limit)
    {
        public string Described => Limit is { } limit
            ? string.Create(CultureInfo.InvariantCulture, $"{Name} {Value:0.#} of at most {limit:0.#}")
            : string.Create(CultureInfo.InvariantCulture, $"{Name} {Value:0.#}");
    }
}
