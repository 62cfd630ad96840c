using System.Text.Json;
using System.Text.Json.Serialization;

namespace Operations.Access;

/// <summary>An access that the audit log keeps. The log adds time and chain.</summary>
/// <param name="Caller">Who.</param>
/// <param name="Action">What, by the name of the function.</param>
/// <param name="Outcome">One of <see cref="AuditOutcome"/>.</param>
/// <param name="Region">8x8's region of the object.</param>
/// <param name="Id">8x8's id of the object.</param>
/// <param name="Parameters">What the request asked for besides, by name.</param>
/// <param name="Case">The case.</param>
public sealed record AuditEntry(
    Caller Caller,
    string Action,
    string Outcome,
    string? Region = null,
    string? Id = null,
    IReadOnlyDictionary<string, string>? Parameters = null,
    string? Case = null);

/// <summary>What became of an access.</summary>
public static class AuditOutcome
{
    /// <summary>What was asked for is given.</summary>
    public const string Given = "Given";

    /// <summary>A change begins. A line with its end follows, unless the app crashed or the log could not be written.</summary>
    public const string Requested = "Requested";

    /// <summary>The change is made.</summary>
    public const string Done = "Done";

    /// <summary>The caller has none of the roles.</summary>
    public const string Denied = "Denied";

    /// <summary>There is no such thing, or not for this caller.</summary>
    public const string NotFound = "NotFound";

    /// <summary>The request is wrong, or cannot be met as things are.</summary>
    public const string Refused = "Refused";

    /// <summary>Something did not work.</summary>
    public const string Failed = "Failed";
}

/// <summary>Who did something.</summary>
/// <param name="Id">Object id in Entra ID, or <c>function key</c>.</param>
/// <param name="Name">The name that people know.</param>
public sealed record AuditActor(string Id, string? Name);

/// <summary>Where the chain of a blob goes on from.</summary>
/// <param name="Blob">The blob that the same instance wrote before.</param>
/// <param name="Sha256">SHA-256 of the last line in it that is known to be written.</param>
public sealed record AuditLink(string Blob, string Sha256);

/// <summary>A line of the audit log, as it is stored.</summary>
public sealed record AuditLine(
    DateTimeOffset Time,
    AuditActor Actor,
    IReadOnlyList<string> Roles,
    string Action,
    string? Region,
    string? Id,
    IReadOnlyDictionary<string, string>? Parameters,
    string? Case,
    string Outcome,
    AuditLink? Continues,
    string? Previous);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuditLine))]
internal sealed partial class AuditJson : JsonSerializerContext;
