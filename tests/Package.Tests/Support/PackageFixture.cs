using System.Diagnostics;
using System.Text.Json;
using Package.Tests;

[assembly: AssemblyFixture(typeof(PackageFixture))]

namespace Package.Tests;

/// <summary>The package as a release builds it, unpacked, with its SBOM. Building it takes most of a minute, so all tests share it.</summary>
public sealed class PackageFixture : IAsyncLifetime
{
    private const string Version = "0.0.0-test";

    private readonly string _work = Directory.CreateTempSubdirectory("package-").FullName;

    /// <summary>The unpacked package: what the Functions host is given as the folder of the app.</summary>
    public string Folder => Path.Combine(_work, "app");

    /// <summary>The package itself.</summary>
    public string ZipFile => Path.Combine(_work, $"8x8-archiver-{Version}.zip");

    /// <summary>Its SBOM, in SPDX 2.2.</summary>
    public string Sbom => Path.Combine(_work, $"8x8-archiver-{Version}.spdx.json");

    /// <summary>NuGet's folder of packages, which the build took its packages from.</summary>
    public string PackageCache { get; private set; } = "";

    /// <summary>Every file of the package, by its path in it, with <c>/</c>.</summary>
    public IReadOnlyList<string> Files { get; private set; } = [];

    /// <summary>The names of the package's functions.</summary>
    public IEnumerable<string> FunctionNames
    {
        get
        {
            using var metadata = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "functions.metadata")));
            return [.. metadata.RootElement.EnumerateArray().Select(function => function.GetProperty("name").GetString()!)];
        }
    }

    /// <summary>The files of the package that are from others, with the packages that they come from.</summary>
    internal IReadOnlyList<ShippedFile> ShippedFiles { get; private set; } = [];

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        await RunAsync(RepositoryFiles.At("scripts/package.sh"), Version, _work);
        await RunAsync(RepositoryFiles.At("scripts/sbom.sh"), Version, _work);
        await System.IO.Compression.ZipFile.ExtractToDirectoryAsync(ZipFile, Folder, TestContext.Current.CancellationToken);
        var cache = await RunAsync("dotnet", "nuget", "locals", "global-packages", "--list");
        PackageCache = cache[(cache.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        Files = [.. Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Folder, file).Replace('\\', '/'))
            .Order(StringComparer.Ordinal)];
        ShippedFiles = ShippedFile.ReadAll(this);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Directory.Delete(_work, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };

        // A build node that is kept for the next build would keep the output open, too.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} exited with {process.ExitCode}:\n{await output}\n{await errors}");
        return await output;
    }
}
