using System.Globalization;
using System.Text.RegularExpressions;
using Archiving.Cases;

namespace Operations.Cases;

/// <summary>Where an export lands in the container: <c>_exports/{case}/{export}/</c>.</summary>
internal static partial class ExportLayout
{
    public const string ManifestCsv = "manifest.csv";
    public const string ManifestJson = "manifest.json";
    public const string Checksums = "SHA256SUMS";

    /// <summary>The name of a part.</summary>
    public static string Part(int number) => string.Create(CultureInfo.InvariantCulture, $"part-{number:D4}.zip");

    /// <summary>Whether a file has the name of a part, in any case.</summary>
    public static bool IsPart(string name) => PartName().IsMatch(name);

    /// <summary>The blob of a file of an export.</summary>
    public static string Blob(ExportRow export, string file) => $"_exports/{export.CaseId}/{export.ExportId}/{file}";

    [GeneratedRegex(@"^part-[0-9]+\.zip$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PartName();
}
