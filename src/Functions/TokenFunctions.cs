using Archiving.Health;
using Archiving.Tokens;
using Microsoft.Azure.Functions.Worker;

namespace Functions;

/// <summary>Keeps the access token fresh.</summary>
public sealed class TokenFunctions(AccessTokens tokens, HealthBoard health)
{
    /// <summary>Puts a fresh token into the vault once the present one is past half its life.</summary>
    [Function("RefreshToken")]
    public async Task RefreshTokenAsync([TimerTrigger("%TokenRefreshSchedule%")] TimerInfo timer, CancellationToken cancellationToken)
    {
        try
        {
            await tokens.RefreshAsync(cancellationToken);
        }
        catch (OutageException outage)
        {
            // Said once in log and health, and tried again at the next tick.
            health.Report(outage);
        }
    }
}
