using System.IO.Compression;
using System.Runtime.Versioning;
using System.Text.Json;

namespace Repository.Tests;

/// <summary><c>azd up</c> compiles a release on the machine that deploys it, years later: nothing that changed since may stop it.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class CustomerBuildTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Release_build_turns_no_warning_into_an_error_and_the_build_of_this_project_every_one()
    {
        var release = await PropertiesAsync("Release", ("PACKAGE_WARNINGS_AS_ERRORS", null));
        var debug = await PropertiesAsync("Debug", ("PACKAGE_WARNINGS_AS_ERRORS", "true"));

        Assert.Equal("false", release["TreatWarningsAsErrors"]);
        Assert.Equal("true", debug["TreatWarningsAsErrors"]);

        // azd restores without saying which configuration.
        Assert.All(
            (string[])["NU1507", "NU1603", "NU1900", "NU1901", "NU1902", "NU1903", "NU1904", "NU1905"],
            code => Assert.Contains(code, release["WarningsNotAsErrors"].Split(';')));
        Assert.DoesNotContain("NU1", debug["WarningsNotAsErrors"], StringComparison.Ordinal);
        Assert.Contains("export PACKAGE_WARNINGS_AS_ERRORS=true", File.ReadLines(RepositoryFiles.At(".ci/run")));
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData("true", 1)]
    public async Task Restore_takes_the_next_version_of_a_package_that_a_feed_lacks_and_fails_in_the_checks_of_this_project(string? strict, int expected)
    {
        WritePackage("First", "1.0.0", """<dependency id="Second" version="1.0.0" />""");
        WritePackage("Second", "1.0.1", "");

        // As in the project that the Functions SDK generates.
        var (exitCode, output) = await RestoreAsync(["-p:RestorePackagesWithLockFile=false"], ("PACKAGE_WARNINGS_AS_ERRORS", strict));

        Assert.True(exitCode == expected, output);
        Assert.Contains($"{(strict is null ? "warning" : "error")} NU1603", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_that_a_lock_file_stops_succeeds_with_the_option_that_the_documents_name()
    {
        WritePackage("First", "1.0.0", """<dependency id="Second" version="1.0.0" />""");
        WritePackage("Second", "1.0.0", "");
        await RestoreAsync([]);
        Directory.Delete(Path.Combine(_sandbox.Folder, "packages"), recursive: true);
        File.Delete(Path.Combine(_sandbox.Folder, "feed", "Second.1.0.0.nupkg"));
        WritePackage("Second", "1.0.1", "");

        var (failed, explanation) = await RestoreAsync([]);
        var (exitCode, output) = await RestoreAsync(["--force-evaluate"]);

        Assert.Equal(1, failed);
        Assert.Contains("NU1102", explanation, StringComparison.Ordinal);
        Assert.True(exitCode == 0, output);
        var page = await File.ReadAllTextAsync(RepositoryFiles.At("docs/deploy.md"), Cancellation);
        Assert.Contains("NU1102", page, StringComparison.Ordinal);
        Assert.Contains("dotnet restore src/Functions --force-evaluate", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Project_that_azd_initializes_user_secrets_for_has_an_ID_and_does_not_read_them()
    {
        var project = Assert.Single(Lines("azure.yaml", "    project: "));

        var properties = await PropertiesAsync("Release", project: project);

        Assert.NotEqual("", properties["UserSecretsId"]);
        Assert.Equal("false", properties["GenerateUserSecretsAttribute"]);
    }

    [Fact]
    public void Every_project_has_a_lock_file()
    {
        var projects = new[] { "src", "tests", "bench" }
            .SelectMany(folder => Directory.EnumerateFiles(RepositoryFiles.At(folder), "*.csproj", SearchOption.AllDirectories))
            .Where(project => !project.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

        Assert.All(projects, project => Assert.True(File.Exists(Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json")), project));
    }

    public void Dispose() => _sandbox.Dispose();

    private static IEnumerable<string> Lines(string file, string beginning) => File.ReadLines(RepositoryFiles.At(file))
        .Where(line => line.StartsWith(beginning, StringComparison.Ordinal))
        .Select(line => line[beginning.Length..]);

    private async Task<Dictionary<string, string>> PropertiesAsync(
        string configuration,
        (string, string?) environment = default,
        string project = "src/Functions")
    {
        var (exitCode, output) = await _sandbox.RunAsync(
            "dotnet",
            [
                "msbuild", RepositoryFiles.At(project), $"-p:Configuration={configuration}",
                "-getProperty:TreatWarningsAsErrors,WarningsNotAsErrors,UserSecretsId,GenerateUserSecretsAttribute",
            ],
            "",
            environment.Item1 is null ? [] : [environment]);
        Assert.True(exitCode == 0, output);
        using var document = JsonDocument.Parse(output);
        return document.RootElement.GetProperty("Properties").Deserialize<Dictionary<string, string>>()!;
    }

    private async Task<(int ExitCode, string Output)> RestoreAsync(string[] options, params (string, string?)[] environment)
    {
        var project = Path.Combine(_sandbox.Folder, "Project.csproj");
        await File.WriteAllTextAsync(
            project,
            $"""
            <Project>
              <Import Project="{RepositoryFiles.At("Directory.Build.props")}" />
              <Import Project="Sdk.props" Sdk="Microsoft.NET.Sdk" />
              <PropertyGroup>
                <ManagePackageVersionsCentrally>false</ManagePackageVersionsCentrally>
                <RestoreSources>{_sandbox.Folder}/feed</RestoreSources>
                <RestorePackagesPath>{_sandbox.Folder}/packages</RestorePackagesPath>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Remove="@(PackageReference)" />
                <PackageReference Include="First" Version="1.0.0" />
              </ItemGroup>
              <Import Project="Sdk.targets" Sdk="Microsoft.NET.Sdk" />
            </Project>
            """,
            Cancellation);
        return await _sandbox.RunAsync("dotnet", ["restore", project, .. options], "", [("CI", null), ("PACKAGE_WARNINGS_AS_ERRORS", null), .. environment]);
    }

    private void WritePackage(string id, string version, string dependencies)
    {
        var feed = Directory.CreateDirectory(Path.Combine(_sandbox.Folder, "feed"));
        using var package = ZipFile.Open(Path.Combine(feed.FullName, $"{id}.{version}.nupkg"), ZipArchiveMode.Create);
        using var writer = new StreamWriter(package.CreateEntry($"{id}.nuspec").Open());
        writer.Write(
            $"""
            <package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
              <metadata>
                <id>{id}</id><version>{version}</version><authors>test</authors><description>test</description>
                <dependencies><group targetFramework="net10.0">{dependencies}</group></dependencies>
              </metadata>
            </package>
            """);
    }
}
