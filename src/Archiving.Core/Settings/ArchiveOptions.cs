using System.Text.Json;
using System.Text.RegularExpressions;

namespace Archiving.Settings;

/// <summary>How content gets into the archive.</summary>
public enum TransferMode
{
    /// <summary>Through the function, which checks it on the way.</summary>
    Stream,

    /// <summary>Blob Storage fetches it, where the result can be verified.</summary>
    ServerSide,

    /// <summary>Small content through the function, large fetched by Blob Storage as long as it does.</summary>
    Auto,
}

/// <summary>Where archived objects go.</summary>
public sealed partial record ArchiveOptions
{
    /// <summary>The blob container.</summary>
    public required string Container { get; init; }

    /// <summary>Hot, Cool or Cold; <see langword="null"/> for the account's default.</summary>
    public string? AccessTier { get; init; }

    /// <summary>Whether objects are copied at all; listing and the ledger go on without.</summary>
    public required bool Enabled { get; init; }

    /// <summary>How content gets there.</summary>
    public required TransferMode Transfer { get; init; }

    /// <summary>
    /// After how many days the account's lifecycle policy deletes blobs, by <c>{region}/{type}</c> as in their names: a blob that is
    /// missing after that is no damage.
    /// </summary>
    public IReadOnlyDictionary<string, int> RetentionDays { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Whether the lifecycle policy explains that a blob is missing. It counts from when the blob was written.</summary>
    /// <param name="blob">Name of the blob.</param>
    /// <param name="archivedAt">When it was archived; <see langword="null"/> when that is not known, which explains nothing.</param>
    /// <param name="now">The time.</param>
    public bool IsRemovedByPolicy(string? blob, DateTimeOffset? archivedAt, DateTimeOffset now) =>
        blob?.Split('/') is [var region, var type, _, ..] && RetentionDays.TryGetValue($"{region}/{type}", out var days)
        && now - archivedAt > TimeSpan.FromDays(days);

    /// <summary>How downloaded and exported files are named.</summary>
    public required NameTemplate DownloadName { get; init; }

    internal static ArchiveOptions Read(SettingsReader settings)
    {
        return new ArchiveOptions
        {
            Container = ReadContainer(settings, "Archive__Container") ?? "recordings",
            AccessTier = settings.OneOf("Archive__AccessTier", "Hot", "Cool", "Cold"),
            Transfer = Enum.Parse<TransferMode>(settings.OneOf("Archive__Transfer", Enum.GetNames<TransferMode>()) ?? nameof(TransferMode.Stream)),
            Enabled = settings.Boolean("Archive__Enabled", defaultValue: true),
            RetentionDays = ReadRetention(settings),
            DownloadName = ReadDownloadName(settings),
        };
    }

    private static Dictionary<string, int> ReadRetention(SettingsReader settings)
    {
        const string Setting = "Archive__RetentionDays";
        const string Expected = """a JSON object of {region}/{type} and days, such as {"uk/callrecording":365}, equal to the lifecycle policy's""";
        var days = new Dictionary<string, int>(StringComparer.Ordinal);
        if (settings.Text(Setting) is not { } text)
        {
            return days;
        }

        try
        {
            foreach (var folder in JsonSerializer.Deserialize<Dictionary<string, int>>(text) ?? [])
            {
                if (folder.Key.Split('/') is not [{ Length: > 0 }, { Length: > 0 }] || folder.Value is < 1 or > 36_500)
                {
                    settings.Reject(Setting, text, Expected);
                    return days;
                }

                days[folder.Key] = folder.Value;
            }
        }
        catch (JsonException)
        {
            settings.Reject(Setting, text, Expected);
        }

        return days;
    }

    /// <summary>The name of a container; <see langword="null"/> when the setting is missing.</summary>
    internal static string? ReadContainer(SettingsReader settings, string name)
    {
        var container = settings.Text(name);
        if (container is not null && !ContainerName().IsMatch(container))
        {
            settings.Reject(name, container, "3 to 63 lower-case letters, digits and single hyphens, as Blob Storage has it");
        }

        return container;
    }

    private static NameTemplate ReadDownloadName(SettingsReader settings)
    {
        const string Name = "Archive__DownloadName";
        var text = settings.Text(Name) ?? NameTemplate.Default;
        try
        {
            return NameTemplate.Parse(text);
        }
        catch (FormatException exception)
        {
            settings.Reject(Name, text, $"a template such as {NameTemplate.Default}, but {exception.Message}");
            return NameTemplate.Parse(NameTemplate.Default);
        }
    }

    [GeneratedRegex("^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ContainerName();
}
