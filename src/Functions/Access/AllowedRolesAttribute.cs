using Operations.Access;

namespace Functions.Access;

/// <summary>Which accesses of a function go into the audit log.</summary>
public enum AuditRule
{
    /// <summary>Every access.</summary>
    Always,

    /// <summary>Those of callers who are signed in: with a key they are many, and identify no person.</summary>
    SignedIn,

    /// <summary>None: the function gives nothing of the tenant.</summary>
    Never,
}

/// <summary>
/// Which roles may call an HTTP function; an administrator always may. Each HTTP function has it, or ASP.NET's
/// <c>[AllowAnonymous]</c>: the app does not start otherwise.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AllowedRolesAttribute(params Role[] roles) : Attribute
{
    /// <summary>The roles.</summary>
    public IReadOnlyList<Role> Roles { get; } = [.. roles.Append(Role.Administrator).Distinct().Order()];

    /// <summary>Which accesses go into the audit log.</summary>
    public AuditRule Audit { get; init; }
}
