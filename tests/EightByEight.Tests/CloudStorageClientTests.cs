using System.Diagnostics;
using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Tests;

public sealed class CloudStorageClientTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Client_lists_regions()
    {
        var server = new StubServer().Answers(200, """["us-east","uk"]""");

        Assert.Equal(["us-east", "uk"], await server.CreateClient().GetRegionsAsync("us-west", Cancellation));
        Assert.Equal("https://api.example.com/storage/us-west/v3/regions", server.Requests[0].Uri.AbsoluteUri);
        Assert.Equal("Bearer token-1", server.Requests[0].Authorization);
    }

    [Fact]
    public async Task Client_sends_a_filter_as_one_encoded_value()
    {
        var server = new StubServer().Answers(200, """{"content":[],"lastPage":true}""");

        var wanted = new ObjectQuery { Filter = "type==a&b;(x==1,y==2)", PageKey = "200", Limit = 50, SortField = "createdTime" };
        await server.CreateClient().GetObjectsAsync("uk", wanted, Cancellation);

        var query = server.Requests[0].Uri.Query;
        Assert.Contains("filter=type%3D%3Da%26b%3B%28x%3D%3D1%2Cy%3D%3D2%29", query, StringComparison.Ordinal);
        Assert.Contains("pageKey=200&limit=50&sortField=createdTime&sortDirection=ASC", query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_sends_the_content_type_that_the_reference_requires_of_a_search()
    {
        string? contentType = null;
        long? length = null;
        var server = new StubServer().Answers(request =>
        {
            (contentType, length) = (request.Content?.Headers.ContentType?.ToString(), request.Content?.Headers.ContentLength);
            return new HttpResponseMessage(HttpStatusCode.NoContent);
        });

        await server.CreateClient().GetObjectsAsync("uk", new ObjectQuery(), Cancellation);

        Assert.Equal("application/json", contentType);
        Assert.True(length is null or 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    [InlineData(200)]
    public void Client_stays_within_the_limit_of_a_page(int limit)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ObjectQuery { Limit = limit });
    }

    [Theory]
    [InlineData("a/b?c#d", "a%2Fb%3Fc%23d")]
    [InlineData("FKC4RF6OXNMGGUW4LIFSWVLEIVJ54JBTVAD3SQYKNFK2ATUQCMAA----", "FKC4RF6OXNMGGUW4LIFSWVLEIVJ54JBTVAD3SQYKNFK2ATUQCMAA----")]
    [InlineData("50%", "50%25")]
    public async Task Client_takes_ids_as_opaque(string id, string expected)
    {
        var server = new StubServer().Answers(200, $$"""{"id":"{{id}}"}""");

        await server.CreateClient().GetObjectAsync("uk", id, Cancellation);

        Assert.Equal($"https://api.example.com/storage/uk/v3/objects/{expected}", server.Requests[0].Uri.AbsoluteUri);
    }

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("")]
    public async Task Client_sends_no_id_that_leads_elsewhere(string id)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => new StubServer().CreateClient().GetObjectAsync("uk", id, Cancellation));
    }

    [Theory]
    [InlineData("""{"message":"no"}""")]
    [InlineData("<html><body>no</body></html>")]
    [InlineData("no")]
    [InlineData("")]
    [InlineData("\u0000\u0001\uFFFF")]
    public async Task Client_reports_an_error_whatever_the_shape_of_its_body(string body)
    {
        var server = new StubServer().Answers(404, body);

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => server.CreateClient().GetObjectAsync("uk", "a", Cancellation));

        Assert.Equal(404, exception.Status);
        Assert.Equal("GET /storage/uk/v3/objects/a answered 404.", exception.Message);
    }

    [Theory]
    [InlineData(400, """{"message":"no such caller: Jane Doe"}""")]
    [InlineData(200, """{"content":[{"objectName":"Jane Doe.mp3"}]""")]
    public async Task Client_keeps_what_8x8_answered_beside_an_error_and_out_of_its_message(int status, string body)
    {
        var server = new StubServer().Answers(status, body);

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => server.CreateClient().GetObjectsAsync("uk", new ObjectQuery(), Cancellation));

        Assert.Equal(body, ErrorQuote.Of(new InvalidOperationException("outer", exception)));
        Assert.DoesNotContain("Jane", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_quotes_at_most_500_characters_of_an_error()
    {
        var server = new StubServer().Answers(400, new string('x', 100_000));

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => server.CreateClient().GetRegionsAsync("uk", Cancellation));

        Assert.Equal(new string('x', 500), ErrorQuote.Of(exception));
    }

    [Theory]
    [InlineData("""{"error":"not a page"}""")]
    [InlineData("<html>maintenance</html>")]
    public async Task Client_takes_a_200_that_carries_an_error_for_an_error(string body)
    {
        var server = new StubServer().Answers(200, body);

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => server.CreateClient().GetObjectsAsync("uk", new ObjectQuery(), Cancellation));

        Assert.Equal(200, exception.Status);
        Assert.IsType<FormatException>(exception.InnerException);
    }

    [Theory]
    [InlineData("""{"content":[{"id":"a"},{"id":"b""")]
    [InlineData("""{"content":[""")]
    [InlineData("<html>maintenance</html>")]
    [InlineData("")]
    public async Task Client_asks_again_for_a_page_that_was_cut(string cut)
    {
        var server = new StubServer().Answers(200, cut).Answers(200, """{"content":[{"id":"a"}],"lastPage":true}""");

        var page = await server.CreateClient().GetObjectsAsync("uk", new ObjectQuery { PageKey = "7" }, Cancellation);

        Assert.Equal("a", Assert.Single(page.Objects).Id);
        Assert.Equal(server.Requests[0].Uri, server.Requests[1].Uri);
    }

    [Fact]
    public async Task Client_reports_a_page_that_is_cut_each_time()
    {
        var server = new StubServer().Answers(200, """{"content":[{"id":"a"}""");

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => server.CreateClient().GetObjectsAsync("uk", new ObjectQuery(), Cancellation));

        Assert.Contains("ends in the middle", exception.Message, StringComparison.Ordinal);
        Assert.Equal(3, server.Requests.Count);
    }

    [Theory]
    [InlineData(204, 1)]
    [InlineData(200, 2)]
    public async Task Client_believes_an_empty_body_when_it_comes_twice(int status, int requests)
    {
        var server = new StubServer().Answers(status);

        var page = await server.CreateClient().GetObjectsAsync("uk", new ObjectQuery(), Cancellation);

        Assert.True(page is { IsBlank: true, IsLastPage: true, Objects.Count: 0 });
        Assert.Equal(requests, server.Requests.Count);
    }

    [Theory]
    [InlineData("utf-8", "application/json")]
    [InlineData("utf-16", "application/json; charset=utf-16")]
    [InlineData("utf-16BE", "application/json")]
    [InlineData("utf-32", "text/plain; charset=iso-8859-1")]
    public async Task Client_reads_every_answer_behind_a_byte_order_mark(string charset, string contentType)
    {
        var client = new StubServer()
            .Answers(200, Marked("""["us-east","uk"]""", charset), contentType)
            .Answers(200, Marked("""{"content":[{"id":"a","objectName":"é"}],"lastPage":true}""", charset), contentType)
            .Answers(200, Marked("""{"id":"a","objectName":"é"}""", charset), contentType)
            .Answers(200, Marked("https://s3.example.org/k?X=1", charset), contentType)
            .CreateClient();

        Assert.Equal(["us-east", "uk"], await client.GetRegionsAsync("uk", Cancellation));
        Assert.Equal("é", (await client.GetObjectsAsync("uk", new ObjectQuery(), Cancellation)).Objects[0].ObjectName);
        Assert.Equal("é", (await client.GetObjectAsync("uk", "a", Cancellation)).ObjectName);
        Assert.Equal("https://s3.example.org/k?X=1", (await client.GetPresignedUrlAsync("uk", "a", Cancellation)).AbsoluteUri);
    }

    [Theory]
    [InlineData("iso-8859-1", "Latin1", "é")]
    [InlineData("\"windows-1252\"", "windows-1252", "é€")]
    [InlineData("ISO-8859-1", "utf-8", "é€")]
    [InlineData("utf-16", "utf-8", "é€")]
    [InlineData("made-up", "utf-8", "é€")]
    public async Task Client_believes_a_charset_only_of_bytes_that_are_no_utf8(string declared, string real, string name)
    {
        var bytes = (CodePagesEncodingProvider.Instance.GetEncoding(real) ?? Encoding.GetEncoding(real)).GetBytes($$"""{"id":"a","objectName":"{{name}}"}""");
        var server = new StubServer().Answers(200, bytes, $"application/json; charset={declared}");

        Assert.Equal(name, (await server.CreateClient().GetObjectAsync("uk", "a", Cancellation)).ObjectName);
    }

    [Theory]
    [InlineData("""["us-east","uk",]""")]
    [InlineData("[\" us-east\n\",\"uk\",\"uk\"]")]
    public async Task Client_reads_regions_that_are_nearly_json(string body)
    {
        Assert.Equal(["us-east", "uk"], await new StubServer().Answers(200, body).CreateClient().GetRegionsAsync("uk", Cancellation));
    }

    [Theory]
    [InlineData("""["uk",null]""")]
    [InlineData("""["uk",""]""")]
    [InlineData("""["uk",{"name":"ap"}]""")]
    [InlineData("""["uk",7]""")]
    [InlineData("""["uk" """)]
    [InlineData("")]
    public async Task Client_leaves_out_no_region_that_it_cannot_read(string body)
    {
        var client = new StubServer().Answers(200, body).CreateClient();

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => client.GetRegionsAsync("uk", Cancellation));

        Assert.Equal(200, exception.Status);
    }

    [Fact]
    public async Task Client_answers_a_401_with_another_token_once()
    {
        var server = new StubServer().Answers(401).Answers(200, """["uk"]""");

        await server.CreateClient(new StubTokens("old", "new")).GetRegionsAsync("uk", Cancellation);

        Assert.Equal(["Bearer old", "Bearer new"], server.Requests.Select(request => request.Authorization));
    }

    [Fact]
    public async Task Client_lets_a_401_stand_when_no_token_helps()
    {
        var server = new StubServer().Answers(401);

        var client = server.CreateClient(new StubTokens("old", "new"));

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => client.GetRegionsAsync("uk", Cancellation));

        Assert.Equal(401, exception.Status);
        Assert.Equal(2, server.Requests.Count);
    }

    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task Client_retries_what_passes(int status)
    {
        var server = new StubServer().Answers(status).Answers(status).Answers(200, """["uk"]""");

        Assert.Equal(["uk"], await server.CreateClient().GetRegionsAsync("uk", Cancellation));
    }

    [Fact]
    public async Task Client_retries_a_broken_connection()
    {
        var server = new StubServer().Answers(_ => throw new HttpRequestException("reset")).Answers(200, """["uk"]""");

        Assert.Equal(["uk"], await server.CreateClient().GetRegionsAsync("uk", Cancellation));
    }

    [Fact]
    public async Task Client_says_so_when_nothing_answers()
    {
        var server = new StubServer().Answers(_ => throw new HttpRequestException("refused"));

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => server.CreateClient().GetRegionsAsync("uk", Cancellation));

        Assert.Equal(0, exception.Status);
        Assert.Contains("got no answer", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_takes_what_exceeds_its_time_for_no_answer()
    {
        // As the handler ends a connection that is not made, and the pipeline an answer that does not come.
        var server = new StubServer().Answers(_ => throw new TaskCanceledException("timed out"));

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => server.CreateClient().GetRegionsAsync("uk", Cancellation));

        Assert.Equal(0, exception.Status);
        Assert.True(server.Requests.Count > 1);
    }

    [Fact]
    public async Task Client_takes_an_answer_that_breaks_off_for_none_after_more_tries()
    {
        var server = new StubServer().BreaksOff(200, new IOException("The response ended prematurely."));

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => server.CreateClient().GetRegionsAsync("uk", Cancellation));

        Assert.Equal(0, exception.Status);
        Assert.Contains("got no answer", exception.Message, StringComparison.Ordinal);
        Assert.True(server.Requests.Count > 1);
    }

    [Fact]
    public async Task Client_keeps_the_status_of_an_error_whose_text_breaks_off()
    {
        foreach (var failure in (Exception[])[new IOException("The response ended prematurely."), new TaskCanceledException("timed out")])
        {
            var client = new StubServer().BreaksOff(404, failure).CreateClient();

            var exception = await Assert.ThrowsAsync<CloudStorageException>(() => client.OpenContentAsync("uk", "a", Cancellation));

            Assert.Equal(404, exception.Status);
        }
    }

    [Fact]
    public async Task Client_lets_a_caller_cancel()
    {
        using var cancellation = new CancellationTokenSource();
        var server = new StubServer().Answers(_ =>
        {
            cancellation.Cancel();
            throw new TaskCanceledException("cancelled");
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => server.CreateClient().GetRegionsAsync("uk", cancellation.Token));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task Client_comes_back_later_when_it_is_asked_to_wait_long(int status)
    {
        var server = new StubServer().Answers(status, "", "text/plain", ("Retry-After", "3600"));
        var gate = new PacedGate(TimeProvider.System, 0);

        var client = server.CreateClient(configure: options => options.Gate = gate);

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => client.GetRegionsAsync("uk", Cancellation));

        Assert.Equal(status, exception.Status);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Client_takes_no_record_of_another_object()
    {
        var server = new StubServer().Answers(200, """{"id":"trace-1","error":"internal"}""");

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => server.CreateClient().GetObjectAsync("uk", "a", Cancellation));

        Assert.Contains("another object", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_waits_as_long_as_retry_after_says()
    {
        var server = new StubServer().Answers(429, "", "text/plain", ("Retry-After", "1")).Answers(200, """["uk"]""");
        var clock = Stopwatch.StartNew();

        await server.CreateClient().GetRegionsAsync("uk", Cancellation);

        Assert.True(clock.Elapsed >= TimeSpan.FromSeconds(0.9), $"waited {clock.Elapsed}");
    }

    [Fact]
    public async Task A_429_makes_every_call_of_the_instance_wait()
    {
        var time = new FakeTimeProvider();
        var gate = new PacedGate(time, 0);
        gate.OnThrottled(TimeSpan.FromSeconds(30), isRefusal: true);

        var waiting = gate.WaitAsync(Cancellation).AsTask();
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(waiting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        await waiting.WaitAsync(TimeSpan.FromSeconds(5), Cancellation);
    }

    [Fact]
    public async Task Client_that_must_not_wait_long_fails_at_once_while_8x8_refuses_and_sends_nothing()
    {
        var server = new StubServer().Answers(200, """["uk"]""");
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var gate = new PacedGate(time, 0);
        var client = server.CreateClient(configure: options =>
        {
            options.Gate = gate;
            options.TimeProvider = time;
            options.FailsWhenRefused = true;
        });
        gate.OnThrottled(TimeSpan.FromMinutes(9), isRefusal: true);

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => client.GetRegionsAsync("uk", Cancellation));

        Assert.Equal((429, TimeSpan.FromMinutes(9)), (exception.Status, exception.RetryAfter));
        Assert.Empty(server.Requests);
        time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(["uk"], await client.GetRegionsAsync("uk", Cancellation));
    }

    [Fact]
    public void Gate_says_until_when_8x8_refuses_and_not_until_when_no_request_is_left()
    {
        var time = new FakeTimeProvider();
        var gate = new PacedGate(time, 0);

        gate.OnThrottled(TimeSpan.FromSeconds(50), isRefusal: false);
        Assert.Null(gate.RefusedUntil);
        gate.OnThrottled(TimeSpan.FromSeconds(30), isRefusal: true);
        Assert.Equal(time.GetUtcNow().AddSeconds(30), gate.RefusedUntil);
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Null(gate.RefusedUntil);
    }

    [Fact]
    public async Task Client_spaces_requests_below_the_ceiling()
    {
        var time = new FakeTimeProvider();
        var gate = new PacedGate(time, 2);

        await gate.WaitAsync(Cancellation);
        var second = gate.WaitAsync(Cancellation).AsTask();
        var third = gate.WaitAsync(Cancellation).AsTask();
        Assert.False(second.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.5));
        await second.WaitAsync(TimeSpan.FromSeconds(5), Cancellation);
        Assert.False(third.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.5));

        await third.WaitAsync(TimeSpan.FromSeconds(5), Cancellation);
    }

    [Fact]
    public async Task Client_spaces_the_requests_that_a_429_held()
    {
        var time = new FakeTimeProvider();
        var gate = new PacedGate(time, 2);
        await gate.WaitAsync(Cancellation);
        List<Task> waiting = [gate.WaitAsync(Cancellation).AsTask(), gate.WaitAsync(Cancellation).AsTask(), gate.WaitAsync(Cancellation).AsTask()];

        gate.OnThrottled(TimeSpan.FromSeconds(10), isRefusal: true);
        time.Advance(TimeSpan.FromSeconds(10));

        while (waiting.Count > 0)
        {
            waiting.Remove(await Task.WhenAny(waiting).WaitAsync(TimeSpan.FromSeconds(5), Cancellation));
            Assert.DoesNotContain(waiting, task => task.IsCompleted);
            time.Advance(TimeSpan.FromSeconds(0.5));
        }
    }

    [Fact]
    public async Task Client_takes_nothing_but_200_for_content()
    {
        var server = new StubServer().Answers(206, "part");

        await Assert.ThrowsAsync<CloudStorageException>(() => server.CreateClient().OpenContentAsync("uk", "a", Cancellation));
    }

    [Theory]
    [InlineData("https://s3.example.org/k?X=1")]
    [InlineData("\"https://s3.example.org/k?X=1\"")]
    [InlineData("""{"expires":"soon","url":"https://s3.example.org/k?X=1"}""")]
    public async Task Client_reads_a_presigned_address_in_every_form(string body)
    {
        var server = new StubServer().Answers(200, body);

        Assert.Equal("https://s3.example.org/k?X=1", (await server.CreateClient().GetPresignedUrlAsync("uk", "a", Cancellation)).AbsoluteUri);
        Assert.EndsWith("/objects/a/content?presignUrl=true", server.Requests[0].Uri.AbsoluteUri, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://s3.example.org/secret-address")]
    [InlineData("http://127.0.0.1/secret-address")]
    [InlineData("""{"url":"secret-address"}""")]
    [InlineData("")]
    public async Task Client_takes_no_other_presigned_address_and_quotes_none(string body)
    {
        var server = new StubServer().Answers(200, body);

        var exception = await Assert.ThrowsAsync<CloudStorageException>(() => server.CreateClient().GetPresignedUrlAsync("uk", "a", Cancellation));

        Assert.DoesNotContain("secret-address", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(202)]
    public async Task Client_restores_with_the_days_in_the_body(int status)
    {
        string? contentType = null;
        var server = new StubServer().Answers(request =>
        {
            contentType = request.Content!.Headers.ContentType!.ToString();
            return new HttpResponseMessage((HttpStatusCode)status);
        });

        await server.CreateClient().RestoreAsync("uk", "a", 7, Cancellation);

        Assert.Equal(HttpMethod.Post, server.Requests[0].Method);
        Assert.EndsWith("/objects/a/restore", server.Requests[0].Uri.AbsoluteUri, StringComparison.Ordinal);
        Assert.Equal(("""{"expirationDays":7}""", "application/json"), (server.Requests[0].Body, contentType));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    public async Task Client_restores_for_one_to_ten_days(int days)
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => new StubServer().CreateClient().RestoreAsync("uk", "a", days, Cancellation));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(204)]
    public async Task Client_deletes_in_bulk(int status)
    {
        var server = new StubServer().Answers(status, "\ufeff{\"deleted\":[\"a\n");

        await server.CreateClient().DeleteAsync("uk", ["a", "b\"c"], Cancellation);

        Assert.Equal(HttpMethod.Delete, server.Requests[0].Method);
        Assert.Equal("""["a","b\u0022c"]""", server.Requests[0].Body);
    }

    [Fact]
    public async Task Client_deletes_nothing_without_a_request()
    {
        var server = new StubServer();

        await server.CreateClient().DeleteAsync("uk", [], Cancellation);

        Assert.Empty(server.Requests);
    }

    private static byte[] Marked(string text, string charset)
    {
        var encoding = Encoding.GetEncoding(charset);
        return [.. encoding.GetPreamble(), .. encoding.GetBytes(text)];
    }
}
