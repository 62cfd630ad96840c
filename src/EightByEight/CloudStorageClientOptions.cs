using Azure.Core;

namespace EightByEight;

/// <summary>Options of a <see cref="CloudStorageClient"/>. Retries and diagnostics are those of every Azure client.</summary>
public sealed class CloudStorageClientOptions : ClientOptions
{
    /// <summary>
    /// Initializes the options: four retries, at most a minute apart, and a hundred seconds for an answer and for each
    /// single read of content, so that a stalled download is cut and a slow one is not.
    /// </summary>
    public CloudStorageClientOptions()
    {
        Retry.MaxRetries = 4;
        Retry.MaxDelay = TimeSpan.FromMinutes(1);
        Retry.NetworkTimeout = TimeSpan.FromSeconds(100);
        foreach (var parameter in (string[])["limit", "pageKey", "sortField", "sortDirection", "presignUrl"])
        {
            Diagnostics.LoggedQueryParameters.Add(parameter);
        }
    }

    /// <summary>What every request passes before it is sent; <see langword="null"/> for nothing.</summary>
    public RequestGate? Gate { get; set; }

    /// <summary>
    /// Whether a call fails with 429 instead of waiting at the gate when 8x8 has asked, in answer to another call, for a delay of
    /// more than a minute.
    /// </summary>
    public bool FailsWhenRefused { get; set; }

    /// <summary>The clock for <c>Retry-After</c> dates.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
