using System.IO.Compression;
using System.Runtime.Versioning;

namespace Repository.Tests;

/// <summary><c>scripts/package.sh</c> and <c>scripts/release-notes.sh</c>, with a <c>dotnet publish</c> that writes given files of a given day.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ReleaseScriptTests : IDisposable
{
    private const string Publish =
        """
        while [ "$1" != -o ]; do shift; done
        for file in $FILES; do
          mkdir -p "$(dirname "$2/$file")"
          echo "$file" >"$2/$file"
          chmod "$MODE" "$2/$file"
          touch -d "$DAY" "$2/$file"
        done
        """;

    private const string App = "host.json worker.config.json functions.metadata extensions.json .azurefunctions/function.deps.json Functions.dll";

    private readonly Sandbox _sandbox = new();

    public ReleaseScriptTests()
    {
        _sandbox.WriteProgram("dotnet", Publish);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Release_script_packs_the_same_files_into_the_same_bytes()
    {
        var packages = new List<byte[]>();
        foreach (var (files, day) in ((string, string)[])[
            ($"{App} .azurefunctions/Extension.dll", "2001-02-03"),
            ($".azurefunctions/Extension.dll {string.Join(' ', App.Split(' ').Reverse())}", "2004-05-06")])
        {
            var (exitCode, output) = await PackAsync(files, "1.2.3-rc.1", day);
            Assert.True(exitCode == 0, output);
            packages.Add(await File.ReadAllBytesAsync(Path.Combine(_sandbox.Folder, "out", "8x8-archiver-1.2.3-rc.1.zip"), Cancellation));
        }

        Assert.Equal(packages[0], packages[1]);
        await using var package = new ZipArchive(new MemoryStream(packages[0]));
        Assert.Equal(
            [
                ".azurefunctions/Extension.dll", ".azurefunctions/function.deps.json", "Functions.dll", "LICENSE", "THIRD-PARTY-NOTICES.md",
                "extensions.json", "functions.metadata", "host.json", "worker.config.json",
            ],
            package.Entries.Select(entry => entry.FullName));
        Assert.All(package.Entries, entry => Assert.Equal(Convert.ToInt32("100644", 8), (entry.ExternalAttributes >> 16) & 0xFFFF));
    }

    [Theory]
    [InlineData("host.json Functions.dll", "1.2.3", "worker.config.json is not in the published app")]
    [InlineData(
        "host.json worker.config.json functions.metadata extensions.json Functions.dll",
        "1.2.3",
        ".azurefunctions/function.deps.json is not in the published app")]
    [InlineData($"{App} local.settings.json", "1.2.3", "local.settings.json, which can hold secrets")]
    [InlineData(App, "latest", "not a version")]
    public async Task Release_script_packs_nothing_that_is_no_app(string files, string version, string expected)
    {
        var (exitCode, output) = await PackAsync(files, version);

        Assert.Equal(1, exitCode);
        Assert.Contains(expected, output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_sandbox.Folder, "out", $"8x8-archiver-{version}.zip")));
    }

    [Fact]
    public async Task Release_script_prints_the_notes_of_a_version_and_of_no_other()
    {
        var sections = File.ReadAllText(RepositoryFiles.At("CHANGELOG.md")).Split("\n## [")[1..];
        Assert.NotEmpty(sections);
        foreach (var section in sections)
        {
            var expected = section[(section.IndexOf('\n', StringComparison.Ordinal) + 1)..].TrimEnd();
            var (exitCode, notes) = await PrintNotesAsync(section[..section.IndexOf(']', StringComparison.Ordinal)]);
            Assert.Equal(expected.Length == 0 ? 1 : 0, exitCode);
            Assert.True(exitCode == 1 || notes.TrimEnd() == expected, notes);
        }

        Assert.Equal((1, "CHANGELOG.md says nothing of version 9.9.9.\n"), await PrintNotesAsync("9.9.9"));
    }

    public void Dispose() => _sandbox.Dispose();

    private Task<(int ExitCode, string Output)> PackAsync(string files, string version, string day = "2001-02-03") =>
        _sandbox.RunAsync(
            RepositoryFiles.At("scripts/package.sh"),
            [version, Path.Combine(_sandbox.Folder, "out")],
            environment: [("FILES", files), ("DAY", day), ("MODE", day == "2001-02-03" ? "744" : "600")]);

    private Task<(int ExitCode, string Output)> PrintNotesAsync(string version) => _sandbox.RunAsync(RepositoryFiles.At("scripts/release-notes.sh"), [version]);
}
