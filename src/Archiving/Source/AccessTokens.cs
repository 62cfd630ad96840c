using Archiving.Model;
using Archiving.Outages;
using EightByEight;
using Microsoft.Extensions.Logging;

namespace Archiving.Source;

/// <summary>
/// The access token that every call to 8x8 carries. It is kept in memory until shortly before it expires, then read
/// from the store, where another instance may have put a newer one, and only then requested from 8x8. One request at a time.
/// </summary>
public sealed partial class AccessTokens(
    ITokenStore store,
    TokenClient client,
    HealthBoard health,
    TimeProvider timeProvider,
    ILogger<AccessTokens> logger) : AccessTokenSource, IDisposable
{
    // Long enough for a call that starts with the token to arrive while it is good.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(60);

    // After a failed request, which may have taken minutes, all callers that waited for it get the same answer. Neither 8x8 nor
    // the store is asked once per object: one after the other, they would wait until their time to work is over.
    private static readonly TimeSpan FailureCacheDuration = TimeSpan.FromSeconds(10);

    // A new key, or a change of its products, takes a moment to reach all of 8x8: a fresh token can get a 401 that
    // another token would get as well. With a token that works for other calls, a 401 is about one object.
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FreshWhileItWorksFor = TimeSpan.FromMinutes(10);

    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private volatile Held? _held;
    private Failure? _lastRead;
    private Failure? _lastRequest;
    private volatile OutageException? _notKept;

    /// <summary>Why the store did not take the token in use; <see langword="null"/> when it did. Every instance requests tokens of its own then.</summary>
    public OutageException? NotKept => _notKept;

    /// <summary>When the token in use expires; <see langword="null"/> before the first.</summary>
    public DateTimeOffset? ExpiresOn => _held?.Token.ExpiresOn;

    /// <inheritdoc/>
    /// <exception cref="OutageException">The store does not work, or it has no token and 8x8 gives none.</exception>
    public override async ValueTask<AccessToken> GetTokenAsync(CancellationToken cancellationToken)
    {
        if (_held is { } held && IsUsable(held.Token))
        {
            return held.Token;
        }

        using var turn = await EnterAsync(cancellationToken);
        return _held is { } other && IsUsable(other.Token)
            ? other.Token
            : await ReadFromStoreAsync(refused: null, cancellationToken) ?? await RequestAsync(cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="OutageException">The store does not work, or it has no other token and 8x8 gives none.</exception>
    public override async ValueTask<AccessToken> ReplaceTokenAsync(AccessToken refused, CancellationToken cancellationToken)
    {
        using var turn = await EnterAsync(cancellationToken);
        return _held switch
        {
            { } held when held.Token.Value != refused.Value => held.Token,
            { Requested: true } held when timeProvider.GetUtcNow() - held.At < (health.WorkedLately(Condition.Source)
                ? FreshWhileItWorksFor
                : FreshFor) => refused,
            _ => await ReadFromStoreAsync(refused, cancellationToken) ?? await RequestAsync(cancellationToken),
        };
    }

    /// <summary>Stores a fresh token once half the lifetime of the present one is over.</summary>
    /// <returns>The token in use, and whether it is new.</returns>
    /// <exception cref="OutageException">The store or 8x8 refuses or does not answer.</exception>
    public async Task<(AccessToken Token, bool IsNew)> RefreshAsync(CancellationToken cancellationToken)
    {
        using var turn = await EnterAsync(cancellationToken);
        var present = await ReadFromStoreAsync(refused: null, cancellationToken);
        return present is not null && timeProvider.GetUtcNow() < present.IssuedAt + ((present.ExpiresOn - present.IssuedAt) / 2)
            ? (present, false)
            : (await RequestAsync(cancellationToken), true);
    }

    /// <inheritdoc/>
    public void Dispose() => _oneAtATime.Dispose();

    private async Task<Turn> EnterAsync(CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken);
        return new Turn(_oneAtATime);
    }

    private bool IsUsable(AccessToken token)
    {
        var lifetime = token.ExpiresOn - token.IssuedAt;
        var margin = lifetime < 4 * Margin ? lifetime / 4 : Margin;
        return timeProvider.GetUtcNow() < token.ExpiresOn - margin;
    }

    private async Task<AccessToken?> ReadFromStoreAsync(AccessToken? refused, CancellationToken cancellationToken)
    {
        ThrowAgain(_lastRead);
        AccessToken? token;
        try
        {
            token = await store.ReadTokenAsync(cancellationToken);
            if (_notKept is null)
            {
                // What can be read may refuse to be written.
                health.Clear(Condition.Vault);
            }
        }
        catch (OutageException outage)
        {
            _lastRead = Report(outage);
            throw;
        }

        if (token is null || !IsUsable(token) || token.Value == refused?.Value)
        {
            return null;
        }

        _held = new Held(token, timeProvider.GetUtcNow(), Requested: false);
        _notKept = null;
        return token;
    }

    private async Task<AccessToken> RequestAsync(CancellationToken cancellationToken)
    {
        ThrowAgain(_lastRequest);
        try
        {
            var apiKey = await store.ReadApiKeyAsync(cancellationToken);
            var token = await client.RequestTokenAsync(apiKey, cancellationToken);
            _held = new Held(token, timeProvider.GetUtcNow(), Requested: true);
            _lastRequest = null;
            health.Clear(Condition.Credentials);
            Log.Refreshed(logger, token.ExpiresOn);
            await KeepAsync(token, cancellationToken);
            return token;
        }
        catch (TokenRequestException exception)
        {
            var outage = new OutageException(Condition.Credentials, exception.Message, exception);
            _lastRequest = Report(outage);
            throw outage;
        }
        catch (OutageException outage)
        {
            _lastRequest = Report(outage);
            throw;
        }
    }

    private Failure Report(OutageException outage)
    {
        health.Report(outage);
        return new Failure(outage, timeProvider.GetUtcNow());
    }

    private void ThrowAgain(Failure? last)
    {
        var now = timeProvider.GetUtcNow();
        if (last is var (known, at) && now - at < FailureCacheDuration && now >= at)
        {
            throw new OutageException(known.Condition, known.Message, known.InnerException) { RetryAfter = known.RetryAfter };
        }
    }

    private async Task KeepAsync(AccessToken token, CancellationToken cancellationToken)
    {
        try
        {
            await store.WriteTokenAsync(token, cancellationToken);
            _notKept = null;
            health.Clear(Condition.Vault);
        }
        catch (OutageException outage)
        {
            // The token is valid in this process all the same, and archiving continues with it. The next tick tries again.
            _notKept = outage;
            health.Report(outage);
        }
    }

    private readonly struct Turn(SemaphoreSlim turns) : IDisposable
    {
        public void Dispose() => turns.Release();
    }

    private sealed record Failure(OutageException Outage, DateTimeOffset At);

    private sealed record Held(AccessToken Token, DateTimeOffset At, bool Requested);

    private static partial class Log
    {
        [LoggerMessage(EventId = 1110, Level = LogLevel.Information, Message = "8x8 issued a new access token, valid until {ExpiresOn:O}")]
        public static partial void Refreshed(ILogger logger, DateTimeOffset expiresOn);
    }
}
