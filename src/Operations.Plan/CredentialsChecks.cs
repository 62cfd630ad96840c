using System.Globalization;
using Archiving.Model;
using Archiving.Source;
using EightByEight;

namespace Operations.Plan;

/// <summary>Checks the vault and the API key that it or the settings give.</summary>
public sealed class CredentialsChecks(TokenClient tokenClient, ITokenStore tokenStore, TimeProvider timeProvider)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>Requests a token for one plan, and adds to the checks what that shows.</summary>
    /// <param name="checks">Gets the checks of vault and credentials.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>The token; <see langword="null"/> when there is none.</returns>
    internal async Task<BorrowedToken?> BorrowTokenAsync(List<Check> checks, CancellationToken cancellationToken)
    {
        if (await ReadApiKeyAsync(checks, cancellationToken) is not { } apiKey)
        {
            return null;
        }

        var token = new BorrowedToken(tokenClient, apiKey, timeProvider);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Timeout);
        try
        {
            var present = await token.GetTokenAsync(timeout.Token);
            var minutes = (present.ExpiresOn - present.IssuedAt).TotalMinutes;
            var products = present.Products.Count > 0 ? $", good for {Wording.List(present.Products)}" : "";
            checks.Add(Check.Ok(CheckNames.Credentials, string.Create(CultureInfo.InvariantCulture, $"8x8 gives a token for {minutes:0} minutes{products}.")));
            return token;
        }
        catch (TokenRequestException exception)
        {
            checks.Add(Check.Problem(CheckNames.Credentials, exception.Message));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            checks.Add(
                Check.Problem(
                    CheckNames.Credentials,
                    "8x8's authorization server does not answer. Check the network and EightByEight__BaseUrl, and https://status.8x8.com."));
        }

        return null;
    }

    private async Task<ApiKey?> ReadApiKeyAsync(List<Check> checks, CancellationToken cancellationToken)
    {
        if (!tokenStore.IsShared)
        {
            checks.Add(
                Check.Ok(CheckNames.Vault, "There is none: the API key comes from the settings, and the token stays in memory. In Azure, set KeyVault__Uri."));
            return await tokenStore.ReadApiKeyAsync(cancellationToken);
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Timeout);
        try
        {
            await tokenStore.ReadTokenAsync(timeout.Token);
            var apiKey = await tokenStore.ReadApiKeyAsync(timeout.Token);
            checks.Add(ReadableVault());
            return apiKey;
        }
        catch (OutageException outage) when (outage.Condition == Condition.Vault)
        {
            checks.Add(Check.Problem(CheckNames.Vault, outage.Message));
            checks.Add(Check.Unknown(CheckNames.Credentials, "Not tried: the vault gives no API key."));
        }
        catch (OutageException outage)
        {
            checks.Add(ReadableVault());
            checks.Add(Check.Problem(CheckNames.Credentials, outage.Message));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            checks.Add(Check.Problem(CheckNames.Vault, "The vault does not answer. Check KeyVault__Uri, the vault's firewall and private endpoint."));
            checks.Add(Check.Unknown(CheckNames.Credentials, "Not tried: the vault gives no API key."));
        }

        return null;
    }

    private static Check ReadableVault() => Check.Ok(
        CheckNames.Vault,
        "The app may read secrets. Whether it may write the token cannot be seen without writing: give its identity the role Key Vault Secrets Officer.");
}
