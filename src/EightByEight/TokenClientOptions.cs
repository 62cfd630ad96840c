using Azure.Core;

namespace EightByEight;

/// <summary>Options of a <see cref="TokenClient"/>. Retries and diagnostics are those of every Azure client.</summary>
public sealed class TokenClientOptions : ClientOptions
{
    /// <summary>Initializes the options: three retries, and thirty seconds for an answer.</summary>
    public TokenClientOptions()
    {
        Retry.NetworkTimeout = TimeSpan.FromSeconds(30);
    }

    /// <summary>The clock that expiry is calculated by.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
