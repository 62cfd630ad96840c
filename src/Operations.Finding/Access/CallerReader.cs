using Archiving.Settings;

namespace Operations.Access;

/// <summary>Determines what a signed-in caller may do, and see.</summary>
public sealed class CallerReader(AccessOptions options)
{
    /// <summary>The caller that a principal is.</summary>
    public Caller Read(ClientPrincipal principal)
    {
        ArgumentNullException.ThrowIfNull(principal);

        // Names alone: Enum.TryParse takes numbers, lists and any case, which would make other roles of these.
        Role[] roles = [.. Enum.GetValues<Role>().Where(role => principal.Roles.Contains(role.ToString(), StringComparer.Ordinal))];
        var content = roles.Contains(Role.Investigator) || roles.Contains(Role.Administrator) ? ObjectScope.Everything
            : roles.Contains(Role.Viewer) ? FindViewerScope(principal)
            : ObjectScope.Nothing;
        return new Caller(principal.ObjectId, principal.Name, roles, roles.Contains(Role.Operator) ? ObjectScope.Everything : content, content);
    }

    private ObjectScope FindViewerScope(ClientPrincipal principal) => options.Scopes.Count == 0
        ? ObjectScope.Everything
        : ObjectScope.Of(options.Scopes
            .Where(scope => principal.Groups.Contains(scope.Group, StringComparer.OrdinalIgnoreCase))
            .SelectMany(scope => scope.Any));
}
