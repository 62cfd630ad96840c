using Archiving.Ledger;

namespace Operations.Access;

/// <summary>Who sends a request.</summary>
/// <param name="Id">Object id in Entra ID; <see cref="FunctionKeyName"/> for a caller with the key.</param>
/// <param name="Name">The name that people know; <see langword="null"/> when sign-in gives none.</param>
/// <param name="Roles">What the caller may do; empty for a caller without a role.</param>
/// <param name="Scope">Which objects the caller may know of.</param>
/// <param name="ContentScope">Of which of them the caller may see names of people, and content.</param>
public sealed record Caller(string Id, string? Name, IReadOnlyList<Role> Roles, ObjectScope Scope, ObjectScope ContentScope)
{
    /// <summary>The actor in the audit log when a function key opens everything.</summary>
    public const string FunctionKeyName = "function key";

    /// <summary>The caller with the function key, who may do everything.</summary>
    public static Caller FunctionKey { get; } =
        new(FunctionKeyName, FunctionKeyName, [Role.Administrator], ObjectScope.Everything, ObjectScope.Everything);

    /// <summary>What to call the caller.</summary>
    public string DisplayName => Name ?? Id;

    /// <summary>Whether the caller has one of some roles. An administrator has every role.</summary>
    public bool IsAny(params IReadOnlyCollection<Role> roles)
    {
        ArgumentNullException.ThrowIfNull(roles);
        return Roles.Contains(Role.Administrator) || Roles.Any(roles.Contains);
    }

    /// <summary>Whether the caller may see the names of people of an object, and its content.</summary>
    public bool SeesNames(LedgerEntry row) => ContentScope.Includes(row);
}
