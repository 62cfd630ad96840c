using Archiving.Model;
using Archiving.Settings;
using Archiving.Storage;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Sas;

namespace Operations.Objects;

/// <summary>A link that reads one blob without a key for a short time.</summary>
/// <param name="Url">The address. It is a secret as long as it works.</param>
/// <param name="ExpiresOn">When it stops working.</param>
public sealed record ContentLink(Uri Url, DateTimeOffset ExpiresOn);

/// <summary>
/// Makes links to archived content: read-only SAS of one blob, good for five minutes. Signed with the account's key when
/// the connection has it, else with a key that the storage gives the app's identity (user delegation SAS), which is kept
/// until near its end.
/// </summary>
public sealed class ContentLinks(BlobServiceClient blobs, ArchiverOptions options, TimeProvider timeProvider) : IDisposable
{
    /// <summary>How long a link works.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    // Clocks differ; a link that begins in the future is refused.
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan KeyLifetime = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private UserDelegationKey? _key;

    /// <summary>Makes a link.</summary>
    /// <param name="blob">The blob.</param>
    /// <param name="mimeType">The content's type by 8x8: it decides how a browser treats the content.</param>
    /// <param name="fileName">
    /// The name of the saved file, see <see cref="DownloadName"/>; <see langword="null"/> for none. It is part of the address, which the
    /// storage account's log has.
    /// </param>
    /// <param name="save">Whether a browser saves it in any case, also what it could show.</param>
    /// <param name="cancellationToken">Stops the request for a key.</param>
    /// <exception cref="OutageException">The storage gives the app no key.</exception>
    public async Task<ContentLink> CreateAsync(string blob, string? mimeType, string? fileName, bool save, CancellationToken cancellationToken)
    {
        var client = blobs.GetBlobContainerClient(options.Archive.Container).GetBlobClient(blob);
        var now = timeProvider.GetUtcNow();
        var kind = MediaKind.Of(mimeType);
        var disposition = kind.IsInline && !save ? "inline" : "attachment";
        var sas = new BlobSasBuilder(BlobSasPermissions.Read, now + Lifetime)
        {
            BlobContainerName = client.BlobContainerName,
            BlobName = client.Name,
            Resource = "b",
            StartsOn = now - Skew,
            Protocol = client.Uri.Scheme == Uri.UriSchemeHttps ? SasProtocol.Https : SasProtocol.HttpsAndHttp,
            ContentType = kind.ShownAs,
            ContentDisposition = fileName is null ? disposition : DownloadName.ToContentDisposition(disposition, fileName),
        };
        var url = client.CanGenerateSasUri
            ? client.GenerateSasUri(sas)
            : client.GenerateUserDelegationSasUri(sas, await GetKeyAsync(now, cancellationToken));
        return new ContentLink(url, sas.ExpiresOn);
    }

    /// <inheritdoc/>
    public void Dispose() => _oneAtATime.Dispose();

    private async Task<UserDelegationKey> GetKeyAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            // Twice the lifetime of a link before the key expires, so that no link outlives its key.
            if (_key is { } key && now + (Lifetime * 2) < key.SignedExpiresOn)
            {
                return key;
            }

            return _key = await blobs.GetUserDelegationKeyAsync(now - Skew, now + KeyLifetime, cancellationToken);
        }
        catch (RequestFailedException exception) when (exception.Status is 401 or 403)
        {
            throw new OutageException(
                Condition.Archive,
                $"The archive's storage gives the app no key for links to content ({exception.Status}). Give the app's identity the role "
                    + "Storage Blob Data Contributor, or Storage Blob Delegator, on the account; a SAS in ArchiveStorage cannot make links.",
                exception);
        }
        catch (Exception exception) when (StorageOutage.Archive(exception) is { } outage)
        {
            throw outage;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }
}
