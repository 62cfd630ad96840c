using System.Text.Json;

namespace Package.Tests;

/// <summary>A file of the package that comes from a NuGet package.</summary>
/// <param name="Path">Where it is in the package.</param>
/// <param name="Package">The NuGet package.</param>
/// <param name="Version">Its version.</param>
/// <param name="Source">The same file in NuGet's folder of packages.</param>
internal sealed record ShippedFile(string Path, string Package, string Version, string Source)
{
    /// <summary>The package that brings the one assembly that no list of dependencies names: it makes the host read <c>functions.metadata</c>.</summary>
    private const string FunctionsSdk = "Microsoft.Azure.Functions.Worker.Sdk";

    /// <summary>The nuspec of the package.</summary>
    public string Nuspec => System.IO.Path.Combine(PackageFolder, $"{Package.ToLowerInvariant()}.nuspec");

    /// <summary>The folder of the package.</summary>
    public required string PackageFolder { get; init; }

    /// <summary>
    /// Finds where each file comes from: by the lists of dependencies of the app and of its extensions, and by its content for
    /// what is in neither.
    /// </summary>
    public static IReadOnlyList<ShippedFile> ReadAll(PackageFixture package)
    {
        var files = ReadList(package, "", "Functions.deps.json").Concat(ReadList(package, ".azurefunctions/", "function.deps.json")).ToList();
        files.AddRange(FindInFunctionsSdk(package, package.Files.Except(files.Select(file => file.Path), StringComparer.Ordinal)));
        return files;
    }

    private static IEnumerable<ShippedFile> ReadList(PackageFixture package, string folder, string list)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(System.IO.Path.Combine(package.Folder, folder, list)));
        var libraries = document.RootElement.GetProperty("libraries");
        foreach (var library in document.RootElement.GetProperty("targets").EnumerateObject().Single().Value.EnumerateObject()
            .Where(library => libraries.GetProperty(library.Name).GetProperty("type").GetString() == "package"))
        {
            var (name, version) = library.Name.Split('/') is [var first, var second] ? (first, second) : throw new InvalidDataException(library.Name);
            var packageFolder = System.IO.Path.Combine(package.PackageCache, name.ToLowerInvariant(), version.ToLowerInvariant());
            foreach (var (asset, path) in Assets(library.Value, "runtime", System.IO.Path.GetFileName).Concat(
                Assets(library.Value, "runtimeTargets", asset => asset)))
            {
                if (package.Files.Contains(folder + path, StringComparer.Ordinal))
                {
                    yield return new ShippedFile(folder + path, name, version, System.IO.Path.Combine(packageFolder, asset)) { PackageFolder = packageFolder };
                }
            }
        }
    }

    private static IEnumerable<(string Asset, string Path)> Assets(JsonElement library, string kind, Func<string, string> path) =>
        library.TryGetProperty(kind, out var assets) ? assets.EnumerateObject().Select(asset => (asset.Name, path(asset.Name))) : [];

    private static IEnumerable<ShippedFile> FindInFunctionsSdk(PackageFixture package, IEnumerable<string> files) =>
        from file in files
        from folder in Directory.EnumerateDirectories(System.IO.Path.Combine(package.PackageCache, FunctionsSdk.ToLowerInvariant()))
        from source in Directory.EnumerateFiles(System.IO.Path.Combine(folder, "tools"), System.IO.Path.GetFileName(file), SearchOption.AllDirectories)
        where File.ReadAllBytes(source).AsSpan().SequenceEqual(File.ReadAllBytes(System.IO.Path.Combine(package.Folder, file)))
        select new ShippedFile(file, FunctionsSdk, System.IO.Path.GetFileName(folder), source) { PackageFolder = folder };
}
