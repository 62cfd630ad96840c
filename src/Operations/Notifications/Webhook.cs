using Archiving.Model;
using Archiving.Settings;
using Archiving.Source;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Operations.Notifications;

/// <summary>What became of a post.</summary>
/// <param name="IsConfigured">Whether there is a webhook.</param>
/// <param name="Problem">
/// Why it was not delivered; <see langword="null"/> when it was, or there is no webhook. Without the address. Where the vault
/// does not say whether there is a webhook, that it does not.
/// </param>
public sealed record WebhookResult(bool IsConfigured, string? Problem)
{
    /// <summary>Whether the vault did not give the address, so that nothing was sent.</summary>
    public bool IsAddressUnknown { get; init; }

    /// <summary>Whether the webhook got it and did not answer, so that nothing tells whether it was taken.</summary>
    public bool IsUncertain { get; init; }
}

/// <summary>
/// Posts to the webhook of the settings or the vault. Its address is a secret, because it is all that it takes to post: it
/// is in no log, trace or error. Redirects are not followed, so nothing is sent to an address that was not configured.
/// </summary>
public sealed class Webhook
{
    private static readonly TimeSpan SecretCacheDuration = TimeSpan.FromMinutes(10);

    // Health asks too, and a vault that does not answer takes long to say so.
    private static readonly TimeSpan FailureCacheDuration = TimeSpan.FromMinutes(1);

