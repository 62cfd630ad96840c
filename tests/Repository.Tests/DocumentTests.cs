using System.Text.RegularExpressions;

namespace Repository.Tests;

/// <summary>What the documents name is there.</summary>
public sealed partial class DocumentTests
{
    private static readonly string[] Documents =
    [
        .. Directory.EnumerateFiles(RepositoryFiles.Root, "*.md"),
        .. Directory.EnumerateFiles(RepositoryFiles.At("docs"), "*.md", SearchOption.AllDirectories),
    ];

    [Fact]
    public void Documents_link_to_what_is_there()
    {
        var links = Documents
            .SelectMany(file => Link().Matches(File.ReadAllText(file)).Select(match => (File: file, Target: match.Groups["target"].Value.Split('#')[0])))
            .Where(link => link.Target.Length > 0)
            .ToList();

        Assert.NotEmpty(links);
        Assert.All(links, link => Assert.True(
            Path.Exists(Path.Combine(Path.GetDirectoryName(link.File)!, link.Target)),
            $"{Path.GetRelativePath(RepositoryFiles.Root, link.File)} links to {link.Target}"));
    }

    [Fact]
    public void Documents_name_files_that_are_there()
    {
        var named = Documents.SelectMany(file => CodePath().Matches(File.ReadAllText(file)).Select(match => (File: file, Path: match.Groups["path"].Value)))
            .ToList();

        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.True(RepositoryFiles.Exists(name.Path), $"{Path.GetRelativePath(RepositoryFiles.Root, name.File)} names {name.Path}"));
    }

    [Fact]
    public void Documents_filter_for_tests_that_are_there()
    {
        var sources = Directory.EnumerateFiles(RepositoryFiles.At("tests"), "*Tests.cs", SearchOption.AllDirectories).Select(File.ReadAllText).ToList();
        var filters = Documents.SelectMany(file => TestFilter().Matches(File.ReadAllText(file)).Select(match => match.Groups["name"].Value)).ToList();

        // A filter that matches nothing makes the command fail.
        Assert.NotEmpty(filters);
        Assert.All(filters, name => Assert.True(sources.Exists(source => source.Contains(name, StringComparison.Ordinal)), $"No test matches {name}"));
    }

    [Fact]
    public void Spell_checker_knows_only_words_in_use()
    {
        string[] sources =
        [
            .. Documents,
            .. Directory.EnumerateFiles(RepositoryFiles.At("src"), "*.cs", SearchOption.AllDirectories),
            .. Directory.EnumerateFiles(RepositoryFiles.At(".github"), "*.yml", SearchOption.AllDirectories),
        ];
        var text = string.Join('\n', sources.Select(File.ReadAllText));
        var words = File.ReadLines(RepositoryFiles.At(".config/dictionary.txt")).Where(line => line.Length > 0 && line[0] != '#').ToList();

        Assert.NotEmpty(words);
        Assert.Distinct(words, StringComparer.OrdinalIgnoreCase);
        Assert.All(words, word => Assert.Contains(word, text, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void Documents_start_the_emulator_so_that_it_takes_the_storage_clients()
    {
        // It knows no version of the storage API that is newer than itself, and the clients send newer ones.
        var commands = Documents.SelectMany(file => Emulator().Matches(File.ReadAllText(file)).Select(match => match.Groups["arguments"].Value)).ToList();

        Assert.NotEmpty(commands);
        Assert.All(commands, arguments => Assert.Contains("--skipApiVersionCheck", arguments, StringComparison.Ordinal));
    }

    [Fact]
    public void Security_names_classes_and_modules_that_are_there()
    {
        var declared = Directory.EnumerateFiles(RepositoryFiles.At("src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Declaration().Matches(File.ReadAllText(file)).Select(match => match.Groups["name"].Value))
            .Concat(Directory.EnumerateFiles(RepositoryFiles.At("infra"), "*.bicep", SearchOption.AllDirectories).Select(Path.GetFileName))
            .ToHashSet(StringComparer.Ordinal);

        // What else is set like code: a state, a method of the SDK.
        var named = CodeName().Matches(File.ReadAllText(RepositoryFiles.At("SECURITY.md"))).Select(match => match.Groups["name"].Value)
            .Except(["Failed", "TableClient"], StringComparer.Ordinal)
            .ToList();

        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.Contains(name, declared));
    }

    [Fact]
    public void Telemetry_names_every_function_that_can_be_overdue()
    {
        var functions = OverdueFunction().Matches(File.ReadAllText(RepositoryFiles.At("src/Operations/Status/OverdueTimers.cs")))
            .Select(match => match.Groups["name"].Value);
        var documented = File.ReadLines(RepositoryFiles.At("docs/telemetry.md")).Single(line => line.StartsWith("| `function` |", StringComparison.Ordinal));

        Assert.Equal(functions, CodeName().Matches(documented).Select(match => match.Groups["name"].Value));
    }

    [Fact]
    public void Documents_list_every_log_event_as_it_is_in_the_code()
    {
        var logged = AppSources("Archiving*", "EightByEight", "Functions", "Operations*")
            .SelectMany(file => LogEvent().Matches(File.ReadAllText(file)))
            .Select(match => (Id: match.Groups["id"].Value, Level: match.Groups["level"].Value, Message: Joined(match.Groups["message"])))
            .Order()
            .ToList();
        var documented = File.ReadLines(RepositoryFiles.At("docs/logs.md"))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length > 4 && cells[1].Length > 0 && cells[1].All(char.IsAsciiDigit))
            .Select(cells => (Id: cells[1], Level: cells[2], Message: cells[3]))
            .Order()
            .ToList();

        Assert.Distinct(logged.Select(entry => entry.Id));
        Assert.Equal(logged, documented);
    }

    [Fact]
    public void Documents_list_every_reason_for_which_objects_fail()
    {
        var reasons = AppSources("Archiving*")
            .SelectMany(file => Reason().Matches(File.ReadAllText(file)))
            .Select(match => Placeholder().Replace(Joined(match.Groups["text"]), "…"))
            .Distinct(StringComparer.Ordinal)
            .ToList();
        var page = File.ReadAllText(RepositoryFiles.At("docs/logs.md"));

        Assert.True(reasons.Count > 10, string.Join(Environment.NewLine, reasons));
        Assert.All(reasons, reason => Assert.Contains($"| {reason} |", page, StringComparison.Ordinal));
    }

    [Fact]
    public void Documents_say_what_each_alert_means_and_each_check_of_health()
    {
        var guide = File.ReadAllText(RepositoryFiles.At("docs/operator-guide.md"));
        var alerts = AlertTitle().Matches(File.ReadAllText(RepositoryFiles.At("infra/bicep/modules/alerts.bicep")))
            .Select(match => Parameter().Replace(match.Groups["title"].Value, "…"))
            .ToList();
        var conditions = Condition().Matches(File.ReadAllText(RepositoryFiles.At("src/Archiving.Core/Model/Condition.cs")))
            .Select(match => match.Groups["name"].Value)
            .ToList();

        Assert.NotEmpty(alerts);
        Assert.NotEmpty(conditions);
        Assert.All(alerts, title => Assert.Contains($"| {title} |", guide, StringComparison.Ordinal));
        Assert.All(conditions, name => Assert.Contains($"| `{name}` |", guide, StringComparison.Ordinal));
    }

    /// <summary>A text that may stand on several lines.</summary>
    private static string Joined(Group group) => string.Concat(group.Captures.Select(capture => capture.Value));

    private static IEnumerable<string> AppSources(params string[] projects) => projects
        .SelectMany(project => Directory.EnumerateDirectories(RepositoryFiles.At("src"), project))
        .SelectMany(project => Directory.EnumerateFiles(project, "*.cs", SearchOption.AllDirectories));

    [GeneratedRegex(
        @"LoggerMessage\(\s*EventId = (?<id>\d+),\s*Level = LogLevel\.(?<level>\w+),\s*Message = ""(?<message>[^""]*)""(\s*\+\s*""(?<message>[^""]*)"")*",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex LogEvent();

    [GeneratedRegex(
        @"(new ((PermanentFailure|ObjectGone)Exception|CopyStep\.Fail)\(|string Forbidden =| => Unaddressable\()"
        + @"[^""]{0,80}?\$?""(?<text>[^""]+)""(\s*\+\s*\$?""(?<text>[^""]+)"")*",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Reason();

    [GeneratedRegex(@"\{[^}]+\}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"\$\{\w+\}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Parameter();

    [GeneratedRegex(@"^    title: '(?<title>[^']+)'", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AlertTitle();

    [GeneratedRegex(@"^    (?<name>[A-Z]\w+),", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Condition();

    [GeneratedRegex(@"\]\((?<target>[^)\s:]+)\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();

    [GeneratedRegex(@"`(?<path>(src|tests|bench|docs|infra|scripts|\.github)(/[\w.-]+)+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CodePath();

    [GeneratedRegex(@"--filter-(method|class) ""\*(?<name>\w+)\*?""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TestFilter();

    [GeneratedRegex("npx azurite(?<arguments>[^`]*)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Emulator();

    [GeneratedRegex(@"\(""(?<name>\w+)"", ", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OverdueFunction();

    [GeneratedRegex(@"`(?<name>[A-Z][A-Za-z]+|[a-zA-Z]+\.bicep)(\.[A-Z][A-Za-z]+)?`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CodeName();

    [GeneratedRegex(@"\b(class|record|struct|enum|interface) (?<name>[A-Z]\w+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Declaration();
}
