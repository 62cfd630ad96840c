using System.Text.Json;
using System.Text.Json.Serialization;

namespace Operations.Access;

/// <summary>What App Service authentication sends.</summary>
internal sealed record SentPrincipal(
    [property: JsonPropertyName("auth_typ")] string? AuthTyp,
    [property: JsonPropertyName("name_typ")] string? NameTyp,
    [property: JsonPropertyName("role_typ")] string? RoleTyp,
    [property: JsonPropertyName("claims")] IReadOnlyList<SentClaim?>? Claims);

/// <summary>A claim of it.</summary>
internal sealed record SentClaim([property: JsonPropertyName("typ")] string? Typ, [property: JsonPropertyName("val")] string? Val);

// A property twice could be read one way here and another way elsewhere.
[JsonSourceGenerationOptions(JsonSerializerDefaults.General, AllowDuplicateProperties = false, MaxDepth = 8)]
[JsonSerializable(typeof(SentPrincipal))]
internal sealed partial class PrincipalJson : JsonSerializerContext;
