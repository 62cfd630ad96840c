using System.Text.RegularExpressions;

namespace Archiving.Settings;

/// <summary>The vault that holds the API key and the access token.</summary>
public sealed partial record KeyVaultOptions
{
    /// <summary>The vault's address; <see langword="null"/> on a machine without one: the token then stays in memory.</summary>
    public Uri? Uri { get; init; }

    /// <summary>SHA-256 of the vault's certificate, in hex. Development only: accepted for a vault on this machine.</summary>
    public string? CertificateSha256 { get; init; }

    internal static KeyVaultOptions Read(SettingsReader settings)
    {
        var uri = settings.Address("KeyVault__Uri");
        if (uri is null && settings.Text("KeyVault__Uri") is null && settings.Text("WEBSITE_SITE_NAME") is not null)
        {
            // App Service sets WEBSITE_SITE_NAME. In Azure many instances share one token, so it cannot be kept in memory.
            settings.Missing("KeyVault__Uri", "in Azure the token is kept in a vault; give its address, such as https://my-vault.vault.azure.net");
        }

        if (uri is not null && uri.Scheme != System.Uri.UriSchemeHttps)
        {
            settings.Reject("KeyVault__Uri", uri.AbsoluteUri, "an https address such as https://my-vault.vault.azure.net");
        }

        var certificate = settings.Text("KeyVault__CertificateSha256");
        if (certificate is not null)
        {
            if (!Sha256().IsMatch(certificate))
            {
                settings.Reject("KeyVault__CertificateSha256", certificate, "64 hexadecimal digits");
            }

            if (uri is not { IsLoopback: true })
            {
                settings.Problem("KeyVault__CertificateSha256 is for development: it is accepted only when KeyVault__Uri points to this machine.");
            }
        }

        return new KeyVaultOptions { Uri = uri, CertificateSha256 = certificate };
    }

    [GeneratedRegex("^[0-9A-Fa-f]{64}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Sha256();
}
