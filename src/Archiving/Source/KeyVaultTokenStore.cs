using System.Globalization;
using Archiving.Model;
using Azure;
using Azure.Identity;
using Azure.Security.KeyVault.Secrets;
using EightByEight;
using Microsoft.Extensions.Logging;

namespace Archiving.Source;

/// <summary>
/// The key and the token in Azure Key Vault. Every write makes a new secret version, which can never be deleted
/// alone; the superseded one is disabled, so that an old token in the vault cannot be used.
/// </summary>
/// <param name="secrets">The vault.</param>
/// <param name="settingsKey">The key from settings, which wins over the vault's; <see langword="null"/> when there is none.</param>
/// <param name="logger">The log.</param>
public sealed partial class KeyVaultTokenStore(SecretClient secrets, ApiKey? settingsKey, ILogger<KeyVaultTokenStore> logger) : ITokenStore
{
    /// <summary>Name of the secret with the API key.</summary>
    public const string KeySecret = "eightbyeight-key";

    /// <summary>Name of the secret with the API secret.</summary>
    public const string SecretSecret = "eightbyeight-secret";

    /// <summary>Name of the secret with the access token.</summary>
    public const string TokenSecret = "eightbyeight-access-token";

    /// <summary>Content type of the token's secret.</summary>
    public const string TokenContentType = "application/vnd.8x8.access-token";

    private const string IssuedAtTag = "issued-at";

    /// <inheritdoc/>
    public bool IsShared => true;

    /// <inheritdoc/>
    public async Task<ApiKey> ReadApiKeyAsync(CancellationToken cancellationToken)
    {
        if (settingsKey is not null)
        {
            return settingsKey;
        }

        var key = await ReadRequiredAsync(KeySecret, cancellationToken);
        var secret = await ReadRequiredAsync(SecretSecret, cancellationToken);
        return new ApiKey(key, secret);
    }

    /// <inheritdoc/>
    public async Task<AccessToken?> ReadTokenAsync(CancellationToken cancellationToken)
    {
        if (await ReadAsync(TokenSecret, cancellationToken) is not { } secret || secret.Properties.ExpiresOn is not { } expiresOn)
        {
            return null;
        }

        var issuedAt = secret.Properties.Tags.TryGetValue(IssuedAtTag, out var tag)
            && DateTimeOffset.TryParse(tag, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var parsed)
                ? parsed
                : secret.Properties.CreatedOn ?? expiresOn;
        return new AccessToken(secret.Value, issuedAt, expiresOn);
    }

    /// <inheritdoc/>
    public async Task WriteTokenAsync(AccessToken token, CancellationToken cancellationToken)
    {
        var superseded = await ReadAsync(TokenSecret, cancellationToken);
        var secret = new KeyVaultSecret(TokenSecret, token.Value)
        {
            Properties =
            {
                ExpiresOn = token.ExpiresOn,
                ContentType = TokenContentType,
                Tags = { [IssuedAtTag] = token.IssuedAt.ToString("O", CultureInfo.InvariantCulture) },
            },
        };
        await CallAsync(() => secrets.SetSecretAsync(secret, cancellationToken), "write");
        if (superseded is { Properties.Enabled: not false })
        {
            superseded.Properties.Enabled = false;
            try
            {
                await CallAsync(() => secrets.UpdateSecretPropertiesAsync(superseded.Properties, cancellationToken), "write");
            }
            catch (OutageException exception)
            {
                // The new token is in place, which is what matters; the old one expires by itself.
                Log.SupersededStays(logger, exception.Message);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<string?> FindSecretAsync(string name, CancellationToken cancellationToken) =>
        PlainText.Trim((await ReadAsync(name, cancellationToken))?.Value ?? "") is { Length: > 0 } value ? value : null;

    private async Task<string> ReadRequiredAsync(string name, CancellationToken cancellationToken) =>
        await FindSecretAsync(name, cancellationToken)
            ?? throw new OutageException(
                Condition.Credentials,
                $"The vault holds no secret {name}. Put the 8x8 API app's credentials into the secrets {KeySecret} and {SecretSecret}.");

    private async Task<KeyVaultSecret?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await CallAsync(() => secrets.GetSecretAsync(name, cancellationToken: cancellationToken), "read")).Value;
        }
        catch (OutageException exception) when (exception.InnerException is RequestFailedException { Status: 404 })
        {
            return null;
        }
        catch (OutageException exception) when (exception.InnerException is RequestFailedException { Status: 403 } refused
            && refused.Message.Contains("disabled", StringComparison.OrdinalIgnoreCase))
        {
            // The newest version was disabled, by a person or by a race of two writers: as good as none.
            return null;
        }
    }

    private static async Task<T> CallAsync<T>(Func<Task<T>> call, string right)
    {
        try
        {
            return await call();
        }
        catch (RequestFailedException exception)
        {
            throw new OutageException(Condition.Vault, Describe(exception.Status, right), exception);
        }
        catch (AggregateException exception) when (exception.InnerExceptions is [.., RequestFailedException or OperationCanceledException or IOException])
        {
            // What retries end with; a request that took too long is cancelled by the client, not by us.
            var status = exception.InnerExceptions[^1] is RequestFailedException { Status: var last } ? last : 0;
            throw new OutageException(Condition.Vault, Describe(status, right), exception);
        }
        catch (AuthenticationFailedException exception)
        {
            throw new OutageException(
                Condition.Vault,
                "No identity to open the vault with. In Azure, assign the app's managed identity; on a machine, sign in with the Azure CLI.",
                exception);
        }
    }

    private static string Describe(int status, string right) => status switch
    {
        401 or 403 => $"The vault refuses to let the app {right} secrets ({status}). Assign the app's identity the role Key Vault Secrets "
            + $"{(right == "write" ? "Officer" : "User")}, and check the vault's firewall.",
        0 => "The vault does not answer. Check KeyVault__Uri, the vault's firewall and private endpoint.",
        409 when right == "write" => "The access token's secret was deleted, and the vault keeps it and its name (409). Recover it: in the Azure portal under "
            + "the vault's deleted secrets, or by az keyvault secret recover.",
        429 => "The vault asks to slow down (429). Nothing to do unless it lasts.",
        _ => $"The vault answers with an error ({status}). Look at the vault's health in the Azure portal.",
    };

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1100,
            Level = LogLevel.Warning,
            Message = "The superseded access token could not be disabled in the vault and expires by itself: {Reason}")]
        public static partial void SupersededStays(ILogger logger, string reason);
    }
}
