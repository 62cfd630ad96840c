using System.IO.Pipelines;
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

    /// <summary>Answers with a body that breaks off.</summary>
    public StubServer BreaksOff(int status, Exception failure) => Answers(_ =>
    {
        var body = new Pipe();
        body.Writer.Complete(failure);
        return new HttpResponseMessage((HttpStatusCode)status) { Content = new StreamContent(body.Reader.AsStream()) };
    });

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
