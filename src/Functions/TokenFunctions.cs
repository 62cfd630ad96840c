using Archiving.Outages;
using Archiving.Source;
using Microsoft.Azure.Functions.Worker;

namespace Functions;

/// <summary>Keeps the access token fresh.</summary>
public sealed class TokenFunctions(TimerHandler timers, AccessTokens tokens)
{
    /// <summary>Stores a fresh token in the vault once half the lifetime of the present one is over.</summary>
    [Function("RefreshToken")]
    public Task RefreshTokenAsync([TimerTrigger("%TokenRefreshSchedule%")] TimerInfo timer, CancellationToken cancellationToken) =>
        timers.RunAsync("RefreshToken", tokens.RefreshAsync, cancellationToken);
}
