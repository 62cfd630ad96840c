using System.Reflection.PortableExecutable;
using System.Text.Json;

namespace Package.Tests;

/// <summary>The package holds the app, what the Functions host reads, the licenses, and nothing else.</summary>
public sealed class ContentTests(PackageFixture package)
{
    private static readonly string[] Own =
    [
        "Archiving.Core.dll", "Archiving.dll", "EightByEight.dll", "Functions.dll", "Operations.Exporting.dll", "Operations.Finding.dll", "Operations.Plan.dll",
        "Operations.dll",
    ];

    [Fact]
    public void Package_holds_what_the_Functions_host_reads_and_no_other_file_besides_assemblies()
    {
        Assert.Equal(
            [
                ".azurefunctions/function.deps.json",
                "Functions.deps.json",
                "Functions.runtimeconfig.json",
                "LICENSE",
                "THIRD-PARTY-NOTICES.md",
                "extensions.json",
                "functions.metadata",
                "host.json",
                "worker.config.json",
            ],
            package.Files.Where(file => !file.EndsWith(".dll", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("host.json")]
    [InlineData("LICENSE")]
    [InlineData("THIRD-PARTY-NOTICES.md")]
    public void File_of_the_repository_is_packed_unchanged(string file)
    {
        Assert.Equal(File.ReadAllText(RepositoryFiles.At(file)), File.ReadAllText(Path.Combine(package.Folder, file)));
    }

    [Fact]
    public void Every_assembly_is_of_this_repository_or_of_a_NuGet_package_that_NuGet_delivered_so()
    {
        var unknown = package.Files.Where(file => file.EndsWith(".dll", StringComparison.Ordinal))
            .Except(package.ShippedFiles.Select(file => file.Path), StringComparer.Ordinal);

        // The Functions SDK compiles one without code, whose list of dependencies tells the host what belongs to the extensions.
        Assert.Equal([".azurefunctions/Microsoft.Azure.Functions.Worker.Extensions.dll", .. Own], unknown);
        Assert.All(package.ShippedFiles, file => Assert.True(
            File.ReadAllBytes(file.Source).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(package.Folder, file.Path))),
            $"{file.Path} differs from that of {file.Package} {file.Version}"));
    }

    [Fact]
    public void Every_assembly_that_the_worker_resolves_is_in_the_package()
    {
        using var dependencies = JsonDocument.Parse(File.ReadAllText(Path.Combine(package.Folder, "Functions.deps.json")));
        var resolved = dependencies.RootElement.GetProperty("targets").EnumerateObject().Single().Value.EnumerateObject()
            .Where(library => library.Value.TryGetProperty("runtime", out _))
            .SelectMany(library => library.Value.GetProperty("runtime").EnumerateObject().Select(asset => Path.GetFileName(asset.Name)))
            .ToList();

        Assert.Empty(Own.Except(resolved, StringComparer.Ordinal));
        Assert.Empty(resolved.Except(package.Files, StringComparer.Ordinal));
    }

    [Fact]
    public void Every_extension_that_the_host_loads_is_in_the_package()
    {
        using var extensions = JsonDocument.Parse(File.ReadAllText(Path.Combine(package.Folder, "extensions.json")));
        var paths = extensions.RootElement.GetProperty("extensions").EnumerateArray().Select(extension => extension.GetProperty("hintPath").GetString()![2..])
            .ToList();

        Assert.Contains(".azurefunctions/Microsoft.Azure.WebJobs.Extensions.Storage.Queues.dll", paths);
        Assert.Empty(paths.Except(package.Files, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Archiving.Core.dll")]
    [InlineData("Archiving.dll")]
    [InlineData("EightByEight.dll")]
    [InlineData("Functions.dll")]
    public void Stack_traces_name_files_by_their_path_in_the_repository_and_not_on_the_machine_that_built_them(string assembly)
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(package.Folder, assembly)));
        using var symbols = file.ReadEmbeddedPortablePdbDebugDirectoryData(
            file.ReadDebugDirectory().Single(entry => entry.Type == DebugDirectoryEntryType.EmbeddedPortablePdb));
        var reader = symbols.GetMetadataReader();
        var sources = reader.Documents.Select(document => reader.GetString(reader.GetDocument(document).Name)).ToList();

        Assert.Contains(sources, source => source.StartsWith($"/_/src/{Path.GetFileNameWithoutExtension(assembly)}/", StringComparison.Ordinal));
        Assert.DoesNotContain(
            sources,
            source => source.StartsWith(RepositoryFiles.Root, StringComparison.Ordinal) || source.StartsWith(Path.GetTempPath(), StringComparison.Ordinal));
    }
}
