using Archiving.Outages;
using Archiving.Source;
using Microsoft.Azure.Functions.Worker;

namespace Functions;

/// <summary>Keeps the access token fresh.</summary>
public sealed class TokenFunctions(TimerHandler timers, AccessTokens tokens)
{
    /// <summary>Puts a fresh token into the vault once the present one is past half its life.</summary>
    [Function("RefreshToken")]
    public Task RefreshTokenAsync([TimerTrigger("%TokenRefreshSchedule%")] TimerInfo timer, CancellationToken cancellationToken) =>
        timers.RunAsync("RefreshToken", tokens.RefreshAsync, cancellationToken);
}
