using System.Text.Json.Serialization;

namespace Operations.Plan;

/// <summary>What was found of a thing.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CheckStatus>))]
public enum CheckStatus
{
    /// <summary>It works.</summary>
    Ok,

    /// <summary>It must be fixed.</summary>
    Problem,

    /// <summary>It could not be checked.</summary>
    Unknown,
}

/// <summary>One thing that was checked.</summary>
/// <param name="Name">What.</param>
/// <param name="Status">What was found.</param>
/// <param name="Message">What was seen; for a problem its cause and what to do about it.</param>
public sealed record Check(string Name, CheckStatus Status, string Message)
{
    internal static Check Ok(string name, string message) => new(name, CheckStatus.Ok, message);

    internal static Check Problem(string name, string message) => new(name, CheckStatus.Problem, message);

    internal static Check Unknown(string name, string message) => new(name, CheckStatus.Unknown, message);
}

/// <summary>Names of the checks.</summary>
internal static class CheckNames
{
    public const string Settings = "Settings";
    public const string Vault = "Vault";
    public const string Credentials = "Credentials";
    public const string Regions = "Regions";
    public const string Clock = "Clock";
    public const string List = "List";
    public const string Download = "Download";
    public const string Restore = "Restore";
    public const string Delete = "Delete";
    public const string Container = "Container";
    public const string Queues = "Queues";
    public const string Table = "Table";
    public const string Health = "Health";
}
