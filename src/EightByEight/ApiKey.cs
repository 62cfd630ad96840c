namespace EightByEight;

/// <summary>The credentials of an 8x8 API app (Admin Console, API Keys).</summary>
public sealed class ApiKey
{
    /// <summary>Initializes the credentials.</summary>
    public ApiKey(string key, string secret)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(key);
        ArgumentException.ThrowIfNullOrWhiteSpace(secret);
        Key = key;
        Secret = secret;
    }

    /// <summary>The key, which is the user name of Basic authorization.</summary>
    public string Key { get; }

    /// <summary>The secret, which is the password of Basic authorization.</summary>
    public string Secret { get; }

    /// <summary>Says nothing of the credentials, so that they cannot end in a log by accident.</summary>
    public override string ToString() => nameof(ApiKey);
}
