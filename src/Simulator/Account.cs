using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Simulator;

/// <summary>What the API key may do. 8x8 knows read-only keys, keys that may download, and keys that may edit.</summary>
[Flags]
public enum Rights
{
    /// <summary>Search and read records.</summary>
    Read = 1,

    /// <summary>Download content.</summary>
    Download = 2,

    /// <summary>Restore from cold storage. 8x8 gives it with <see cref="Delete"/> only; apart, a client that takes one for the other shows.</summary>
    Restore = 4,

    /// <summary>Delete.</summary>
    Delete = 8,

    /// <summary>Restore and delete.</summary>
    Edit = Restore | Delete,
}

/// <summary>The simulated 8x8 account. Safe for many threads.</summary>
public sealed class Account
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> _tokens = new(StringComparer.Ordinal);
    private readonly TimeProvider _timeProvider;

    internal Account(TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
    }

    /// <summary>API key.</summary>
    public string Key { get; set; } = "demo-key";

    /// <summary>Its secret.</summary>
    public string Secret { get; set; } = "demo-secret";

    /// <summary>What the key may do.</summary>
    public Rights Rights { get; set; } = Rights.Read | Rights.Download | Rights.Edit;

    /// <summary>The products of the app.</summary>
    public IReadOnlyList<string> Products { get; set; } = ["storage"];

    /// <summary>The regions that discovery names.</summary>
    public IReadOnlyList<string> Regions { get; set; } = ["us-east", "uk"];

    /// <summary>The lifetime of a token.</summary>
    public TimeSpan TokenLifetime { get; set; } = TimeSpan.FromSeconds(1799);

    /// <summary>What <c>expires_in</c> says, as raw JSON such as <c>"1799.6"</c> in quotes; the lifetime when not given.</summary>
    public string? ExpiresIn { get; set; }

    /// <summary>How long 8x8 takes to restore an ARCHIVED object.</summary>
    public TimeSpan RestoreTime { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a day is to a restored copy; shorten it to see copies lapse.</summary>
    public TimeSpan RestoreDay { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Makes every token worthless at once, as a change of the key does.</summary>
    public void RevokeTokens() => _tokens.Clear();

    internal string IssueToken()
    {
        var token = "sim-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        _tokens[token] = _timeProvider.GetUtcNow() + TokenLifetime;
        return token;
    }

    internal bool IsValid(string? authorization) =>
        authorization?.StartsWith("Bearer ", StringComparison.Ordinal) == true
        && _tokens.TryGetValue(authorization["Bearer ".Length..], out var expiry) && expiry > _timeProvider.GetUtcNow();
}
