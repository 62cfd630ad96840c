using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Archiving.Settings;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Security.KeyVault.Secrets;

namespace Archiving.Source;

/// <summary>Makes the vault's client: in Azure with the app's identity, in development with a pinned certificate.</summary>
internal static class VaultClientFactory
{
    // A vault answers within a second. Azure.Core waits for 100 seconds, four times: one whose address leads nowhere is known sooner.
    private static readonly TimeSpan MaxResponseTime = TimeSpan.FromSeconds(15);

    public static SecretClient Create(KeyVaultOptions options, Func<TokenCredential> credential)
    {
        var uri = options.Uri ?? throw new InvalidOperationException("There is no vault.");
        if (options.CertificateSha256 is not { } pinned)
        {
            return new SecretClient(uri, credential(), new SecretClientOptions { Retry = { NetworkTimeout = MaxResponseTime } });
        }

        // Never disposed: the client is used until the process ends.
        var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null && IsPinned(certificate, pinned),
            },
        };
        return new SecretClient(uri, new DevelopmentCredential(), new SecretClientOptions
        {
            Transport = new HttpClientTransport(new HttpClient(handler)),
            Retry = { NetworkTimeout = MaxResponseTime },

            // A vault on this machine is not under vault.azure.net, which the client would require.
            DisableChallengeResourceVerification = true,
        });
    }

    private static bool IsPinned(X509Certificate certificate, string pinned) =>
        CryptographicOperations.FixedTimeEquals(SHA256.HashData(certificate.GetRawCertData()), Convert.FromHexString(pinned));

    /// <summary>A credential for a vault on this machine, which asks for some token and looks at none.</summary>
    private sealed class DevelopmentCredential : TokenCredential
    {
        public override Azure.Core.AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new("development", DateTimeOffset.MaxValue);

        public override ValueTask<Azure.Core.AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            ValueTask.FromResult(GetToken(requestContext, cancellationToken));
    }
}
