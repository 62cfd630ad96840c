using System.ComponentModel;

namespace EightByEight;

/// <summary>The state of an object. The list is open: 8x8 can add states, and they compare without regard to case.</summary>
public readonly struct ObjectState : IEquatable<ObjectState>
{
    private readonly string? _value;

    /// <summary>Initializes a state by its name.</summary>
    public ObjectState(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _value = value;
    }

    /// <summary>It can be downloaded.</summary>
    public static ObjectState Available { get; } = new("AVAILABLE");

    /// <summary>It is in cold storage and has to be restored first.</summary>
    public static ObjectState Archived { get; } = new("ARCHIVED");

    /// <summary>Its content is not there yet.</summary>
    public static ObjectState Pending { get; } = new("PENDING");

    /// <summary>It has been deleted.</summary>
    public static ObjectState Revoked { get; } = new("REVOKED");

    /// <summary>It has been purged.</summary>
    public static ObjectState Deleted { get; } = new("DELETED");

    /// <summary>8x8 could not store it.</summary>
    public static ObjectState Failed { get; } = new("FAILED");

    /// <summary>Compares two states.</summary>
    public static bool operator ==(ObjectState left, ObjectState right) => left.Equals(right);

    /// <summary>Compares two states.</summary>
    public static bool operator !=(ObjectState left, ObjectState right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(ObjectState other) => string.Equals(_value ?? "", other._value ?? "", StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public override bool Equals(object? obj) => obj is ObjectState other && Equals(other);

    /// <inheritdoc/>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public override int GetHashCode() => StringComparer.OrdinalIgnoreCase.GetHashCode(_value ?? "");

    /// <summary>The state's name as 8x8 gave it.</summary>
    public override string ToString() => _value ?? "";
}
