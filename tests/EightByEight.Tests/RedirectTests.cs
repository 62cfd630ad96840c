using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EightByEight.Tests;

public sealed class RedirectTests
{
    private const string Content = "https://api.example.com/storage/uk/v3/objects/a/content";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Client_follows_a_redirect_of_content_without_the_token()
    {
        var server = new StubServer()
            .Answers(302, "", "text/plain", ("Location", "https://s3.example.org/bucket/key?signature=1"))
            .Answers(200, "bytes", "audio/mpeg");

        await using var content = await server.CreateClient().OpenContentAsync("uk", "a", Cancellation);

        using var reader = new StreamReader(content.Stream);
        Assert.Equal("bytes", await reader.ReadToEndAsync(Cancellation));
        Assert.Equal("Bearer token-1", server.Requests[0].Authorization);
        Assert.Equal("s3.example.org", server.Requests[1].Uri.Host);
        Assert.Null(server.Requests[1].Authorization);
    }

    [Fact]
    public async Task Client_keeps_the_address_that_it_is_redirected_to_out_of_errors_and_logs()
    {
        var server = new StubServer()
            .Answers(302, "", "text/plain", ("Location", "https://s3.example.org/bucket/key?signature=1"))
            .Answers(_ => throw new HttpRequestException("refused"));

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => server.CreateClient().OpenContentAsync("uk", "a", Cancellation));

