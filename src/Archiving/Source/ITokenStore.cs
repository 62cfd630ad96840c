using Archiving.Model;
using EightByEight;

namespace Archiving.Source;

/// <summary>Where secrets come from, and where the access token is kept, so that instances share one token.</summary>
public interface ITokenStore
{
    /// <summary>Whether other instances can put a newer token here.</summary>
    bool IsShared { get; }

    /// <summary>The key of the 8x8 API app.</summary>
    /// <exception cref="OutageException">The store refuses, does not answer, or does not hold it.</exception>
    Task<ApiKey> ReadApiKeyAsync(CancellationToken cancellationToken);

    /// <summary>The newest token; <see langword="null"/> when none was ever kept. It may have expired.</summary>
    /// <exception cref="OutageException">The store refuses or does not answer.</exception>
    Task<AccessToken?> ReadTokenAsync(CancellationToken cancellationToken);

    /// <summary>Keeps a token in the place of the one before it.</summary>
    /// <exception cref="OutageException">The store refuses or does not answer.</exception>
    Task WriteTokenAsync(AccessToken token, CancellationToken cancellationToken);

    /// <summary>Any other secret; <see langword="null"/> when there is none.</summary>
    /// <exception cref="OutageException">The store refuses or does not answer.</exception>
    Task<string?> FindSecretAsync(string name, CancellationToken cancellationToken);
}
