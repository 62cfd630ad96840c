using System.Reflection;

namespace Infrastructure.Tests;

/// <summary>The files of this repository.</summary>
internal static class Repository
{
    /// <summary>The folder of the repository.</summary>
    public static string Root { get; } = Metadata("RepositoryRoot");

    /// <summary>The Bicep compiler.</summary>
    public static string Bicep { get; } = Metadata("Bicep");

    /// <summary>The compiled functions.</summary>
    public static string Functions { get; } = Metadata("Functions");

    /// <summary>Whether the tests write what they would compare with.</summary>
    public static bool IsUpdating { get; } = Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1";

    public static string Path(string relative) => System.IO.Path.Combine(Root, relative);

    public static string Read(string relative) => File.ReadAllText(Path(relative));

    /// <summary>The C# sources below a folder.</summary>
    public static IEnumerable<string> Sources(string relative) => Directory
        .EnumerateFiles(Path(relative), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Split('/', '\\').Any(part => part is "bin" or "obj"));

    /// <summary>Compares text with a file, or writes the file when UPDATE_GOLDEN is 1.</summary>
    public static void AssertSame(string relative, string text)
    {
        if (IsUpdating)
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path(relative))!);
            File.WriteAllText(Path(relative), text);
        }

        Assert.True(File.Exists(Path(relative)), $"{relative} is not there. UPDATE_GOLDEN=1 writes it.");
        var expected = Read(relative).Split('\n');
        var actual = text.Split('\n');

        // Shown with the failure. Lines that occur more than once, or in another order, show in the comparison alone.
        var differences = expected.Except(actual, StringComparer.Ordinal).Select(line => $"- {line}")
            .Concat(actual.Except(expected, StringComparer.Ordinal).Select(line => $"+ {line}"))
            .ToList();
        Assert.True(
            expected.SequenceEqual(actual, StringComparer.Ordinal),
            $"{relative} is no longer true. If that is meant, UPDATE_GOLDEN=1 writes it again.\n{string.Join('\n', differences)}");
    }

    private static string Metadata(string name) => typeof(Repository).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .First(attribute => attribute.Key == name).Value!;
}
