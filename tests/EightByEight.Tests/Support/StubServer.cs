using System.Net;
using System.Text;
using Azure.Core.Pipeline;

namespace EightByEight.Tests;

/// <summary>Answers requests as a test says, in order; the last answer stands for all that follow.</summary>
internal sealed class StubServer : HttpMessageHandler
{
    private readonly Queue<Func<HttpRequestMessage, HttpResponseMessage>> _answers = new();

    public List<(HttpMethod Method, Uri Uri, string? Authorization, string Body)> Requests { get; } = [];

    public StubServer Answers(
        int status,
        string body = "",
        string contentType = "application/json",
        params (string Name, string Value)[] headers) => Answers(status, Encoding.UTF8.GetBytes(body), $"{contentType}; charset=utf-8", headers);

    public StubServer Answers(int status, byte[] body, string contentType, params (string Name, string Value)[] headers) => Answers(_ =>
    {
        var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new ByteArrayContent(body) };
        response.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        response.Content.Headers.ContentLength = body.Length;
        foreach (var (name, value) in headers)
        {
            if (!response.Headers.TryAddWithoutValidation(name, value))
            {
                response.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return response;
    });

    /// <summary>The beginning of a body, and then a failure.</summary>
    public StubServer AnswersPart(int status, string beginning, Exception failure) => Answers(
        _ => new HttpResponseMessage((HttpStatusCode)status) { Content = new StreamContent(new BrokenStream(Encoding.UTF8.GetBytes(beginning), failure)) });

    public StubServer Answers(Func<HttpRequestMessage, HttpResponseMessage> answer)
    {
        _answers.Enqueue(answer);
        return this;
    }

    public CloudStorageClient CreateClient(AccessTokenSource? tokens = null, Action<CloudStorageClientOptions>? configure = null)
    {
        var options = new CloudStorageClientOptions { Transport = new HttpClientTransport(this) };
        options.Retry.Delay = TimeSpan.FromMilliseconds(1);
        options.Retry.MaxDelay = TimeSpan.FromMilliseconds(2);
        configure?.Invoke(options);
        return new CloudStorageClient(new Uri("https://api.example.com"), tokens ?? new StubTokens("token-1"), options);
    }

    public TokenClient CreateTokenClient(TimeProvider? timeProvider = null)
    {
        var options = new TokenClientOptions { Transport = new HttpClientTransport(this), TimeProvider = timeProvider ?? TimeProvider.System };
        options.Retry.Delay = TimeSpan.FromMilliseconds(1);
        options.Retry.MaxDelay = TimeSpan.FromMilliseconds(2);
        return new TokenClient(new Uri("https://api.example.com"), options);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        Requests.Add((request.Method, request.RequestUri!, request.Headers.Authorization?.ToString(), body));
        return (_answers.Count > 1 ? _answers.Dequeue() : _answers.Peek())(request);
    }
}

/// <summary>Some bytes, and then a failure.</summary>
internal sealed class BrokenStream(byte[] beginning, Exception failure) : Stream
{
    private readonly MemoryStream _beginning = new(beginning);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => _beginning.Read(buffer, offset, count) is var read and > 0 ? read : throw failure;

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

/// <summary>Gives tokens in order.</summary>
internal sealed class StubTokens(params string[] tokens) : AccessTokenSource
{
    private int _current;

    public override ValueTask<AccessToken> GetTokenAsync(CancellationToken cancellationToken) => new(Current());

    public override ValueTask<AccessToken> ReplaceTokenAsync(AccessToken refused, CancellationToken cancellationToken)
    {
        _current = Math.Min(_current + 1, tokens.Length - 1);
        return new(Current());
    }

    private AccessToken Current() => new(tokens[_current], DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue);
}
