using System.Text.Json;

namespace LocalHost;

/// <summary>The settings of <c>local.settings.json</c>, which apply below those of the environment.</summary>
/// <param name="Name">The file that was read; <see langword="null"/> when there is none.</param>
/// <param name="Values">The settings that the environment does not have.</param>
internal sealed record SettingsFile(string? Name, IReadOnlyDictionary<string, string> Values)
{
    private const string Default = "local.settings.json";
    private const string Section = "Values";
    private const char ByteOrderMark = '\uFEFF';

    /// <summary>Name of the file that is read when there is no other.</summary>
    public const string Sample = "local.settings.sample.json";

    /// <summary>Reads the file that <c>LocalHost__SettingsFile</c> names, else <c>local.settings.json</c>, else the sample.</summary>
    /// <param name="folder">Where relative names are looked up.</param>
    /// <param name="named">The setting; empty for none.</param>
    /// <param name="environment">Names of the settings that the environment has.</param>
    /// <exception cref="LocalHostException">The file is malformed, or the named one is missing.</exception>
    public static SettingsFile Read(string folder, string? named, IEnumerable<string> environment)
    {
        string[] names = string.IsNullOrEmpty(named) ? [Default, Sample] : [named];
        if (names.FirstOrDefault(name => File.Exists(Path.Combine(folder, name))) is not { } name)
        {
            return string.IsNullOrEmpty(named)
                ? new SettingsFile(null, new Dictionary<string, string>(StringComparer.Ordinal))
                : throw new LocalHostException($"LocalHost__SettingsFile is \"{named}\": there is no such file in {folder}.");
        }

        try
        {
            var taken = environment.ToHashSet(StringComparer.OrdinalIgnoreCase);

            // As text, because editors and shells save with a byte order mark, in UTF-8 or UTF-16.
            using var json = JsonDocument.Parse(
                File.ReadAllText(Path.Combine(folder, name)),
                new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (!json.RootElement.TryGetProperty(Section, out var section))
            {
                throw new LocalHostException($"{name} has no object \"{Section}\". Put the settings into it, as {Sample} does.");
            }

            var values = section.EnumerateObject()
                .Where(setting => !taken.Contains(setting.Name))
                .ToDictionary(setting => setting.Name, setting => setting.Value.ToString().Trim(ByteOrderMark), StringComparer.Ordinal);
            return values.Keys.FirstOrDefault(key => key.Length == 0 || key.Contains('=', StringComparison.Ordinal)) is { } wrong
                ? throw new LocalHostException($"{name} names a setting \"{wrong}\": a name is not empty and has no equals sign.")
                : new SettingsFile(name, values);
        }
        catch (Exception exception) when (
            exception is JsonException or InvalidOperationException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new LocalHostException($"{name} cannot be read: {exception.Message}", exception);
        }
    }
}
