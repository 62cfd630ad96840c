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
            DownloadName = ReadDownloadName(settings),
        };
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
