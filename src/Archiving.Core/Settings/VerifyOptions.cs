namespace Archiving.Settings;

/// <summary>How the archive is verified.</summary>
public sealed record VerifyOptions
{
    /// <summary>Within how many days every object is verified once.</summary>
    public required int Days { get; init; }

    internal static VerifyOptions Read(SettingsReader settings) => new() { Days = settings.Integer("Verify__Days", 30, 1, 3650) };
}
