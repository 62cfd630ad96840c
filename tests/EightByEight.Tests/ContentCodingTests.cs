using System.IO.Compression;
using System.Text;

namespace EightByEight.Tests;

public sealed class ContentCodingTests
{
    private const string Text = """{"content":[{"id":"a"}],"lastPage":true}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("gzip")]
    [InlineData("x-gzip")]
    [InlineData("deflate")]
    [InlineData("raw deflate")]
    [InlineData("br")]
    [InlineData("identity")]
    [InlineData("deflate, gzip")]
    [InlineData("gzip, identity, br")]
    public async Task Client_gives_content_as_it_is_sent_and_says_how_it_is_coded(string encoding)
    {
        var sent = Encode(Text, encoding);
        var header = encoding.Replace("raw ", "", StringComparison.Ordinal);
        var server = new StubServer().Answers(200, sent, "application/json", ("Content-Encoding", header));

        await using var content = await server.CreateClient().OpenContentAsync("uk", "a", Cancellation);
        var bytes = new MemoryStream();
        await content.Stream.CopyToAsync(bytes, Cancellation);

        Assert.Equal((header, (long)sent.Length), (content.ContentEncoding, content.Length));
        Assert.Equal(sent, bytes.ToArray());
        bytes.Position = 0;
        using var reader = new StreamReader(ContentCoding.Decode(bytes, ContentCoding.Parse(content.ContentEncoding)));
        Assert.Equal(Text, await reader.ReadToEndAsync(Cancellation));
    }

    [Fact]
    public async Task Client_asks_for_no_coding()
    {
        string?[] accepted = [null, null, null];
        var number = 0;
        var server = new StubServer()
            .Answers(request =>
            {
                accepted[number++] = request.Headers.AcceptEncoding.ToString();
                var response = new HttpResponseMessage(System.Net.HttpStatusCode.Found);
                response.Headers.Location = new Uri("https://s3.example.org/k");
                return response;
            })
            .Answers(request =>
            {
                accepted[number++] = request.Headers.AcceptEncoding.ToString();
                return new HttpResponseMessage(System.Net.HttpStatusCode.OK);
            });

        await using var content = await server.CreateClient().OpenContentAsync("uk", "a", Cancellation);

        Assert.Equal(["identity", "identity", null], accepted);
        Assert.Null(content.ContentEncoding);
    }

    [Theory]
    [InlineData(null, "", true)]
    [InlineData("", "", true)]
    [InlineData("Identity", "", true)]
    [InlineData("GZIP", "gzip", true)]
    [InlineData("x-gzip,  deflate,,br", "gzip deflate br", true)]
    [InlineData("compress", "compress", false)]
    [InlineData("gzip, zstd", "gzip zstd", false)]
    public void Client_reads_the_header_of_a_content_coding(string? header, string codings, bool canDecode)
    {
        Assert.Equal(codings, string.Join(' ', ContentCoding.Parse(header)));
        Assert.Equal(canDecode, ContentCoding.CanDecode(ContentCoding.Parse(header)));
    }

    [Theory]
    [InlineData("gzip", "gzip")]
    [InlineData("gzip", null)]
    [InlineData("deflate", "deflate")]
    [InlineData("raw deflate", "deflate")]
    [InlineData("br", "br")]
    [InlineData("gzip, br", "gzip, br")]
    [InlineData("identity", "gzip")]
    [InlineData("identity", "br")]
    [InlineData("identity", "deflate")]
    [InlineData("identity", "zstd")]
    public async Task Client_reads_compressed_answers(string encoding, string? header)
    {
        (string, string)[] headers = header is null ? [] : [("Content-Encoding", header)];
        var client = new StubServer()
            .Answers(200, Encode(Text, encoding), "application/json", headers)
            .Answers(200, Encode("""{"access_token":"t","expires_in":"60"}""", encoding), "application/json", headers);

        Assert.Equal("a", Assert.Single((await client.CreateClient().GetObjectsAsync("uk", new ObjectQuery(), Cancellation)).Objects).Id);
        Assert.Equal("t", (await client.CreateTokenClient().RequestTokenAsync(new ApiKey("k", "s"), Cancellation)).Value);
    }

    private static byte[] Encode(string text, string encoding)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        foreach (var coding in encoding.Split(", "))
        {
            var output = new MemoryStream();
            using (Stream encoder = coding switch
            {
                "gzip" or "x-gzip" => new GZipStream(output, CompressionMode.Compress),
                "deflate" => new ZLibStream(output, CompressionMode.Compress),
                "raw deflate" => new DeflateStream(output, CompressionMode.Compress),
                "br" => new BrotliStream(output, CompressionMode.Compress),
                _ => output,
            })
            {
                encoder.Write(bytes);
            }

            bytes = output.ToArray();
        }

        return bytes;
    }
}
