using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;

namespace Functions.Dashboard;

/// <summary>A file of the dashboard.</summary>
public sealed class DashboardFile
{
    private readonly string _contentType;
    private readonly string _hash;
    private readonly byte[] _content;
    private readonly byte[] _compressed;

    private DashboardFile(string contentType, byte[] content)
    {
        _contentType = contentType;
        _content = content;
        _hash = Convert.ToHexStringLower(SHA256.HashData(content))[..32];
        _compressed = Compress(content);
    }

    internal static DashboardFile Read(string name, Stream stream)
    {
        using (stream)
        {
            using var content = new MemoryStream();
            stream.CopyTo(content);
            return new DashboardFile(ContentType(name), content.ToArray());
        }
    }

    /// <summary>The file as an answer; 304 to a browser that has it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="contentSecurityPolicy">What the browser may do with it.</param>
    public FileContentResult Answer(HttpRequest request, string contentSecurityPolicy)
    {
        ArgumentNullException.ThrowIfNull(request);
        var headers = request.HttpContext.Response.Headers;
        headers.ContentSecurityPolicy = contentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";

        // Asked for again at each visit and rarely sent again: a new version of the app shows at once and whole.
        headers.CacheControl = "no-cache";
        headers.Vary = HeaderNames.AcceptEncoding;
        var isCompressed = request.GetTypedHeaders().AcceptEncoding.Any(encoding => encoding.Value == "gzip" && encoding.Quality is not 0);
        if (isCompressed)
        {
            headers.ContentEncoding = "gzip";
        }

        return new FileContentResult(isCompressed ? _compressed : _content, _contentType)
        {
            EntityTag = new EntityTagHeaderValue($"\"{_hash}{(isCompressed ? "-gzip" : "")}\""),
        };
    }

    private static string ContentType(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    };

    private static byte[] Compress(byte[] content)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.SmallestSize))
        {
            gzip.Write(content);
        }

        return compressed.ToArray();
    }
}
