using Azure.Core;
using Azure.Core.Pipeline;

namespace EightByEight;

/// <summary>
/// Notes on a call whether one of its tries may have had an effect. Its last answer does not tell: a retry can be refused after
/// a try whose answer was lost.
/// </summary>
internal sealed class EffectPolicy : AsyncPolicy
{
    public static EffectPolicy Instance { get; } = new();

    /// <summary>Whether a try was not refused: it succeeded, failed at the server, or has no answer.</summary>
    public static bool MayHaveHadEffect(HttpMessage message) => message.TryGetProperty(typeof(EffectPolicy), out var value) && value is true;

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var before = MayHaveHadEffect(message);
        message.SetProperty(typeof(EffectPolicy), true);
        await ProcessNextAsync(message, pipeline);

        // Who answers 408 did not get all of the request, or not in time: what it did with the rest is not said.
        var isRefused = message.Response.Status is >= 400 and < 500 and not 408;
        message.SetProperty(typeof(EffectPolicy), before || !isRefused);
    }
}