        Assert.StartsWith("GET /storage/uk/v3/objects/a/content got no answer", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("bucket", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://s3.example.org/key")]
    [InlineData("http://127.0.0.1:8081/msi/token")]
    [InlineData("http://[::1]/")]
    [InlineData("file:///etc/passwd")]
    public async Task Client_follows_no_redirect_into_the_clear_or_to_this_machine(string location)
    {
        var server = new StubServer().Answers(302, "", "text/plain", ("Location", location));

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => server.CreateClient().OpenContentAsync("uk", "a", Cancellation));

        Assert.Equal(302, exception.Status);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData("https://api.example.com/other?x=1", "https://api.example.com/other?x=1")]
    [InlineData("HTTPS://API.example.com:443/other", "https://api.example.com/other")]
    [InlineData("/other", "https://api.example.com/other")]
    [InlineData("//api.example.com/other", "https://api.example.com/other")]
    [InlineData("content/", "https://api.example.com/storage/uk/v3/objects/a/content/")]
    [InlineData("?moved=1", Content + "?moved=1")]
    [InlineData("../b/content", "https://api.example.com/storage/uk/v3/objects/b/content")]
    [InlineData(" /other#part", "https://api.example.com/other")]
    public async Task Client_keeps_the_token_within_the_origin_of_8x8(string location, string expected)
    {
        foreach (var status in (int[])[301, 302, 303, 307, 308])
        {
            var server = new StubServer().Answers(status, "", "text/plain", ("Location", location)).Answers(200, "bytes");

            await using var content = await server.CreateClient().OpenContentAsync("uk", "a", Cancellation);

            Assert.Equal((expected, "Bearer token-1"), (server.Requests[1].Uri.AbsoluteUri, server.Requests[1].Authorization));
        }
    }

    [Theory]
    [InlineData("https://s3.example.org/k")]
    [InlineData("//s3.example.org/k")]
    [InlineData("https://api.example.com:8443/k")]
    [InlineData("https://api.example.com.example.org/k")]
    [InlineData("https://api.example.com@s3.example.org/k")]
    [InlineData("https://sub.api.example.com/k")]
    public async Task Client_drops_the_token_at_another_origin_for_good(string location)
    {
        var server = new StubServer()
            .Answers(302, "", "text/plain", ("Location", location))
            .Answers(302, "", "text/plain", ("Location", "https://api.example.com/back"))
            .Answers(200, "bytes");

        await using var content = await server.CreateClient().OpenContentAsync("uk", "a", Cancellation);

        Assert.Equal(["Bearer token-1", null, null], server.Requests.Select(request => request.Authorization));
    }

    [Fact]
    public async Task Client_follows_redirects_of_records_within_the_origin()
    {
        var server = new StubServer()
            .Answers(308, "", "text/plain", ("Location", "/v3/regions"))
            .Answers(200, """["uk"]""");

        Assert.Equal(["uk"], await server.CreateClient().GetRegionsAsync("uk", Cancellation));
        Assert.Equal("Bearer token-1", server.Requests[1].Authorization);
    }

    [Fact]
    public async Task Client_believes_no_records_of_another_host()
    {
        var server = new StubServer().Answers(302, "", "text/plain", ("Location", "https://login.example.org/"));

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => server.CreateClient().GetObjectsAsync("uk", new ObjectQuery(), Cancellation));

        Assert.Contains("leads to another host", exception.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData(307, true)]
    [InlineData(308, true)]
    [InlineData(301, false)]
    [InlineData(302, false)]
    [InlineData(303, false)]
    public async Task Client_sends_a_deletion_on_only_as_it_is(int status, bool isFollowed)
    {
        var server = new StubServer().Answers(status, "", "text/plain", ("Location", "/elsewhere")).Answers(204);

        var exception = await Record.ExceptionAsync(() => server.CreateClient().DeleteAsync("uk", ["a"], Cancellation));

        Assert.Equal(isFollowed, exception is null);
        Assert.Equal(isFollowed ? 2 : 1, server.Requests.Count);
        Assert.All(server.Requests, request => Assert.Equal(
            (HttpMethod.Delete, "[\"a\"]", "Bearer token-1"),
            (request.Method, request.Body, request.Authorization)));
    }

    [Theory]
    [InlineData("content")]
    [InlineData(Content)]
    [InlineData("#again")]
    public async Task Client_ends_a_circle_of_redirects(string location)
    {
        var server = new StubServer().Answers(302, "", "text/plain", ("Location", location == "#again" ? Content + location : location));

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => server.CreateClient().OpenContentAsync("uk", "a", Cancellation));

        Assert.Equal(302, exception.Status);
        Assert.Contains("circle", exception.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Client_ends_a_long_chain_of_redirects()
    {
        var number = 0;
        var server = new StubServer().Answers(_ =>
        {
            var response = new HttpResponseMessage(HttpStatusCode.Found);
            response.Headers.Location = new Uri($"/{++number}", UriKind.Relative);
            return response;
        });

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => server.CreateClient().OpenContentAsync("uk", "a", Cancellation));

        Assert.Contains("more than 5", exception.Message, StringComparison.Ordinal);
        Assert.Equal(6, server.Requests.Count);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("https://")]
    [InlineData("https:///path")]
    public async Task Client_says_that_a_redirect_names_no_address(string? location)
    {
        var server = location is null ? new StubServer().Answers(302) : new StubServer().Answers(302, "", "text/plain", ("Location", location));

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => server.CreateClient().OpenContentAsync("uk", "a", Cancellation));

        Assert.Contains("names no address", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://s3.example.org/a/./b/%2E%2E/c%2Fd/../e?sig=%2e%7E&x=a%20b")]
    [InlineData("https://s3.example.org//a//b/")]
    [InlineData("https://s3.example.org/a|b^c{d}")]
    public async Task Client_asks_for_an_address_exactly_as_it_is_given(string address)
    {
        var server = new StubServer().Answers(302, "", "text/plain", ("Location", address)).Answers(200, "bytes");

        await using var content = await server.CreateClient().OpenContentAsync("uk", "a", Cancellation);

        Assert.Equal(address, server.Requests[1].Uri.AbsoluteUri);
        Assert.Equal(address, (await new StubServer().Answers(200, address).CreateClient().GetPresignedUrlAsync("uk", "a", Cancellation)).AbsoluteUri);
    }

    [Theory]
    [InlineData("https://s3.example.org/a b", "https://s3.example.org/a%20b")]
    [InlineData("https://s3.example.org/é", "https://s3.example.org/%C3%A9")]
    public async Task Client_encodes_what_cannot_be_sent(string address, string expected)
    {
        Assert.Equal(expected, (await new StubServer().Answers(200, address).CreateClient().GetPresignedUrlAsync("uk", "a", Cancellation)).AbsoluteUri);
    }

    [Fact]
    public async Task Client_sends_an_address_over_the_wire_as_it_is_given()
    {
        const string Path = "/s3/./a/%2E%2E/b%2Fc/../key?sig=%2e";
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var serving = ServeAsync(
            listener,
            $"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{port}{Path}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nbytes");
        var client = new CloudStorageClient(new Uri($"http://127.0.0.1:{port}"), new StubTokens("t"));

        await using var content = await client.OpenContentAsync("uk", "a", Cancellation);

        using var reader = new StreamReader(content.Stream);
        Assert.Equal("bytes", await reader.ReadToEndAsync(Cancellation));
        Assert.Equal($"GET {Path} HTTP/1.1", (await serving)[1]);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(410)]
    [InlineData(503)]
    public async Task Client_says_which_host_of_a_redirect_refuses(int status)
    {
        var own = new StubServer().Answers(status, "no").CreateClient();
        var moved = new StubServer().Answers(302, "", "text/plain", ("Location", "/moved")).Answers(status, "no").CreateClient();
        var other = new StubServer()
            .Answers(302, "", "text/plain", ("Location", "https://bucket.s3.example.org/key?signature=1"))
            .Answers(status, "<Error><Code>AccessDenied</Code><Message>key signature</Message></Error>", "application/xml", ("Retry-After", "7"))
            .CreateClient();

        foreach (var client in (CloudStorageClient[])[own, moved])
        {
            var exception = await Assert.ThrowsAsync<CloudStorageException>(() => client.OpenContentAsync("uk", "a", Cancellation));
            Assert.Equal((status, "https://api.example.com", false), (exception.Status, exception.Origin, exception.IsFromRedirectTarget));
            Assert.Equal("no", ErrorQuote.Of(exception));
        }

        // No retry: it would wait as it is asked to.
        if (status == 503)
        {
            return;
        }

        var refused = await Assert.ThrowsAsync<CloudStorageException>(() => other.OpenContentAsync("uk", "a", Cancellation));
        Assert.Equal((status, "https://bucket.s3.example.org", true), (refused.Status, refused.Origin, refused.IsFromRedirectTarget));
        Assert.Equal(("AccessDenied", TimeSpan.FromSeconds(7)), (ErrorQuote.Of(refused), refused.RetryAfter));
        Assert.DoesNotContain("bucket", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_says_which_host_of_a_redirect_does_not_answer()
    {
        var own = new StubServer().Answers(_ => throw new HttpRequestException("refused (api.example.com:443)")).CreateClient();
        var other = new StubServer()
            .Answers(302, "", "text/plain", ("Location", "https://bucket.s3.example.org/key"))
            .Answers(_ => throw new HttpRequestException("refused (bucket.s3.example.org:443)"))
            .CreateClient();

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => own.OpenContentAsync("uk", "a", Cancellation));
        Assert.Equal((0, false), (exception.Status, exception.IsFromRedirectTarget));
        exception = await Assert.ThrowsAsync<CloudStorageException>(() => other.OpenContentAsync("uk", "a", Cancellation));
        Assert.Equal((0, true), (exception.Status, exception.IsFromRedirectTarget));
        Assert.DoesNotContain("bucket", exception.Message, StringComparison.Ordinal);
    }

    private static async Task<List<string>> ServeAsync(TcpListener listener, params string[] answers)
    {
        var lines = new List<string>();
        foreach (var answer in answers)
        {
            using var connection = await listener.AcceptTcpClientAsync(Cancellation);
            using var reader = new StreamReader(connection.GetStream(), Encoding.ASCII, leaveOpen: true);
            lines.Add((await reader.ReadLineAsync(Cancellation))!);
            while (await reader.ReadLineAsync(Cancellation) is { Length: > 0 })
            {
                // To the end of the headers.
            }

            await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer), Cancellation);
        }

        return lines;
    }
}
