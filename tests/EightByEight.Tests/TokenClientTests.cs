using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Tests;

public sealed class TokenClientTests
{
    // The shape of the example in 8x8's support article: every number a string, one key twice, a type that is not the one to send.
    private const string ArticleExample = """
        {
          "refresh_token_expires_in": "0",
          "expires_in": "3599",
          "api_product_list": "[storage, analytics]",
          "api_product_list_json": ["storage", "analytics"],
          "organization_name": "example",
          "token_type": "BearerToken",
          "issued_at": "1667337742543",
          "client_id": "client",
          "access_token": "the-token",
          "application_name": "app",
          "scope": "",
          "expires_in": "3599",
          "refresh_count": "0",
          "status": "approved"
        }
        """;

    private static readonly ApiKey Key = new("key", "s3cr:et");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Token_client_reads_the_example_of_the_support_article()
    {
        var now = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
        var server = new StubServer().Answers(200, ArticleExample);

        var token = await server.CreateTokenClient(new FakeTimeProvider(now)).RequestTokenAsync(Key, Cancellation);

        Assert.Equal("the-token", token.Value);
        Assert.Equal(now, token.IssuedAt);
        Assert.Equal(now.AddSeconds(3599), token.ExpiresOn);
        Assert.Equal(["storage", "analytics"], token.Products);
    }

