using Azure.Core;
using Azure.Core.Pipeline;

namespace EightByEight;

internal static class ClientPipeline
{
    private static readonly HttpClient SharedClient = new(new SocketsHttpHandler
    {
        // A redirect can lead to another host, which must never see the token: it is followed by hand.
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        ConnectTimeout = TimeSpan.FromSeconds(15),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Gives options the transport that every client shares, unless a caller has set another.</summary>
    public static void UseSharedTransport(ClientOptions options)
    {
        if (ReferenceEquals(options.Transport, ClientOptions.Default.Transport))
        {
            options.Transport = new HttpClientTransport(SharedClient);
        }
    }

    /// <summary>Refuses an address over which credentials would travel in the clear.</summary>
    public static Uri RequireSecure(Uri endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        if (!endpoint.IsAbsoluteUri
            || (endpoint.Scheme != Uri.UriSchemeHttps && !(endpoint.Scheme == Uri.UriSchemeHttp && endpoint.IsLoopback)))
        {
            throw new ArgumentException($"The address of 8x8 is \"{endpoint}\": expected https, or http to this machine.", nameof(endpoint));
        }

        return endpoint;
    }

    /// <summary>
    /// Whether content may be fetched from an address that 8x8 names: https, whose certificate shows that the host is
    /// meant. Services of this machine, which have none, are out of reach, unless 8x8 itself is simulated here.
    /// </summary>
    public static bool MayFetch(Uri endpoint, Uri address) =>
        address.IsAbsoluteUri
        && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback && endpoint.Scheme == Uri.UriSchemeHttp));

    /// <summary>Whether two addresses are of one scheme, host and port: only there may the token go.</summary>
    public static bool AreOfOneOrigin(Uri one, Uri other) =>
        one.Scheme == other.Scheme && string.Equals(one.IdnHost, other.IdnHost, StringComparison.OrdinalIgnoreCase) && one.Port == other.Port;
}
