namespace Repository.Tests;

/// <summary>
/// What <c>microsoft/template-validation-action</c> looks for in a repository (its <c>rules.json</c>, 2026-04), as far as files can show it.
/// It also runs <c>azd up</c> and <c>azd down</c>.
/// </summary>
public sealed class GalleryTests
{
    [Theory]
    [InlineData("README.md")]
    [InlineData("LICENSE")]
    [InlineData("SECURITY.md")]
    [InlineData("CODE_OF_CONDUCT.md")]
    [InlineData("CONTRIBUTING.md")]
    [InlineData(".github/ISSUE_TEMPLATE")]
    [InlineData(".github/workflows/azure-dev.yml")]
    [InlineData("azure.yaml")]
    [InlineData("infra")]
    [InlineData(".devcontainer/devcontainer.json")]
    public void Gallery_finds_the_file_or_folder(string path)
    {
        Assert.True(RepositoryFiles.Exists(path), path);
    }

    [Theory]
    [InlineData("## Features")]
    [InlineData("## Getting Started")]
    [InlineData("## Guidance")]
    [InlineData("## Resources")]
    public void Gallery_finds_the_heading_in_the_readme(string heading)
    {
        Assert.Contains(heading, File.ReadLines(RepositoryFiles.At("README.md")));
    }

    [Fact]
    public void Gallery_is_told_the_version_of_the_template()
    {
        var version = File.ReadLines(RepositoryFiles.At("Directory.Build.props")).Single(line => line.Contains("<Version>", StringComparison.Ordinal)).Trim()
            ["<Version>".Length..^"</Version>".Length];

        Assert.Contains($"  template: eight-by-eight-archiver@{version}", File.ReadLines(RepositoryFiles.At("azure.yaml")));
    }
}
