using System.Text;
using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace EightByEight;

/// <summary>
/// 8x8's authorization server (8x8 support, "Creating keys and authenticating"). There is no refresh token; 8x8 asks
/// clients to keep a token until it expires.
/// </summary>
public class TokenClient
{
    private const string Product = "storage";
    private static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(30);
    private readonly HttpPipeline _pipeline;
    private readonly Uri _endpoint;
    private readonly TimeProvider _timeProvider;

    /// <summary>Initializes the client.</summary>
    /// <param name="endpoint">8x8's address, https, or http to this machine.</param>
    /// <param name="options">Options.</param>
    /// <exception cref="ArgumentException">The address is not secure.</exception>
    public TokenClient(Uri endpoint, TokenClientOptions? options = null)
    {
        options ??= new TokenClientOptions();
        _endpoint = ClientPipeline.RequireSecure(endpoint);
        _timeProvider = options.TimeProvider;
        ClientPipeline.UseSharedTransport(options);
        HttpPipelinePolicy[] everywhere = [new RetryAfterPolicy(options.TimeProvider), UntracedPolicy.Instance];
        _pipeline = HttpPipelineBuilder.Build(options, [], everywhere, new ShortWaits(options.TimeProvider));
    }

    /// <summary>For mocking.</summary>
    protected TokenClient()
    {
        _pipeline = null!;
        _endpoint = null!;
        _timeProvider = TimeProvider.System;
    }

    /// <summary>Asks for a token.</summary>
    /// <exception cref="TokenRequestException">8x8 gives none; the message says why and what to do.</exception>
    public virtual async Task<AccessToken> RequestTokenAsync(ApiKey apiKey, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(apiKey);
        using var message = _pipeline.CreateMessage();
        message.Request.Method = RequestMethod.Post;
        message.Request.Uri.Reset(_endpoint);
        message.Request.Uri.AppendPath("/oauth/v2/token", escape: false);
        var credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{apiKey.Key}:{apiKey.Secret}"));
        message.Request.Headers.SetValue(HttpHeader.Names.Authorization, $"Basic {credentials}");
        message.Request.Headers.SetValue(HttpHeader.Names.ContentType, "application/x-www-form-urlencoded");
        message.Request.Headers.SetValue(HttpHeader.Names.Accept, "application/json");
        message.Request.Content = RequestContent.Create("grant_type=client_credentials"u8.ToArray());
        try
        {
            await _pipeline.SendAsync(message, cancellationToken);
        }
        catch (Exception exception) when (ClientErrors.AsNoAnswer(exception, cancellationToken) is not null)
        {
            throw new TokenRequestException(
                TokenFailure.Unreachable,
                0,
                "8x8's authorization server does not answer. Check the network and EightByEight__BaseUrl, and https://status.8x8.com.",
                exception);
        }

        // Expiry is calculated from the moment of receipt by this machine's clock, not from issued_at: the two clocks may differ.
        return Read(message.Response, _timeProvider.GetUtcNow());
    }

    private static AccessToken Read(Response response, DateTimeOffset now)
    {
        switch (response.Status)
        {
            case 200:
                break;
            case 400 or 401:
                throw new TokenRequestException(
                    TokenFailure.WrongCredentials,
                    response.Status,
                    $"8x8 refuses the API key ({response.Status}). Compare EightByEight__Key and EightByEight__Secret, or the vault's secrets "
                    + "eightbyeight-key and eightbyeight-secret, with the app under API Keys in 8x8 Admin Console.");
            case 403:
                throw new TokenRequestException(
                    TokenFailure.MissingRights,
                    403,
                    "8x8 knows the API key and gives it no token (403). Give the key's user the role Storage API, and the app the product "
                    + "Call recordings & Storage, in 8x8 Admin Console.");
            case 429:
                throw new TokenRequestException(
                    TokenFailure.Throttled,
                    429,
                    "8x8's authorization server asks to slow down (429). Nothing to do unless it lasts.");
            case >= 500:
                throw new TokenRequestException(
                    TokenFailure.Unreachable,
                    response.Status,
                    $"8x8's authorization server fails ({response.Status}). Nothing to do unless it lasts; see https://status.8x8.com.");
            default:
                throw Unexpected(response, "an answer that holds no token");
        }

        TokenAnswer answer;
        try
        {
            answer = TokenAnswer.Parse(JsonBody.Read(response));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw Unexpected(response, "an answer that is not the JSON of a token", exception);
        }

        if (answer.Status is { } status && !string.Equals(status, "approved", StringComparison.OrdinalIgnoreCase))
        {
            throw new TokenRequestException(
                TokenFailure.MissingRights,
                200,
                $"8x8 gives the API key the status \"{Shorten(status)}\" instead of \"approved\". Look at the app under API Keys in 8x8 Admin Console.");
        }

        if (string.IsNullOrWhiteSpace(answer.Token) || answer.Lifetime is not > 0)
        {
            throw Unexpected(response, "an answer without access_token or expires_in");
        }

        if (answer.Products is { Count: > 0 } products && !products.Contains(Product, StringComparer.OrdinalIgnoreCase))
        {
            throw new TokenRequestException(
                TokenFailure.StorageProductMissing,
                200,
                "The API key works, but not for recordings: its app lacks the product Call recordings & Storage. "
                + "Add it under API Keys in 8x8 Admin Console; the change takes some minutes.");
        }

        var lifetime = TimeSpan.FromSeconds(Math.Min(answer.Lifetime.Value, MaxLifetime.TotalSeconds));
        return new AccessToken(answer.Token, now, now + lifetime, answer.Products);
    }

    private static TokenRequestException Unexpected(Response response, string what, Exception? innerException = null) => new(
        TokenFailure.UnexpectedAnswer,
        response.Status,
        $"8x8's authorization server gives {what} (status {response.Status}). Check EightByEight__BaseUrl and any proxy in between.",
        innerException);

    private static string Shorten(string text) => text.Length <= 100 ? text : text[..100];
}
