using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Comparison;

/// <summary>What is to hold, and what was measured.</summary>
/// <param name="What">What is compared.</param>
/// <param name="Target">What it is to be: at least, or at most.</param>
/// <param name="IsLeast">Whether the target is the least.</param>
/// <param name="Measured">What was measured.</param>
internal sealed record Goal(string What, double Target, bool IsLeast, Ratio Measured)
{
    public bool IsMet => IsLeast ? Measured.Median >= Target : Measured.Median <= Target;

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"| {What} | {(IsLeast ? "≥" : "≤")} {Target:0.##} | {Measured} | {(IsMet ? "met" : "**missed**")} |");
}

/// <summary>Collects what was measured and writes it down.</summary>
internal sealed class Report(int rounds)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };
    private readonly List<Goal> _goals = [];
    private readonly List<string> _sections = [];
    private string _page = "";
    private readonly Dictionary<string, object> _data = new(StringComparer.Ordinal);

    public void Expect(string what, Ratio measured, double? atLeast = null, double? atMost = null) =>
        _goals.Add(new Goal(what, atLeast ?? atMost!.Value, atLeast is not null, measured));

    public void Add(string title, IEnumerable<string> lines, object data)
    {
        _sections.AddRange([$"## {title}", "", .. lines, ""]);
        _data[title] = data;
    }

    public void Add(Series series, string title, string note) => Add(
        title,
        [.. series.Table(), "", note],
        series.Runs.ToDictionary(runs => runs.Key.Name, runs => runs.Value, StringComparer.Ordinal));

    /// <summary>Writes the page to the console.</summary>
    public void Print() => Console.WriteLine($"\n{_page}");

    /// <summary>Writes <c>bench/results/{date}.md</c> and <c>.json</c>.</summary>
    public async Task WriteAsync()
    {
        var date = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var machine = await MachineAsync();
        string[] lines =
        [
            "# Against rclone, and against the least that the work takes",
            "",
            $"{date}. {string.Join(", ", machine.Select(part => $"{part.Key} {part.Value}"))}.",
            "",
            string.Create(CultureInfo.InvariantCulture, $"`dotnet run -c Release --project bench/Comparison`: everything in one run, the contenders in turn, {rounds} rounds, each on a fresh Azurite and a fresh source on this machine. Ratios are of the same round; the median, and in brackets the least and the most. rclone runs with its defaults, the app with those of `host.json` and `local.settings.sample.json`."),
            "",
            "| what | target | measured | |",
            "| --- | ---: | ---: | --- |",
            .. _goals.Select(goal => goal.ToString()),
            "",
            .. _sections,
        ];
        var path = Path.Combine(Repository.Root, "bench", "results", date);
        _page = string.Join('\n', lines).TrimEnd() + "\n";
        await File.WriteAllTextAsync(path + ".md", _page);
        await File.WriteAllTextAsync(path + ".json", JsonSerializer.Serialize(new { date, machine, rounds, goals = _goals, results = _data }, Json) + "\n");
    }

    private static async Task<Dictionary<string, string>> MachineAsync() => new(StringComparer.Ordinal)
    {
        ["processor"] = (await File.ReadAllLinesAsync("/proc/cpuinfo")).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "?",
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
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(program, argument) { RedirectStandardOutput = true, UseShellExecute = false })!;
        return await process.StandardOutput.ReadToEndAsync();
    }
}
