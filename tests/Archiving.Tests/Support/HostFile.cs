using System.Text.Json;

namespace Archiving.Tests;

/// <summary>Files of the function app, which these tests do not build.</summary>
internal static class HostFile
{
    private static readonly string Root = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "..");

    /// <summary>What host.json says.</summary>
    public static JsonElement Read()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(Path.Combine(Root, "host.json")));
        return file.RootElement.Clone();
    }

    /// <summary>The source of every function.</summary>
    public static IEnumerable<string> ReadFunctions() =>
        Directory.EnumerateFiles(Path.Combine(Root, "src", "Functions"), "*.cs").Select(File.ReadAllText);
}
