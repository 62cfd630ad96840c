using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using System.Text.RegularExpressions;
using Azurite;

namespace Dashboard.Tests;

/// <summary>The dashboard's files, over HTTP.</summary>
public sealed partial class FilesTests(RunningArchive archive) : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = archive.App.Url };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Dashboard_serves_every_file_that_the_page_names()
    {
        var page = await _client.GetStringAsync(new Uri("/api/dashboard", UriKind.Relative), Cancellation);
        var names = FileName().Matches(page).Select(match => match.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);
        Assert.Contains("app.js", names);
        Assert.Contains("style.css", names);
        Assert.Contains("uPlot.iife.min.js", names);

        foreach (var name in names)
        {
            using var response = await _client.GetAsync(new Uri($"/api/dashboard/{name}", UriKind.Relative), Cancellation);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            var expected = Path.GetExtension(name) switch { ".js" => "text/javascript", ".css" => "text/css", ".svg" => "image/svg+xml", _ => "text/plain" };
            Assert.Equal(expected, response.Content.Headers.ContentType!.MediaType);
        }

        foreach (var module in names.Where(name => name.EndsWith(".js", StringComparison.Ordinal) && !name.StartsWith("uPlot", StringComparison.Ordinal)))
        {
            var script = await _client.GetStringAsync(new Uri($"/api/dashboard/{module}", UriKind.Relative), Cancellation);
            Assert.All(Import().Matches(script), match => Assert.Contains(match.Groups["name"].Value, names));
        }
    }

    [Theory]
    [InlineData("/api/dashboard")]
    [InlineData("/api/dashboard/app.js")]
    public async Task Dashboard_lets_the_browser_do_nothing_but_what_the_page_needs(string path)
    {
        using var response = await _client.GetAsync(new Uri(path, UriKind.Relative), Cancellation);

        Assert.Equal(
            $"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; media-src http://127.0.0.1:{archive.BlobPort}; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
            response.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("no-referrer", response.Headers.GetValues("Referrer-Policy").Single());
        Assert.Equal("no-cache", response.Headers.CacheControl!.ToString());
        Assert.False(response.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task Dashboard_sends_a_file_once_and_small()
    {
        using var plain = await _client.GetAsync(new Uri("/api/dashboard/app.js", UriKind.Relative), Cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/dashboard/app.js");
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
        using var compressed = await _client.SendAsync(request, Cancellation);

        Assert.Equal("gzip", Assert.Single(compressed.Content.Headers.ContentEncoding));
        Assert.NotEqual(plain.Headers.ETag, compressed.Headers.ETag);
        await using var stream = new GZipStream(await compressed.Content.ReadAsStreamAsync(Cancellation), CompressionMode.Decompress);
        using var reader = new StreamReader(stream);
        Assert.Equal(await plain.Content.ReadAsStringAsync(Cancellation), await reader.ReadToEndAsync(Cancellation));

        using var again = new HttpRequestMessage(HttpMethod.Get, "/api/dashboard/app.js");
        again.Headers.IfNoneMatch.Add(plain.Headers.ETag!);
        using var unchanged = await _client.SendAsync(again, Cancellation);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
    }

    [Theory]
    [InlineData("nothing.js")]
    [InlineData("DashboardFiles.cs")]
    [InlineData("..%2Fhost.json")]
    public async Task Dashboard_has_no_other_files(string name)
    {
        using var response = await _client.GetAsync(new Uri($"/api/dashboard/{name}", UriKind.Relative), Cancellation);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task Dashboard_leads_back_from_a_slash_at_the_end()
    {
        using var response = await _client.GetAsync(new Uri("/api/dashboard/", UriKind.Relative), Cancellation);

        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        Assert.Equal(new Uri(archive.App.Url, "/api/dashboard"), new Uri(new Uri(archive.App.Url, "/api/dashboard/"), response.Headers.Location!));
    }

    [Fact]
    public async Task Dashboard_ships_the_charts_as_they_were_published()
    {
        var package = await InstallAsync("uplot");
        foreach (var (shipped, published) in new[]
        {
            ("uPlot.iife.min.js", "dist/uPlot.iife.min.js"),
            ("uPlot.min.css", "dist/uPlot.min.css"),
            ("uPlot.LICENSE.txt", "LICENSE"),
        })
        {
            Assert.Equal(
                await File.ReadAllBytesAsync(Path.Combine(package, published), Cancellation),
                await _client.GetByteArrayAsync(new Uri($"/api/dashboard/{shipped}", UriKind.Relative), Cancellation));
        }

        var notices = await File.ReadAllTextAsync(Path.Combine(Metadata("RepositoryRoot"), "THIRD-PARTY-NOTICES.md"), Cancellation);
        Assert.Contains("uPlot 1.6.32", notices, StringComparison.Ordinal);
        Assert.Contains(await File.ReadAllTextAsync(Path.Combine(package, "LICENSE"), Cancellation), notices, StringComparison.Ordinal);
    }

    [Fact]
    public void Dashboard_has_no_way_to_turn_text_into_markup()
    {
        var folder = Path.Combine(Metadata("RepositoryRoot"), "src", "Functions", "Dashboard");
        var own = Directory.GetFiles(folder, "*.js").Where(file => !Path.GetFileName(file).StartsWith("uPlot", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(own);
        Assert.All(
            own,
            file => Assert.DoesNotMatch("innerHTML|outerHTML|insertAdjacentHTML|document\\.write|eval\\(|localStorage|new Function", File.ReadAllText(file)));
        Assert.DoesNotMatch("<script(?![^>]* src=)|<style|\\sstyle=|\\son[a-z]+=|https?://", File.ReadAllText(Path.Combine(folder, "index.html")));
    }

    /// <summary>The folder of an npm package that these tests use.</summary>
    internal static async Task<string> InstallAsync(string package)
    {
        await NodePackages.EnsureAsync(Metadata("Folder"), "What the dashboard is held against", report: null, Cancellation);
        return Path.Combine(Metadata("Folder"), "node_modules", package);
    }

    internal static string Metadata(string key) =>
        typeof(FilesTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(attribute => attribute.Key == key).Value!;

    [GeneratedRegex("(href|src)=\"dashboard/(?<name>[^\"]+)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FileName();

    [GeneratedRegex("from \"\\./(?<name>[^\"]+)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Import();
}
