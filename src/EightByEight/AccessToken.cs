namespace EightByEight;

/// <summary>A token that calls to 8x8 carry.</summary>
public sealed class AccessToken
{
    /// <summary>Initializes the token.</summary>
    public AccessToken(string value, DateTimeOffset issuedAt, DateTimeOffset expiresOn, IReadOnlyList<string>? products = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(value);
        Value = value;
        IssuedAt = issuedAt;
        ExpiresOn = expiresOn;
        Products = products ?? [];
    }

    /// <summary>What goes into the Authorization header after <c>Bearer</c>.</summary>
    public string Value { get; }

    /// <summary>When it was received, by this machine's clock.</summary>
    public DateTimeOffset IssuedAt { get; }

    /// <summary>When it expires, by this machine's clock.</summary>
    public DateTimeOffset ExpiresOn { get; }

    /// <summary>The API products that it is good for; empty when 8x8 did not say.</summary>
    public IReadOnlyList<string> Products { get; }

    /// <summary>Says nothing of the token's value.</summary>
    public override string ToString() => $"{nameof(AccessToken)} until {ExpiresOn:O}";
}
