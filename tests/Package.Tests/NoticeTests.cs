using System.Text;
using System.Xml.Linq;

namespace Package.Tests;

/// <summary><c>THIRD-PARTY-NOTICES.md</c> names the packages that are distributed, with the text of every license.</summary>
public sealed class NoticeTests(PackageFixture package)
{
    private const string Notices = "THIRD-PARTY-NOTICES.md";
    private const string Heading = "## NuGet packages\n";

    private static readonly (string Id, string Title)[] Licenses =
    [
        ("MIT", "MIT License"),
        ("Apache-2.0", "Apache License 2.0"),
        ("BSD-3-Clause", "BSD License of Google Protobuf"),
        ("OpenSymphony-1.1", "OpenSymphony Software License 1.1"),
    ];

    /// <summary>
    /// Packages whose nuspec names a file or an address instead of a license: what it names, what was read there, and what the
    /// license says must be passed on.
    /// </summary>
    private static readonly Dictionary<string, (string Declared, string[] Licenses, string Note)> ReadLicenses = new(StringComparer.Ordinal)
    {
        ["Apache.Arrow"] = ("LICENSE.txt", ["Apache-2.0"], "Includes code from FlatBuffers, Copyright (C) 2014 Google Inc., under the same license."),
        ["Microsoft.Azure.WebJobs.Host.Storage"] = ("https://go.microsoft.com/fwlink/?linkid=2028464", ["MIT"], ""),
        ["NCrontab.Signed"] = (
            "COPYING.txt",
            ["Apache-2.0", "OpenSymphony-1.1"],
            "This product includes software developed by the OpenSymphony Group (http://www.opensymphony.com/)."),
        ["System.Security.Cryptography.ProtectedData"] = ("https://github.com/dotnet/corefx/blob/master/LICENSE.TXT", ["MIT"], ""),
        ["WindowsAzure.Storage"] = ("https://github.com/Azure/azure-storage-net/blob/master/LICENSE.txt", ["Apache-2.0"], ""),
    };

    [Fact]
    public void Notices_name_every_package_that_is_distributed_and_no_other()
    {
        var path = RepositoryFiles.At(Notices);
        var text = File.ReadAllText(path);
        var written = text[..text.IndexOf(Heading, StringComparison.Ordinal)];
        var expected = written + WriteSection();
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, text = expected);
        }

        var (before, after) = (text.Split('\n'), expected.Split('\n'));
        var differences = before.Except(after, StringComparer.Ordinal).Select(line => $"- {line}")
            .Concat(after.Except(before, StringComparer.Ordinal).Select(line => $"+ {line}"));
        Assert.True(text == expected, $"{Notices} differs from the package. UPDATE_GOLDEN=1 writes it.\n{string.Join('\n', differences)}");
    }

    private string WriteSection()
    {
        var rows = package.ShippedFiles.Select(file => (file.Nuspec, file.Version)).Distinct()
            .Select(item => (Nuspec: Nuspec.Read(item.Nuspec), item.Version))
            .GroupBy(item => item.Nuspec.Id, item => item, StringComparer.Ordinal)

            // The app and its extensions can bring two versions of a package. The newer one speaks for both.
            .Select(versions => versions.MaxBy(item => Version.Parse(item.Version.Split('-')[0])).Nuspec)
            .OrderBy(nuspec => nuspec.Id, StringComparer.OrdinalIgnoreCase)
            .Select(nuspec => (Nuspec: nuspec, Licenses: FindLicenses(nuspec), Note: ReadLicenses.TryGetValue(nuspec.Id, out var read) ? read.Note : ""))
            .ToList();

        var section = new StringBuilder(Heading).Append('\n')
            .Append("The assemblies of these packages are distributed unchanged, in the package of a release. Most come with a package that `src/Functions` ")
            .Append("names, or with the extensions of the Functions host. Tests compare this list with the package.\n\n")
            .Append("| package | copyright | license |\n| --- | --- | --- |\n");
        foreach (var (nuspec, licenses, note) in rows)
        {
            var copyright = note.Length == 0 ? nuspec.Copyright : $"{nuspec.Copyright}. {note}";
            section.Append("| `").Append(nuspec.Id).Append("` | ").Append(copyright).Append(" | ").AppendJoin(", ", licenses.Select(Link)).Append(" |\n");
        }

        foreach (var (id, title) in Licenses.Where(license => rows.Any(row => row.Licenses.Contains(license.Id, StringComparer.Ordinal))))
        {
            section.Append("\n### ").Append(title).Append("\n\n```text\n")
                .Append(File.ReadAllText(RepositoryFiles.At($"tests/Package.Tests/Licenses/{id}.txt")))
                .Append("```\n");
        }

        return section.ToString();
    }

    private static string[] FindLicenses(Nuspec nuspec)
    {
        if (nuspec.LicenseExpression is { } expression)
        {
            // Of licenses to choose from, the first that is known.
            var known = expression.Split(" OR ").FirstOrDefault(choice => Licenses.Any(license => license.Id == choice));
            Assert.True(known is not null, $"{nuspec.Id} is under {expression}, which is not among the licenses whose text is known here.");
            return [known];
        }

        Assert.True(
            ReadLicenses.TryGetValue(nuspec.Id, out var read) && read.Declared == nuspec.LicensePlace,
            $"{nuspec.Id} names its license at {nuspec.LicensePlace}: read it there and note what it is in {nameof(ReadLicenses)}.");
        return read.Licenses;
    }

    private static string Link(string license)
    {
        var title = Licenses.Single(known => known.Id == license).Title;
        return $"[{license}](#{title.ToLowerInvariant().Replace(' ', '-').Replace(".", "", StringComparison.Ordinal)})";
    }

    /// <summary>What a package says of itself.</summary>
    private sealed record Nuspec(string Id, string Copyright, string? LicenseExpression, string? LicensePlace)
    {
        public static Nuspec Read(string file)
        {
            var metadata = XDocument.Load(file).Root!.Elements().Single(element => element.Name.LocalName == "metadata");
            var license = Find("license");
            var isExpression = license?.Attribute("type")?.Value == "expression";
            var copyright = Find("copyright")?.Value is { Length: > 0 } text ? text : $"Copyright {Find("authors")!.Value}";
            return new Nuspec(
                Find("id")!.Value,
                string.Join(' ', copyright.Split(' ', StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.'),
                isExpression ? license!.Value : null,
                isExpression ? null : license?.Value ?? Find("licenseUrl")?.Value);

            XElement? Find(string name) => metadata.Elements().FirstOrDefault(element => element.Name.LocalName == name);
        }
    }
}
