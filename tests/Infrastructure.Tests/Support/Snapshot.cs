using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Infrastructure.Tests;

/// <summary>A resource that would be deployed.</summary>
/// <param name="Name">Type and name, without what differs from subscription to subscription: <c>Storage/storageAccounts/starc*</c>.</param>
/// <param name="Type">The type of Azure.</param>
/// <param name="Json">All of it.</param>
/// <param name="Properties">Every value, by its path.</param>
public sealed record Resource(string Name, string Type, JsonElement Json, IReadOnlyDictionary<string, string> Properties);

/// <summary>A role that would be given.</summary>
/// <param name="Role">Name of the role.</param>
/// <param name="Scope">What it is given on.</param>
/// <param name="Principal">Who it is given to.</param>
public sealed record Assignment(string Role, string Scope, string Principal);

/// <summary>What would be deployed, made readable.</summary>
public sealed partial class Snapshot
{
    /// <summary>The subscription of all snapshots.</summary>
    public const string Subscription = "00000000-0000-0000-0000-000000000001";

    private static readonly Dictionary<string, string> ReadyMadeRoles = new(StringComparer.Ordinal)
    {
        ["3913510d-42f4-4e42-8a64-420c390055eb"] = "Monitoring Metrics Publisher",
        ["28bf596f-4eb7-45ce-b5bc-6cf482fec137"] = "Locks Contributor",
        ["b24988ac-6180-42a0-ab88-20f7382dd24c"] = "Contributor",
        ["ba92f5b4-2d11-453d-a403-e96b0029c9fe"] = "Storage Blob Data Contributor",
        ["f58310d9-a9f6-439a-9e8d-f62e7b41a168"] = "Role Based Access Control Administrator",
        ["00000000-0000-0000-0000-00000000000a"] = "Archive Writer, existing",
        ["00000000-0000-0000-0000-00000000000b"] = "Token Keeper, existing",
        ["00000000-0000-0000-0000-00000000000c"] = "Hold Keeper, existing",
        ["b86a8fe4-44ce-4948-aee5-eccb2c155cd7"] = "Key Vault Secrets Officer",
        ["db58b8e5-c6ad-4a2a-8342-4190687cbf4a"] = "Storage Blob Delegator",
        ["b7e6dc6d-f1e8-4753-8033-0f276bb0955b"] = "Storage Blob Data Owner",
        ["974c5e8b-45b9-4653-ba55-5f855dd0fb88"] = "Storage Queue Data Contributor",
        ["0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"] = "Storage Table Data Contributor",
    };

    private readonly Dictionary<string, string> _roles;
    private readonly string _group;
    private readonly string _suffix;

    internal Snapshot(JsonDocument document)
    {
        var root = document.RootElement;
        Outputs = root.GetProperty("outputs");
        var raw = root.GetProperty("predictedResources").EnumerateArray().ToList();
        _group = $"/subscriptions/{Subscription}/resourceGroups/{Outputs.GetProperty("AZURE_RESOURCE_GROUP").GetString()}";

        // Either of them is in every deployment.
        var named = raw.First(resource => TypeOf(resource) is "Microsoft.ManagedIdentity/userAssignedIdentities" or "Microsoft.Web/serverfarms");
        _suffix = named.GetProperty("name").GetString()!.Split('-')[1];
        _roles = new(ReadyMadeRoles, StringComparer.Ordinal);
        foreach (var role in raw.Where(resource => TypeOf(resource) == "Microsoft.Authorization/roleDefinitions"))
        {
            _roles[role.GetProperty("name").GetString()!] = Readable(role.GetProperty("properties").GetProperty("roleName").GetString()!);
        }

        Resources = [.. raw.Select(Read).OrderBy(resource => resource.Name, StringComparer.Ordinal)];
    }

    /// <summary>Every resource, by name.</summary>
    public IReadOnlyList<Resource> Resources { get; }

    /// <summary>What the deployment gives back.</summary>
    public JsonElement Outputs { get; }

