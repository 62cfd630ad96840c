using System.Security.Cryptography;
using System.Text.Json;

namespace Package.Tests;

/// <summary>The SBOM lists the files of the package and the packages that they come from, and nothing else.</summary>
public sealed class SbomTests : IDisposable
{
    private readonly PackageFixture _package;
    private readonly JsonDocument _sbom;

    public SbomTests(PackageFixture package)
    {
        ArgumentNullException.ThrowIfNull(package);
        _package = package;
        _sbom = JsonDocument.Parse(File.ReadAllText(package.Sbom));
    }

    [Fact]
    public void Sbom_lists_every_file_of_the_package_with_its_hash()
    {
        var listed = _sbom.RootElement.GetProperty("files").EnumerateArray().Select(file =>
        {
            var hash = file.GetProperty("checksums").EnumerateArray().Single(checksum => checksum.GetProperty("algorithm").GetString() == "SHA256");
            return $"{file.GetProperty("fileName").GetString()![2..]} {hash.GetProperty("checksumValue").GetString()}";
        });
        var packed = _package.Files
            .Select(file => $"{file} {Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(_package.Folder, file))))}");

        Assert.Equal(packed, listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Sbom_lists_the_packages_that_the_files_come_from_and_no_others()
    {
        var listed = _sbom.RootElement.GetProperty("packages").EnumerateArray()
            .SelectMany(component => component.GetProperty("externalRefs").EnumerateArray())
            .Select(reference => reference.GetProperty("referenceLocator").GetString()!)
            .Where(locator => !locator.StartsWith("pkg:swid/", StringComparison.Ordinal));
        using var lockFile = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.At("tests/Dashboard.Tests/package-lock.json")));
        var charts = lockFile.RootElement.GetProperty("packages").GetProperty("node_modules/uplot").GetProperty("version").GetString();
        var shipped = _package.ShippedFiles.Select(file => $"pkg:nuget/{file.Package}@{file.Version}").Distinct(StringComparer.OrdinalIgnoreCase)
            .Append($"pkg:npm/uplot@{charts}");

        Assert.Equal(shipped.Order(StringComparer.OrdinalIgnoreCase), listed.Order(StringComparer.OrdinalIgnoreCase), StringComparer.OrdinalIgnoreCase);
    }

    public void Dispose() => _sbom.Dispose();
}
