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
    public void Link_to_what_is_there()
    {
        var links = Documents.SelectMany(file => Link().Matches(File.ReadAllText(file)).Select(match => (File: file, Target: match.Groups["target"].Value.Split('#')[0]))).Where(link => link.Target.Length > 0).ToList();

        Assert.NotEmpty(links);
        Assert.All(links, link => Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(link.File)!, link.Target)), $"{Path.GetRelativePath(RepositoryFiles.Root, link.File)} links to {link.Target}"));
    }

    [Fact]
    public void Name_files_that_are_there()
    {
        var named = Documents.SelectMany(file => CodePath().Matches(File.ReadAllText(file)).Select(match => (File: file, Path: match.Groups["path"].Value))).ToList();

        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.True(RepositoryFiles.Exists(name.Path), $"{Path.GetRelativePath(RepositoryFiles.Root, name.File)} names {name.Path}"));
    }

    [Fact]
    public void Security_names_classes_and_modules_that_are_there()
    {
        var declared = Directory.EnumerateFiles(RepositoryFiles.At("src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Declaration().Matches(File.ReadAllText(file)).Select(match => match.Groups["name"].Value))
            .Concat(Directory.EnumerateFiles(RepositoryFiles.At("infra"), "*.bicep", SearchOption.AllDirectories).Select(Path.GetFileName))
            .ToHashSet(StringComparer.Ordinal);

        // What else is set like code: a state, a method of the SDK.
        var named = CodeName().Matches(File.ReadAllText(RepositoryFiles.At("SECURITY.md"))).Select(match => match.Groups["name"].Value).Except(["Failed", "TableClient"], StringComparer.Ordinal).ToList();

        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.Contains(name, declared));
    }

    [GeneratedRegex(@"\]\((?<target>[^)\s:]+)\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();

    [GeneratedRegex(@"`(?<path>(src|tests|bench|docs|infra|scripts|\.github)(/[\w.-]+)+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CodePath();

    [GeneratedRegex(@"`(?<name>[A-Z][A-Za-z]+|[a-zA-Z]+\.bicep)(\.[A-Z][A-Za-z]+)?`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CodeName();

    [GeneratedRegex(@"\b(class|record|struct|enum|interface) (?<name>[A-Z]\w+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Declaration();
}
