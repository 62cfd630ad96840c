using Archiving.Model;
using Archiving.Outages;
using Archiving.Settings;
using Archiving.Source;
using EightByEight;

namespace Operations.Health;

/// <summary>Whether 8x8 answers, and accepts the access token: a refusal is an outage of the credentials.</summary>
internal sealed class SourceCheck(
    AccessTokens tokens,
    CloudStorageClient client,
    SourceHold hold,
    ArchiverOptions options,
    HealthBoard board) : DependencyCheck(board)
{
    /// <inheritdoc/>
    protected override async Task ProbeAsync(CancellationToken cancellationToken)
    {
        try
        {
            await tokens.GetTokenAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is OutageException or OperationCanceledException)
        {
            // Says nothing about 8x8's storage service. The check of the credentials says why there is no token.
            return;
        }

        hold.ThrowIfOn();
        var region = options.EightByEight.DiscoveryRegion;
        try
        {
            // Other attempts would take longer than health waits, and it would blame the network for what 8x8 says.
            using var once = CloudStorageClient.TryOnce();
            await client.GetRegionsAsync(region, cancellationToken);
        }
        catch (Exception exception) when (SourceFailure.OfRegions(exception, region) is { } outage)
        {
            throw outage;
        }
        catch (OperationCanceledException)
        {
            // The request met the 429, or waited at the gate because of another's.
            hold.ThrowIfOn();
            throw;
        }

        Board.Clear(Condition.Credentials);
        Board.Clear(Condition.Source);
    }
}
