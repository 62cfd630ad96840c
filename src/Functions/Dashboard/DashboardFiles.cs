using System.Collections.Frozen;
using Azure.Storage.Blobs;

namespace Functions.Dashboard;

/// <summary>The dashboard's files, which are resources of this assembly, and what a browser may do with them.</summary>
public sealed class DashboardFiles
{
    /// <summary>The page itself.</summary>
    public const string Page = "index.html";

    private const string Folder = "Dashboard/";

    private readonly FrozenDictionary<string, DashboardFile> _files = typeof(DashboardFiles).Assembly
        .GetManifestResourceNames()
        .Where(name => name.StartsWith(Folder, StringComparison.Ordinal))
        .Select(name => name[Folder.Length..])
        .ToFrozenDictionary(
            name => name,
            name => DashboardFile.Read(name, typeof(DashboardFiles).Assembly.GetManifestResourceStream(Folder + name)!),
            StringComparer.Ordinal);

    /// <summary>Initializes the files.</summary>
    /// <param name="archive">The storage that recordings are played from.</param>
    public DashboardFiles(BlobServiceClient archive)
    {
        ArgumentNullException.ThrowIfNull(archive);

        // Scripts, styles and data from this app only, recordings from the archive only, nothing inline; and Trusted Types
        // so that no text, such as a caller's name, can become markup.
        ContentSecurityPolicy = string.Join(
            "; ",
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            $"media-src {archive.Uri.GetLeftPart(UriPartial.Authority)}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'");
    }

    /// <summary>Header <c>Content-Security-Policy</c>.</summary>
    public string ContentSecurityPolicy { get; }

    /// <summary>The names of all files.</summary>
    public IEnumerable<string> Names => _files.Keys;

    /// <summary>A file; <see langword="null"/> when there is none of this name.</summary>
    public DashboardFile? Find(string name) => _files.GetValueOrDefault(name);
}
