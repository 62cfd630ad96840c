using System.Globalization;
using System.Text.Json;

namespace Archiving.Settings;

/// <summary>How callers of the HTTP functions are told apart.</summary>
public enum AccessMode
{
    /// <summary>The Functions host asks for a function key; a caller who has it may do everything.</summary>
    FunctionKey,

    /// <summary>App Service authentication signs people in, and their app roles decide.</summary>
    EntraId,
}

/// <summary>What of an object a scope can name. Each is a column of the ledger, so that a search can ask for it.</summary>
public enum ScopeField
{
    /// <summary>8x8's region.</summary>
    Region,

    /// <summary>The object's type.</summary>
    Type,

    /// <summary>8x8's user.</summary>
    UserId,

    /// <summary>8x8's bucket.</summary>
    BucketId,

    /// <summary>The queue, by its tag.</summary>
    QueueName,

    /// <summary>The agent, by its tag.</summary>
    AgentName,
}

/// <summary>Which objects the members of a group see.</summary>
/// <param name="Group">Object id of the group in Entra ID.</param>
/// <param name="Any">Alternatives: an object is seen that has all values of one of them, exactly as 8x8 writes them.</param>
public sealed record AccessScope(string Group, IReadOnlyList<IReadOnlyDictionary<ScopeField, string>> Any);

/// <summary>Who may do what over HTTP, and where that is recorded.</summary>
public sealed record AccessOptions
{
    private const string ModeSetting = "Access__Mode";
    private const string ScopesSetting = "Access__Scopes";
    private const string Example = """[{"group":"<object id>","any":[{"queueName":"Sales"},{"region":"uk","type":"voicemail"}]}]""";

    // Set by App Service to True or False ("Environment variables and app settings in Azure App Service").
    private const string AuthenticationVariable = "WEBSITE_AUTH_ENABLED";

    /// <summary>How callers are told apart.</summary>
    public required AccessMode Mode { get; init; }

    /// <summary>What viewers see; empty when every viewer sees everything.</summary>
    public required IReadOnlyList<AccessScope> Scopes { get; init; }

    /// <summary>The container of the audit log; <see langword="null"/> for the archive's.</summary>
    public string? AuditContainer { get; init; }

    internal static AccessOptions Read(SettingsReader settings)
    {
        var mode = Enum.Parse<AccessMode>(settings.OneOf(ModeSetting, Enum.GetNames<AccessMode>()) ?? nameof(AccessMode.FunctionKey));

        // Without App Service authentication in front, every caller could send the header that identifies the caller.
        if (mode == AccessMode.EntraId && string.Equals(settings.Text(AuthenticationVariable), "False", StringComparison.OrdinalIgnoreCase))
        {
            settings.Problem($"{ModeSetting} is \"{mode}\", but App Service authentication of this app is switched off ({AuthenticationVariable} is "
                + "\"False\"): switch it on, or set FunctionKey.");
        }

        var scopes = ReadScopes(settings);
        if (scopes.Count > 0 && mode == AccessMode.FunctionKey)
        {
            settings.Problem($"{ScopesSetting} is set, but {ModeSetting} is \"{mode}\", with which every caller sees everything: set EntraId, or remove it.");
        }

        return new AccessOptions { Mode = mode, Scopes = scopes, AuditContainer = ArchiveOptions.ReadContainer(settings, "Audit__Container") };
    }

    private static List<AccessScope> ReadScopes(SettingsReader settings)
    {
        if (settings.Text(ScopesSetting) is not { } text)
        {
            return [];
        }

        try
        {
            using var json = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (json.RootElement.ValueKind != JsonValueKind.Array || json.RootElement.GetArrayLength() == 0)
            {
                settings.Reject(ScopesSetting, text, $"a JSON list of scopes such as {Example}; remove it to set no scopes");
                return [];
            }

            return [.. json.RootElement.EnumerateArray()
                .Select((element, index) => ReadScope(settings, element, string.Create(CultureInfo.InvariantCulture, $"{ScopesSetting}, scope {index + 1}")))
                .OfType<AccessScope>()];
        }
        catch (JsonException exception)
        {
            settings.RejectJson(ScopesSetting, text, $"a list such as {Example}", exception);
            return [];
        }
    }

    private static AccessScope? ReadScope(SettingsReader settings, JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object
            || element.EnumerateObject().Any(property => property.Name is not ("group" or "any"))
            || !element.TryGetProperty("group", out var group) || group.ValueKind != JsonValueKind.String || !Guid.TryParse(group.GetString(), out var id)
            || !element.TryGetProperty("any", out var any) || any.ValueKind != JsonValueKind.Array || any.GetArrayLength() == 0)
        {
            settings.Problem($"{name}: expected \"group\" with the object id of a group and \"any\" with at least one alternative alone, such as {Example}.");
            return null;
        }

        var alternatives = any.EnumerateArray().Select(alternative => ReadAlternative(settings, alternative, name)).ToList();
        return alternatives.Contains(null) ? null : new AccessScope(id.ToString(), alternatives!);
    }

    private static Dictionary<ScopeField, string>? ReadAlternative(SettingsReader settings, JsonElement element, string name)
    {
        var fields = string.Join(", ", Enum.GetNames<ScopeField>().Select(JsonNamingPolicy.CamelCase.ConvertName));
        if (element.ValueKind != JsonValueKind.Object || !element.EnumerateObject().Any())
        {
            settings.Problem($"{name}: an alternative must be an object of values that objects must have, of the fields {fields}.");
            return null;
        }

        var values = new Dictionary<ScopeField, string>();
        foreach (var wanted in element.EnumerateObject())
        {
            // Not Enum.TryParse, which takes numbers and lists too.
            var field = Enum.GetValues<ScopeField>().Cast<ScopeField?>()
                .FirstOrDefault(known => string.Equals(known.ToString(), wanted.Name, StringComparison.OrdinalIgnoreCase));
            var value = wanted.Value.ValueKind == JsonValueKind.String ? wanted.Value.GetString() : null;
            if (field is null || string.IsNullOrEmpty(value) || !values.TryAdd(field.Value, value))
            {
                settings.Problem($"{name} has \"{wanted.Name}\": expected one of {fields}, once, with one text that is not empty.");
                return null;
            }
        }

        return values;
    }
}
