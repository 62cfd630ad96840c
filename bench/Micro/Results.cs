using System.Globalization;
using System.Reflection;

namespace Micro;

/// <summary>Writes <c>bench/results/micro-{date}.md</c>.</summary>
internal static class Results
{
    public static async Task WriteAsync(string table)
    {
        var root = Assembly.GetExecutingAssembly()
            .GetCustomAttributes<AssemblyMetadataAttribute>()
            .First(attribute => attribute.Key == "RepositoryRoot").Value!;
        var date = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var lines = table.Split('\n').Select(line => line.TrimEnd());
        await File.WriteAllTextAsync(
            Path.Combine(root, "bench", "results", $"micro-{date}.md"),
            $"# The small parts that every object passes\n\n`dotnet run -c Release --project bench/Micro`. The multipart checksum is of 16 MiB, "
            + $"in each of the part sizes that fit its number of parts.\n\n{string.Join('\n', lines).Trim()}\n");
    }
}
