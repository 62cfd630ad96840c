using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Operations.Access;

/// <summary>
/// Who is signed in, as App Service authentication says in the header <see cref="HeaderName"/>: Base64 of JSON
/// <c>{auth_typ,name_typ,role_typ,claims:[{typ,val}]}</c>
/// (<see href="https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities">Microsoft</see>).
/// App Service lets no request from outside set it. What is not exactly of this form is refused.
/// </summary>
/// <param name="ObjectId">The person's or application's object id in Entra ID.</param>
/// <param name="Name">The name that people know; <see langword="null"/> when there is none.</param>
/// <param name="Roles">App roles that this app knows, and others.</param>
/// <param name="Groups">Object ids of groups.</param>
public sealed record ClientPrincipal(string ObjectId, string? Name, IReadOnlyList<string> Roles, IReadOnlyList<string> Groups)
{
    /// <summary>The header.</summary>
    public const string HeaderName = "X-MS-CLIENT-PRINCIPAL";

    // A token holds at most 200 groups, which make some 17,000 characters.
    private const int MaxHeaderLength = 64 * 1024;
    private const int MaxTextLength = 256;
    private const string Provider = "aad";
    private const string WithoutGroups = "hasgroups";

    // App Service renames some claims of the token on the way.
    private static readonly string[] ObjectIdTypes = ["http://schemas.microsoft.com/identity/claims/objectidentifier", "oid"];
    private static readonly string[] RoleTypes = ["roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"];
    private static readonly string[] GroupTypes = ["groups", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"];
    private static readonly string[] NameTypes = ["preferred_username", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", "name"];

    /// <summary>Whether the person is in more groups than a token can hold, which then names none.</summary>
    public bool HasTooManyGroups { get; private init; }

    /// <summary>Reads the header.</summary>
    /// <param name="header">Its value.</param>
    /// <param name="principal">Who is signed in.</param>
    /// <param name="problem">What is wrong with it, without anything of its value.</param>
    public static bool TryRead(string header, [NotNullWhen(true)] out ClientPrincipal? principal, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(header);
        principal = null;
        if (header.Length > MaxHeaderLength)
        {
            problem = "it is too long; assign fewer groups to the application";
            return false;
        }

        // A little more than needed: the length says nothing of white space, which is not Base64 here.
        var json = new byte[header.Length];
        if (header.Any(char.IsWhiteSpace) || !Convert.TryFromBase64String(header, json, out var length))
        {
            problem = "it is not Base64";
            return false;
        }

        try
        {
            var sent = JsonSerializer.Deserialize(json.AsSpan(0, length), PrincipalJson.Default.SentPrincipal);
            problem = sent is null ? "it is no JSON object" : Check(sent);
            principal = problem is null ? Of(sent!) : null;
        }
        catch (JsonException)
        {
            problem = "it is not the JSON of App Service authentication";
        }

        return principal is not null;
    }

    private static string? Check(SentPrincipal sent)
    {
        if (!string.Equals(sent.AuthTyp, Provider, StringComparison.OrdinalIgnoreCase))
        {
            return "it is not of Microsoft Entra ID";
        }

        if (sent.Claims is not { Count: > 0 } claims || claims.Any(claim => claim is not { Typ.Length: > 0, Val: not null }))
        {
            return "a claim has no type or no value";
        }

        if (Values(claims, ObjectIdTypes) is not [{ Length: > 0 and <= MaxTextLength } id] || id.Any(char.IsControl))
        {
            return "it names no object id, or more than one";
        }

        var roles = claims.Where(claim => IsRole(claim, sent)).ToList();
        return roles.Distinct().Count() < roles.Count ? "it names a role twice" : null;
    }

    private static ClientPrincipal Of(SentPrincipal sent) => new(
        Values(sent.Claims!, ObjectIdTypes)[0],
        FindName(sent),
        [.. sent.Claims!.Where(claim => IsRole(claim!, sent)).Select(claim => claim!.Val!).Distinct(StringComparer.Ordinal)],
        Values(sent.Claims!, GroupTypes))
    {
        HasTooManyGroups = sent.Claims!.Any(claim => claim!.Typ is WithoutGroups or "_claim_names"),
    };

    private static bool IsRole(SentClaim? claim, SentPrincipal sent) => claim is not null && (RoleTypes.Contains(claim.Typ) || claim.Typ == sent.RoleTyp);

    private static string? FindName(SentPrincipal sent)
    {
        var name = NameTypes.Append(sent.NameTyp).Select(type => sent.Claims!.FirstOrDefault(claim => claim!.Typ == type)?.Val)
            .FirstOrDefault(value => !string.IsNullOrWhiteSpace(value));
        return name is { Length: > MaxTextLength } ? name[..MaxTextLength] : name;
    }

    private static List<string> Values(IEnumerable<SentClaim?> claims, string[] types) =>
        [.. claims.Where(claim => types.Contains(claim!.Typ)).Select(claim => claim!.Val!).Distinct(StringComparer.Ordinal)];
}
