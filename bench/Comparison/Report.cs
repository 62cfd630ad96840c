using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Comparison;

/// <summary>What is to hold, and what was measured.</summary>
/// <param name="What">What is compared.</param>
/// <param name="Target">What it is to be: at least, or at most; <see langword="null"/> when it is only reported.</param>
/// <param name="IsMinimum">Whether the target is a minimum.</param>
/// <param name="Measured">What was measured.</param>
internal sealed record Goal(string What, double? Target, bool IsMinimum, Ratio Measured)
{
    /// <summary>Whether it holds; <see langword="null"/> without a target.</summary>
    public bool? IsMet => Target is not { } target ? null : IsMinimum ? Measured.Median >= target : Measured.Median <= target;

    public override string ToString() => IsMet is { } isMet
        ? string.Create(CultureInfo.InvariantCulture, $"| {What} | {(IsMinimum ? "≥" : "≤")} {Target:0.##} | {Measured} | {(isMet ? "met" : "**missed**")} |")
        : $"| {What} | | {Measured} | |";
}

/// <summary>
/// Collects what was measured and writes it down after each part, so that a run that is interrupted keeps
/// what it measured. What is measured once more, or further, takes the place of what was there.
/// </summary>
internal sealed class Report
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };
    private readonly OrderedDictionary<string, Goal> _goals = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, IReadOnlyList<string>> _sections = new(StringComparer.Ordinal);
    private readonly Dictionary<string, object> _data = new(StringComparer.Ordinal);
    private readonly List<string> _done = [];
    private readonly string _date = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
    private readonly IReadOnlyList<string> _arguments;
    private readonly IReadOnlyList<string> _parts;
    private readonly IReadOnlyDictionary<string, string> _machine;
    private readonly int _rounds;
    private string _page = "";

    private Report(IReadOnlyList<string> arguments, IReadOnlyList<string> parts, int rounds, IReadOnlyDictionary<string, string> machine)
    {
        _arguments = arguments;
        _parts = parts;
        _rounds = rounds;
        _machine = machine;
    }

    /// <summary>Begins a report. Fails when a program that is needed is not there, before anything is measured.</summary>
    public static async Task<Report> StartAsync(IReadOnlyList<string> arguments, IReadOnlyList<string> parts, int rounds) =>
        new(arguments, parts, rounds, await MachineAsync());

    /// <summary>Adds a row to the table of targets; without a target it only reports.</summary>
    public void Expect(string what, Ratio measured, double? atLeast = null, double? atMost = null) =>
        _goals[what] = new Goal(what, atLeast ?? atMost, atLeast is not null, measured);

    public void Add(string title, IEnumerable<string> lines, object data)
    {
        _sections[title] = [.. lines];
        _data[title] = data;
    }

    /// <summary>Says that a part was measured to its end.</summary>
    public void Done(string part) => _done.Add(part);

    public void Add(Series series, string title, string note) => Add(
        title,
        [.. series.Table(), "", note],
        series.Runs.ToDictionary(runs => runs.Key.Name, runs => runs.Value, StringComparer.Ordinal));

    /// <summary>Writes the page to the console.</summary>
    public void Print() => Console.WriteLine($"\n{_page}");

    /// <summary>
    /// Writes <c>bench/results/{date}.md</c>, <c>.json</c> and the chart, <c>.svg</c>; a run with arguments writes files that
    /// bear them in their names.
    /// </summary>
    public async Task WriteAsync()
    {
        var command = string.Join(' ', ["dotnet run -c Release --project bench/Comparison", .. _arguments.Count > 0 ? (string[])["--"] : [], .. _arguments]);
        var left = _parts.Except(_done, StringComparer.Ordinal).ToList();
        string[] lines =
        [
            "# Against rclone, and against the least that the work takes",
            "",
            $"{_date}. {string.Join(", ", _machine.Select(part => $"{part.Key} {part.Value}"))}.",
            "",
            string.Create(
                CultureInfo.InvariantCulture,
                $"`{command}`: {(_done.Count > 0 ? string.Join(", ", _done) : "nothing yet")}"
                + $"{(left.Count > 0 ? $"; not measured to the end: {string.Join(", ", left)}" : "")}. "
                + $"Small, large and start-up have {_rounds} rounds, in which the contenders take turns, "
                + $"each on a fresh Azurite and a fresh source on this machine; what has one value was measured once. Ratios are of the same "
                + $"round; the median, and in brackets the least and the most. rclone runs with its defaults, the build of the function app with "
                + $"those of `host.json` and `local.settings.sample.json`, in its own worker process that the local host starts. What is said of "
                + $"(b)'s worker is the code that is deployed; the local host stands for the Functions host, whose cost in Azure is not measured "
                + $"here. How each figure is taken: [bench](../README.md)."),
            "",
            "| what | target | measured | |",
            "| --- | ---: | ---: | --- |",
            .. _goals.Values.Select(goal => goal.ToString()),
            "",
            .. _sections.SelectMany(section => (string[])[$"## {section.Key}", "", .. section.Value, ""]),
        ];
        var name = string.Join('-', [_date, .. _arguments.Select(argument => argument.TrimStart('-'))]);
        var path = Path.Combine(Repository.Root, "bench", "results", name);
        _page = string.Join('\n', lines).TrimEnd() + "\n";
        await File.WriteAllTextAsync(path + ".md", _page);
        if (Chart.Draw(_page) is { } drawing)
        {
            await File.WriteAllTextAsync(path + ".svg", drawing);
        }

        await File.WriteAllTextAsync(
            path + ".json",
            JsonSerializer.Serialize(
                new { date = _date, command, machine = _machine, rounds = _rounds, done = _done, goals = _goals.Values, results = _data },
                Json) + "\n");
    }

    private static async Task<Dictionary<string, string>> MachineAsync() => new(StringComparer.Ordinal)
    {
        ["processor"] = (await File.ReadAllLinesAsync("/proc/cpuinfo"))
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "?",
        ["cores"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
        ["memory"] = string.Create(CultureInfo.InvariantCulture, $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024.0 * 1024 * 1024):0} GB"),
        ["system"] = RuntimeInformation.OSDescription,
        [".NET"] = Environment.Version.ToString(),
        ["Node.js"] = (await OutputAsync("node", "--version")).Trim(),
        ["Azurite"] = await AzuriteVersionAsync(),
        ["rclone"] = (await OutputAsync("rclone", "version")).Split('\n')[0].Replace("rclone ", "", StringComparison.Ordinal).Trim(),
    };

    private static async Task<string> AzuriteVersionAsync()
    {
        using var package = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "src", "Azurite", "package.json")));
        return package.RootElement.GetProperty("dependencies").GetProperty("azurite").GetString()!;
    }

    private static async Task<string> OutputAsync(string program, string argument)
    {
        using var process = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo(program, argument) { RedirectStandardOutput = true, UseShellExecute = false })!;
        return await process.StandardOutput.ReadToEndAsync();
    }
}