    // A hook that hangs keeps a timer function waiting, and nothing else.
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);
    private readonly NotificationOptions _options;
    private readonly ITokenStore _vault;
    private readonly TimeProvider _timeProvider;
    private readonly TimeSpan _timeout;
    private readonly HttpPipeline _pipeline;
    private volatile Known? _known;

    /// <summary>Initializes the webhook.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="vault">Holds the address where the settings do not.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="timeout">How long a post may take, retries included.</param>
    public Webhook(ArchiverOptions options, ITokenStore vault, TimeProvider timeProvider, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Notifications;
        _vault = vault;
        _timeProvider = timeProvider;
        _timeout = timeout ?? DefaultTimeout;
        _pipeline = HttpPipelineBuilder.Build(new PostOptions(_timeout));
    }

    /// <summary>Posts a notification.</summary>
    /// <param name="notification">The notification.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<WebhookResult> PostAsync(Notification notification, CancellationToken cancellationToken)
    {
        var secret = await FindAddressAsync(cancellationToken);
        if (secret.Address is not { } address)
        {
            return new WebhookResult(IsConfigured: secret is { Problem: not null, IsRefused: false }, secret.Problem) { IsAddressUnknown = secret.IsUnread };
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_timeout);
        using var message = _pipeline.CreateMessage();
        message.BufferResponse = false;
        message.Request.Method = RequestMethod.Post;
        message.Request.Uri.Reset(address);
        message.Request.Headers.SetValue(HttpHeader.Names.ContentType, "application/json; charset=utf-8");
        message.Request.Content = RequestContent.Create(
            NotificationBody.Write(notification, NotificationBody.FormFor(address, _options.Format), _options.Dashboard));
        try
        {
            await _pipeline.SendAsync(message, limit.Token);
            return new WebhookResult(IsConfigured: true, Describe(message.Response.Status));
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested
            && exception is RequestFailedException or AggregateException or OperationCanceledException or IOException or ArgumentOutOfRangeException)
        {
            if (message.HasResponse)
            {
                // It refused, and asked to wait for longer than there was time, or than a timer can.
                return new WebhookResult(IsConfigured: true, Describe(message.Response.Status));
            }

            if (MayHaveArrived(exception))
            {
                return new WebhookResult(
                    IsConfigured: true,
                    "The webhook closed the connection without an answer, so the last post may not have arrived. Check its address.")
                {
                    IsUncertain = true,
                };
            }

            // Messages of exceptions name the host.
            return limit.IsCancellationRequested
                ? new WebhookResult(
                    IsConfigured: true,
                    $"The webhook did not answer within {_timeout.TotalSeconds:0} seconds, so the last post may not have arrived. Check its address.")
                {
                    IsUncertain = true,
                }
                : new WebhookResult(IsConfigured: true, "The webhook cannot be reached. Check its address, and that the app may reach it.");
        }
    }

    /// <summary>Why the vault does not say whether there is a webhook; <see langword="null"/> when it does, or the settings do.</summary>
    public async Task<string?> FindRefusalAsync(CancellationToken cancellationToken) =>
        await FindAddressAsync(cancellationToken) is { IsRefused: true } secret ? secret.Problem : null;

    private static string? Describe(int status) => status switch
    {
        >= 200 and < 300 => null,
        >= 300 and < 400 => $"The webhook redirects ({status}), which is not followed. Set the address that it leads to, if that is right.",
        401 or 403 or 404 or 410 => $"The webhook refuses the post ({status}). It may have been removed: make a new one, and set its address.",
        400 or 415 or 422 => $"The webhook does not take this form ({status}). Set Notifications__Format to Json, AdaptiveCard or Slack.",
        _ => $"The webhook fails ({status}). Nothing to do unless it lasts.",
    };

    /// <summary>Whether a request can have been sent before it failed.</summary>
    private static bool MayHaveArrived(Exception exception) => exception switch
    {
        AggregateException all => all.InnerExceptions.Any(MayHaveArrived),
        HttpRequestException
        {
            HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError
                or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError,
        } => false,
        HttpRequestException or IOException => true,
        { InnerException: { } inner } => MayHaveArrived(inner),
        _ => false,
    };

    private async Task<Secret> FindAddressAsync(CancellationToken cancellationToken)
    {
        if (_options.WebhookUrl is { } url)
        {
            return new Secret(url);
        }

        var now = _timeProvider.GetUtcNow();
        if (_known is not { } known || now - known.At > (known.Secret.IsUnread ? FailureCacheDuration : SecretCacheDuration) || now < known.At)
        {
            _known = known = new Known(await ReadSecretAsync(cancellationToken), now);
        }

        return known.Secret;
    }

    private async Task<Secret> ReadSecretAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _vault.FindSecretAsync(NotificationOptions.UrlSecret, cancellationToken) switch
            {
                null => new Secret(Address: null),
                var text when NotificationOptions.TryParse(text, out var address) => new Secret(address),
                _ => new Secret(Address: null, $"The secret {NotificationOptions.UrlSecret} is no https address without credentials."),
            };
        }
        catch (OutageException outage) when (outage.InnerException is RequestFailedException { Status: 403 })
        {
            // With roles on single secrets, this is also what a secret that does not exist looks like.
            return new Secret(
                Address: null,
                $"The vault refuses to let the app read the secret {NotificationOptions.UrlSecret} (403), so it is not known whether there is a webhook. "
                    + "Let the app's identity read it, as it reads the other secrets. Without a webhook, there is nothing to do.",
                IsRefused: true,
                IsUnread: true);
        }
        catch (OutageException outage)
        {
            return new Secret(Address: null, outage.Message, IsUnread: true);
        }
    }

    private sealed record Secret(Uri? Address, string? Problem = null, bool IsRefused = false, bool IsUnread = false);

    private sealed record Known(Secret Secret, DateTimeOffset At);

    private sealed class PostOptions : ClientOptions
    {
        private static readonly HttpClient Client = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),

            // So short that all tries fit into the time that a post may take: then it is known that none arrived.
            ConnectTimeout = TimeSpan.FromSeconds(5),

            // No span, which would hold the address, and no trace id for strangers.
            ActivityHeadersPropagator = null,
        })
        {
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        };

        public PostOptions(TimeSpan timeout)
        {
            Transport = new HttpClientTransport(Client);
            Diagnostics.IsLoggingEnabled = false;
            Diagnostics.IsDistributedTracingEnabled = false;
            RetryPolicy = new PostRetry(
                DelayStrategy.CreateExponentialDelayStrategy(TimeSpan.FromSeconds(Math.Min(1, timeout.TotalSeconds / 30)), timeout / 3));

            // Longer than all of it may take: a post that is not answered may have been taken, and is not sent again.
            Retry.NetworkTimeout = timeout * 2;
        }
    }

    /// <summary>Posts again what was refused for a while, or never sent: what may have arrived would arrive twice.</summary>
    private sealed class PostRetry(DelayStrategy delay) : RetryPolicy(maxRetries: 3, delay)
    {
        protected override ValueTask<bool> ShouldRetryAsync(HttpMessage message, Exception? exception) =>
            exception is not null && MayHaveArrived(exception) ? new ValueTask<bool>(false) : base.ShouldRetryAsync(message, exception);
    }
}