    [Fact]
    public async Task Token_client_asks_as_8x8_wants_to_be_asked()
    {
        var server = new StubServer().Answers(200, ArticleExample);

        await server.CreateTokenClient().RequestTokenAsync(Key, Cancellation);

        var request = Assert.Single(server.Requests);
        Assert.Equal(HttpMethod.Post, request.Method);
        Assert.Equal("https://api.example.com/oauth/v2/token", request.Uri.AbsoluteUri);
        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("key:s3cr:et")), request.Authorization);
        Assert.Equal("grant_type=client_credentials", request.Body);
    }

    [Theory]
    [InlineData("\"1799\"", 1799)]
    [InlineData("1799", 1799)]
    [InlineData("\" 60 \"", 60)]
    [InlineData("\"3599.0\"", 3599)]
    [InlineData("1799.6", 1799)]
    [InlineData("\"1799.6\"", 1799)]
    [InlineData("\"1.799e3\"", 1799)]
    [InlineData("1.799e3", 1799)]
    [InlineData("\"1799\",\"expires_in\":1800", 1799)]
    [InlineData("1e30", 30 * 24 * 3600)]
    [InlineData("\"99999999999999999999999\"", 30 * 24 * 3600)]
    public async Task Token_client_reads_the_lifetime_that_8x8_gives(string value, int seconds)
    {
        var server = new StubServer().Answers(200, $$"""{"access_token":"t","expires_in":{{value}}}""");

        var token = await server.CreateTokenClient().RequestTokenAsync(Key, Cancellation);

        Assert.Equal(TimeSpan.FromSeconds(seconds), token.ExpiresOn - token.IssuedAt);
    }

    [Theory]
    [InlineData("\ufeff{\"access_token\":\"t\",\"expires_in\":\"60\"}")]
    [InlineData("{\"access_token\":\"t\",\"expires_in\":\"60\",\"organization_name\":\"a\nb\t\0\"}")]
    [InlineData("{\"access_token\":\" t\n\",\"expires_in\":\"60\",}")]
    [InlineData("""{"\ud83d":1,"organization_name":"\udc00","access_token":"t","access_token":null,"expires_in":"60","expires_in":"","status":null}""")]
    public async Task Token_client_reads_a_token_from_what_is_nearly_json(string json)
    {
        foreach (var encoding in (Encoding[])[Encoding.UTF8, Encoding.Unicode, Encoding.BigEndianUnicode])
        {
            var server = new StubServer().Answers(200, encoding.GetBytes(json), "application/json; charset=iso-8859-1");

            var token = await server.CreateTokenClient().RequestTokenAsync(Key, Cancellation);

            Assert.Equal(("t", TimeSpan.FromSeconds(60)), (token.Value, token.ExpiresOn - token.IssuedAt));
        }
    }

    [Theory]
    [InlineData("""{"access_token":"t","expires_in":"60"}""")]
    [InlineData("""{"access_token":"t","expires_in":"60","api_product_list":"[storage]"}""")]
    [InlineData("""{"access_token":"t","expires_in":"60","api_product_list_json":["analytics","Storage"]}""")]
    [InlineData("""{"access_token":"t","expires_in":"60","api_product_list_json":"[\"storage\"]","unknown":{"deep":[1,{"er":null}]}}""")]
    public async Task Token_client_accepts_either_field_of_products_and_ignores_what_it_does_not_know(string json)
    {
        var server = new StubServer().Answers(200, json);

        var token = await server.CreateTokenClient().RequestTokenAsync(Key, Cancellation);

        Assert.Equal("t", token.Value);
    }

    [Theory]
    [InlineData(401, "", TokenFailure.WrongCredentials, "EightByEight__Secret")]
    [InlineData(400, "{", TokenFailure.WrongCredentials, "EightByEight__Key")]
    [InlineData(403, "<html>", TokenFailure.MissingRights, "Storage API")]
    [InlineData(404, "[]", TokenFailure.UnexpectedAnswer, "EightByEight__BaseUrl")]
    [InlineData(500, "oops", TokenFailure.Unreachable, "status.8x8.com")]
    [InlineData(429, "", TokenFailure.Throttled, "slow down")]
    [InlineData(200, """{"access_token":"t","expires_in":"60","api_product_list":"[x]"}""", TokenFailure.StorageProductMissing, "Call recordings & Storage")]
    [InlineData(200, """{"access_token":"t","expires_in":"60","status":"revoked"}""", TokenFailure.MissingRights, "revoked")]
    [InlineData(200, """{"access_token":"","expires_in":"60"}""", TokenFailure.UnexpectedAnswer, "access_token")]
    [InlineData(200, """{"access_token":"t","expires_in":"soon"}""", TokenFailure.UnexpectedAnswer, "expires_in")]
    [InlineData(200, """{"access_token":"t","expires_in":0.9}""", TokenFailure.UnexpectedAnswer, "expires_in")]
    [InlineData(200, """{"access_token":"t","expires_in":"Infinity"}""", TokenFailure.UnexpectedAnswer, "expires_in")]
    [InlineData(200, """{"access_token":"t","expires_in":true}""", TokenFailure.UnexpectedAnswer, "expires_in")]
    [InlineData(200, """{"access_token":"t","expires_in":"-5"}""", TokenFailure.UnexpectedAnswer, "expires_in")]
    [InlineData(200, "<html>captive portal</html>", TokenFailure.UnexpectedAnswer, "proxy")]
    public async Task Token_client_says_why_there_is_no_token_and_what_to_do(int status, string body, TokenFailure failure, string remedy)
    {
        var server = new StubServer().Answers(status, body);

        var exception = await Assert.ThrowsAsync<TokenRequestException>(() => server.CreateTokenClient().RequestTokenAsync(Key, Cancellation));

        Assert.Equal(failure, exception.Failure);
        Assert.Contains(remedy, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_client_says_that_nothing_answers()
    {
        var server = new StubServer().Answers(_ => throw new HttpRequestException("no route"));

        var exception = await Assert.ThrowsAsync<TokenRequestException>(() => server.CreateTokenClient().RequestTokenAsync(Key, Cancellation));

        Assert.Equal(TokenFailure.Unreachable, exception.Failure);
    }

    [Fact]
    public async Task Token_client_takes_an_answer_that_breaks_off_for_none()
    {
        var server = new StubServer().BreaksOff(200, new IOException("The response ended prematurely."));

        var exception = await Assert.ThrowsAsync<TokenRequestException>(() => server.CreateTokenClient().RequestTokenAsync(Key, Cancellation));

        Assert.Equal(TokenFailure.Unreachable, exception.Failure);
        Assert.True(server.Requests.Count > 1);
    }

    [Fact]
    public async Task Token_client_retries_what_passes()
    {
        var server = new StubServer().Answers(503).Answers(429, "", "text/plain", ("Retry-After", "0")).Answers(200, ArticleExample);

        var token = await server.CreateTokenClient().RequestTokenAsync(Key, Cancellation);

        Assert.Equal("the-token", token.Value);
        Assert.Equal(3, server.Requests.Count);
    }

    [Theory]
    [InlineData("http://api.8x8.com")]
    [InlineData("ftp://127.0.0.1")]
    public void Token_client_sends_credentials_over_https_only(string address)
    {
        Assert.Throws<ArgumentException>(() => new TokenClient(new Uri(address)));
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080")]
    [InlineData("http://localhost:8080")]
    [InlineData("https://api.8x8.com")]
    public void Token_client_allows_http_to_this_machine(string address)
    {
        Assert.Null(Record.Exception(() => new TokenClient(new Uri(address))));
    }

    [Theory]
    [InlineData(429, "3600", TokenFailure.Throttled)]
    [InlineData(429, "Wed, 25 Nov 2026 12:00:00 GMT", TokenFailure.Throttled)]
    [InlineData(503, "61", TokenFailure.Unreachable)]
    [InlineData(500, "3600", TokenFailure.Unreachable)]
    [InlineData(429, "60.5", TokenFailure.Throttled)]
    [InlineData(429, "99999999999999999999", TokenFailure.Throttled)]
    public async Task Token_client_does_not_wait_for_longer_than_a_minute(int status, string retryAfter, TokenFailure failure)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 25, 11, 0, 0, TimeSpan.Zero));
        var server = new StubServer().Answers(status, "", "text/plain", ("Retry-After", retryAfter)).Answers(200, ArticleExample);

        var call = server.CreateTokenClient(time).RequestTokenAsync(Key, Cancellation);
        var exception = await Assert.ThrowsAsync<TokenRequestException>(() => call.WaitAsync(TimeSpan.FromSeconds(30), Cancellation));

        Assert.Equal((failure, status), (exception.Failure, exception.Status));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Token_client_waits_as_it_is_told_to_for_a_moment()
    {
        var server = new StubServer().Answers(429, "", "text/plain", ("Retry-After", "0.4")).Answers(200, ArticleExample);

        var token = await server.CreateTokenClient().RequestTokenAsync(Key, Cancellation);

        Assert.Equal(("the-token", 2), (token.Value, server.Requests.Count));
    }

    [Fact]
    public void Token_client_keeps_the_key_and_the_token_out_of_errors_and_logs()
    {
        Assert.DoesNotContain("s3cr", Key.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret-value", new AccessToken("secret-value", default, default).ToString(), StringComparison.Ordinal);
    }
}
