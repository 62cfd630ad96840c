namespace Archiving.Settings;

/// <summary>Deleting at 8x8 what is archived: only when it is switched on and a time is given.</summary>
public sealed record PurgeOptions
{
    /// <summary>Whether anything is deleted.</summary>
    public required bool Enabled { get; init; }

    /// <summary>How many days after it was archived an object is deleted at 8x8; <see langword="null"/> for never.</summary>
    public required int? AfterDays { get; init; }

    /// <summary>How many objects a night's run deletes at most.</summary>
    public required int MaxPerRun { get; init; }

    internal static PurgeOptions Read(SettingsReader settings)
    {
        var enabled = settings.Boolean("Purge__Enabled", defaultValue: false);
        int? afterDays = settings.Text("Purge__AfterDays") is null ? null : settings.Integer("Purge__AfterDays", 0, 0, 36_500);
        if (enabled && afterDays is null)
        {
            settings.Missing("Purge__AfterDays", "Purge__Enabled is true, so give the days to keep an object at 8x8 after it was archived, from 0 to 36500");
        }

        return new PurgeOptions
        {
            Enabled = enabled,
            AfterDays = afterDays,
            MaxPerRun = settings.Integer("Purge__MaxPerRun", 1000, 1, 100_000),
        };
    }
}