    /// <summary>Every role that is given.</summary>
    public IReadOnlyList<Assignment> Assignments => [.. Resources
        .Where(resource => resource.Type == "Microsoft.Authorization/roleAssignments")
        .Select(resource => new Assignment(RoleOf(resource.Json), ScopeOf(resource.Json), resource.Properties["properties.principalId"]))
        .OrderBy(assignment => assignment.Scope, StringComparer.Ordinal)
        .ThenBy(assignment => assignment.Role, StringComparer.Ordinal)];

    /// <summary>The name of a role.</summary>
    public string RoleName(string id) => _roles[id];

    /// <summary>The one resource of a name.</summary>
    public Resource Find(string name) =>
        Resources.SingleOrDefault(resource => resource.Name == name)
        ?? throw new InvalidOperationException(
            $"There is no {name}. There are{Environment.NewLine}  {string.Join($"{Environment.NewLine}  ", Resources.Select(resource => resource.Name))}");

    private static string TypeOf(JsonElement resource) => resource.GetProperty("type").GetString()!;

    private Resource Read(JsonElement json)
    {
        var type = TypeOf(json);
        var name = type switch
        {
            "Microsoft.Authorization/roleAssignments" => $"role {RoleOf(json)} on {ScopeOf(json)}",
            "Microsoft.Authorization/roleDefinitions" => $"role definition {Readable(json.GetProperty("properties").GetProperty("roleName").GetString()!)}",
            "Microsoft.Insights/workbooks" => "Insights/workbooks",
            _ => ShortId(json.GetProperty("id").GetString()!),
        };
        var properties = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in json.EnumerateObject().Where(property => property.Name is not ("id" or "type" or "name" or "apiVersion")))
        {
            Flatten(property.Name, property.Value, properties);
        }

        return new Resource(name, type, json, properties);
    }

    private void Flatten(string path, JsonElement value, SortedDictionary<string, string> properties)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in value.EnumerateObject())
                {
                    Flatten($"{path}.{Readable(property.Name)}", property.Value, properties);
                }

                break;
            case JsonValueKind.Array when value.EnumerateArray().Any(item => item.ValueKind is JsonValueKind.Object or JsonValueKind.Array):
                foreach (var (index, item) in value.EnumerateArray().Index())
                {
                    Flatten(string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]"), item, properties);
                }

                break;
            case JsonValueKind.Array:
                properties[path] = $"[{string.Join(", ", value.EnumerateArray().Select(item => Readable(item.ToString())))}]";
                break;
            default:
                properties[path] = Readable(value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetRawText() : value.ToString());
                break;
        }
    }

    private string RoleOf(JsonElement assignment)
    {
        var id = assignment.GetProperty("properties").GetProperty("roleDefinitionId").GetString()!;
        return _roles[id[(id.LastIndexOf('/') + 1)..]];
    }

    private string ScopeOf(JsonElement assignment)
    {
        var id = assignment.GetProperty("id").GetString()!;
        return ShortId(Extension().Match(id) is { Success: true } match
            ? match.Groups["scope"].Value
            : id[..id.IndexOf("/providers/Microsoft.Authorization/", StringComparison.Ordinal)]);
    }

    private string ShortId(string id) => Readable(id).Replace("{group}/providers/Microsoft.", "", StringComparison.Ordinal);

    /// <summary>Replaces what differs from subscription to subscription, and the expressions that only Azure can work out.</summary>
    private string Readable(string text)
    {
        text = text.Replace(_group, "{group}", StringComparison.OrdinalIgnoreCase);
        text = Reference().Replace(text, match => $"{{{match.Groups["name"].Value}.{match.Groups["property"].Value}}}");
        text = Role().Replace(text, match => $"{{role {_roles[match.Groups["id"].Value]}}}");
        return text.Replace(_suffix, "*", StringComparison.Ordinal).Replace(Subscription, "{subscription}", StringComparison.Ordinal);
    }

    [GeneratedRegex(
        @"^\[extensionResourceId\('(?<scope>[^']+)', 'Microsoft\.Authorization/roleAssignments'",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Extension();

    [GeneratedRegex(@"reference\('[^']*/(?<name>[^'/]+)', '[^']+'\)\.(?<property>[\w.]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Reference();

    [GeneratedRegex(
        $"^/subscriptions/{Subscription}/providers/Microsoft.Authorization/roleDefinitions/(?<id>.+)$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Role();
}
