using System.Net.Security;
using System.Security.Cryptography;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Security.KeyVault.Secrets;
using Simulator.Faults;

namespace Simulator.Tests;

/// <summary>The vault, through the client of the Azure SDK.</summary>
public sealed class VaultTests : SimulatorTest
{
    [Fact]
    public async Task Simulated_vault_keeps_versions_of_a_secret_with_their_attributes()
    {
        var client = CreateClient();
        var expiry = Now.AddMinutes(30);
        var secret = new KeyVaultSecret("token", "one") { Properties = { ExpiresOn = expiry, ContentType = "text/x", Tags = { ["a"] = "b" } } };
        var first = (await client.SetSecretAsync(secret, Cancellation)).Value;
        var second = (await client.SetSecretAsync("token", "two", Cancellation)).Value;

        Assert.Equal("two", (await client.GetSecretAsync("token", cancellationToken: Cancellation)).Value.Value);
        var old = (await client.GetSecretAsync("token", first.Properties.Version, cancellationToken: Cancellation)).Value;
        Assert.Equal(("one", expiry, "text/x", "b"), (old.Value, old.Properties.ExpiresOn, old.Properties.ContentType, old.Properties.Tags["a"]));

        first.Properties.Enabled = false;
        await client.UpdateSecretPropertiesAsync(first.Properties, Cancellation);
        var versions = new Dictionary<string, bool?>(StringComparer.Ordinal);
        await foreach (var version in client.GetPropertiesOfSecretVersionsAsync("token", Cancellation))
        {
            versions[version.Version] = version.Enabled;
        }

        Assert.Equal(2, versions.Count);
        Assert.Equal((false, true), (versions[first.Properties.Version], versions[second.Properties.Version]));
    }

    [Fact]
    public async Task Simulated_vault_gives_neither_what_it_lacks_nor_what_is_disabled()
    {
        var client = CreateClient();
        Assert.Equal(404, (await Assert.ThrowsAsync<RequestFailedException>(() => client.GetSecretAsync("none", cancellationToken: Cancellation))).Status);

        var secret = (await client.SetSecretAsync("token", "one", Cancellation)).Value;
        secret.Properties.Enabled = false;
        await client.UpdateSecretPropertiesAsync(secret.Properties, Cancellation);

        Assert.Equal(403, (await Assert.ThrowsAsync<RequestFailedException>(() => client.GetSecretAsync("token", cancellationToken: Cancellation))).Status);
    }

    [Fact]
    public async Task Simulated_vault_refuses_when_told_so()
    {
        Server.Faults.Set(new FaultRule { Call = "vault", Kind = FaultKind.Status, Status = 403, Body = """{"error":{"code":"Forbidden","message":"no"}}""" });

        Assert.Equal(403, (await Assert.ThrowsAsync<RequestFailedException>(() => CreateClient().GetSecretAsync("a", cancellationToken: Cancellation))).Status);
    }

    [Fact]
    public async Task Simulated_vault_has_a_certificate_that_is_trusted_only_when_it_is_pinned()
    {
        using var untrusting = new HttpClient();

        await Assert.ThrowsAsync<HttpRequestException>(() => untrusting.GetAsync(new Uri(Server.VaultUrl, "/secrets/a"), Cancellation));
    }

    private SecretClient CreateClient()
    {
        var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    Convert.ToHexStringLower(SHA256.HashData(certificate!.GetRawCertData())) == Server.VaultCertificateSha256,
            },
        };
        var options = new SecretClientOptions { Transport = new HttpClientTransport(new HttpClient(handler)), DisableChallengeResourceVerification = true };
        options.Retry.MaxRetries = 0;
        return new SecretClient(Server.VaultUrl, new AnyToken(), options);
    }

    private sealed class AnyToken : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => new("any", DateTimeOffset.MaxValue);

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new(GetToken(requestContext, cancellationToken));
    }
}
