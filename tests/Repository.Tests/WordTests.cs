using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace Repository.Tests;

/// <summary>Code and documents use the plain terms of Azure, .NET and 8x8, one for each thing.</summary>
public sealed partial class WordTests
{
    private static readonly FrozenSet<string> Extensions =
        FrozenSet.Create(".bicep", ".cjs", ".cs", ".css", ".html", ".js", ".json", ".md", ".props", ".ps1", ".sh", ".yaml", ".yml");

    // Build output, packages, and what others wrote.
    private static readonly FrozenSet<string> OtherFolders = FrozenSet.Create("bin", "obj", "node_modules", "StrykerOutput", "TestResults");

    /// <summary>Words and phrases with the term to use instead.</summary>
    private static readonly (string Word, string Instead)[] Avoided =
    [
        ("anew", "again"),
        ("anybody|everybody|nobody|somebody|whoever", "the user, you, an operator, the caller"),
        ("checkups?|examine|examines|examined|examinations?", "plan, doctor, check"),
        ("dead|deaths?|dies|died|dying|life|lives", "crash, restart, lifetime"),
        ("gave way|gives? way|giving way", "defer, yield"),
        ("heed|heeds|heeded", "follow, observe"),
        ("holes?", "vulnerability, gap"),
        ("in vain", "for nothing"),
        ("mend|mends|mended|mending", "fix, repair"),
        ("patience|patient", "timeout, delay"),
        ("puts? off|putting off", "defer"),
        ("reckon|reckons|reckoned|reckoning", "calculate, estimate, assume"),
        ("scrub|scrubs|scrubbed|scrubbing", "verify"),
        ("stretch|stretches|sweeps?", "window, run, range"),
        ("troubles?", "outage, problem"),
    ];

    /// <summary>Names that must stay, with the reason.</summary>
    private static readonly (string Text, string Reason)[] Kept =
    [
        ("archiving.objects.scrubbed", "a metric, part of the public contract"),
        ("archiving.scrub.mismatches", "a metric, part of the public contract"),
        ("Phase.Scrub", "a value of the tag phase, part of the public contract"),
        ("    Scrub,", "the same, where it is declared"),
        ("`scrub`: verify", "the same, where it is documented"),
        ("\"name\": \"scrub\"", "a step of the workbook"),
        ("\"deaths\"", "a field of queue messages that earlier versions wrote"),
        ("`trouble`", "an alert"),
        ("'trouble'", "an alert"),
        ("\"name\": \"trouble\"", "a step of the workbook"),
        ("\"trouble\"", "an element of the dashboard"),
        ("\"#trouble\"", "the same, where a test looks for it"),
        ("scheduledQueryRules/trouble-", "the name of an alert"),
        ("phase=scrub", "a value of the tag phase, where a test looks for it"),
        (".trouble {", "a style of the dashboard"),
        ("align-self: stretch", "CSS"),
        ("deadLetterWithResourceIdentity", "a property of Event Grid"),
        ("deadLetterDestination", "the same"),
        ("simulated-lives", "a job of the nightly workflow and a decision record"),
    ];

    private static readonly Regex AnyAvoided = new(
        $"(?<![A-Za-z])({string.Join('|', Avoided.Select(avoided => avoided.Word))})(?![A-Za-z])",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.Compiled,
        TimeSpan.FromSeconds(1));

    private static readonly Regex OtherLimits = new(
        @"\b(const|static readonly) [\w<>?\[\]]+ (?<name>(Most|Fewest|Longest|Shortest|Largest|Smallest|Least|Narrowest|Widest|Standard)(?![a-z])\w*)",
        RegexOptions.ExplicitCapture | RegexOptions.Compiled,
        TimeSpan.FromSeconds(1));

    private static readonly List<string> Files =
    [
        .. Directory.EnumerateFiles(RepositoryFiles.Root).Where(file => Path.GetFileName(file) != "THIRD-PARTY-NOTICES.md"),
        .. new[] { ".github", "bench", "docs", "infra", "scripts", "src", "tests" }.SelectMany(
            folder => Directory.EnumerateFiles(RepositoryFiles.At(folder), "*", SearchOption.AllDirectories)),
    ];

    private static readonly List<(string Name, string Text)> Sources =
        [.. Files.Where(IsOurs).Select(file => (Path.GetRelativePath(RepositoryFiles.Root, file), File.ReadAllText(file)))];

    [Fact]
    public void Code_and_documents_avoid_private_words()
    {
        var found = Sources.SelectMany(source => source.Text.Split('\n')
            .SelectMany((line, index) => Find(line).Select(one => $"{source.Name}:{index + 1}: \"{one.Word}\". Say: {one.Instead}"))).ToList();

        Assert.True(Sources.Count > 200, $"Only {Sources.Count} files were read.");
        Assert.True(found.Count == 0, string.Join(Environment.NewLine, found));
    }

    [Fact]
    public void Limits_in_code_are_named_Max_and_Min()
    {
        var found = Sources.Where(source => source.Name.EndsWith(".cs", StringComparison.Ordinal))
            .SelectMany(source => OtherLimits.Matches(source.Text).Select(match => $"{source.Name}: {match.Groups["name"].Value}"))
            .ToList();

        Assert.True(found.Count == 0, string.Join(Environment.NewLine, found));
    }

    [Fact]
    public void Names_that_must_stay_are_in_use() =>
        Assert.All(Kept, kept => Assert.True(
            Sources.Exists(source => source.Text.Contains(kept.Text, StringComparison.Ordinal)),
            $"Nothing has the name {kept.Text} any more ({kept.Reason})."));

    [Theory]
    [InlineData("// Planned anew from the watermark.", "anew")]
    [InlineData("private static readonly TimeSpan StoragePatience = Limit;", "Patience")]
    [InlineData("lock (_troubles)", "troubles")]
    [InlineData("This work is put off.", "put off")]
    [InlineData("Mend(reader.ValueSpan)", "Mend")]
    [InlineData("json.WriteNumber(\"deaths\"u8, Crashes); // Whole beginnings that come to life", "life")]
    [InlineData("The recommended lifetime, read as a whole, with live progress.", null)]
    public void Words_are_found_in_sentences_and_in_names(string line, string? word) =>
        Assert.Equal(word, Find(line).Select(one => one.Word).SingleOrDefault());

    private static IEnumerable<(string Word, string Instead)> Find(string line)
    {
        foreach (var (text, _) in Kept)
        {
            line = line.Replace(text, "", StringComparison.Ordinal);
        }

        // Names fall apart into their words.
        var words = Boundary().Replace(line, " ");
        return AnyAvoided.Matches(words).Select(match => (match.Value, Instead(match.Value)));
    }

    private static string Instead(string word) =>
        Avoided.First(avoided => Regex.IsMatch(word, $"^({avoided.Word})$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)))
            .Instead;

    private static bool IsOurs(string file) =>
        Extensions.Contains(Path.GetExtension(file))
        && !Path.GetFileName(file).StartsWith("uPlot", StringComparison.Ordinal)
        && Path.GetFileName(file) is not ("package-lock.json" or "packages.lock.json")

        // It holds the words themselves.
        && Path.GetFileName(file) != "WordTests.cs"
        && !Path.GetRelativePath(RepositoryFiles.Root, file).Split(Path.DirectorySeparatorChar).Any(OtherFolders.Contains);

    [GeneratedRegex("(?<=[a-z])(?=[A-Z])", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Boundary();
}
