using Azure.Core;
using Azure.Core.Pipeline;

namespace EightByEight;

/// <summary>Puts the access token on every request, and answers a 401 with another token once.</summary>
internal sealed class TokenPolicy(AccessTokenSource tokens) : AsyncPolicy
{
    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var token = await tokens.GetTokenAsync(message.CancellationToken);
        Authorize(message, token);
        await ProcessNextAsync(message, pipeline);
        if (message.Response.Status != 401)
        {
            return;
        }

        var other = await tokens.ReplaceTokenAsync(token, message.CancellationToken);
        if (other.Value == token.Value)
        {
            return;
        }

        message.Response.Dispose();
        Authorize(message, other);
        await ProcessNextAsync(message, pipeline);
    }

    private static void Authorize(HttpMessage message, AccessToken token) =>
        message.Request.Headers.SetValue(HttpHeader.Names.Authorization, $"Bearer {token.Value}");
}
