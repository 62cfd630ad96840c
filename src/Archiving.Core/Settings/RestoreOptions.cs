namespace Archiving.Settings;

/// <summary>How objects in 8x8's cold storage are waited for.</summary>
public sealed record RestoreOptions
{
    /// <summary>How long a message waits before it looks again whether a restored object is there.</summary>
    public required TimeSpan PollInterval { get; init; }

    /// <summary>How many restores are begun on a day, UTC, by all instances together; 0 for any number.</summary>
    public required int MaxPerDay { get; init; }

    internal static RestoreOptions Read(SettingsReader settings) => new()
    {
        // A queue message can be hidden for seven days at most (Azure Storage, Put Message), and a little is added by chance.
        PollInterval = settings.Duration("Restore__PollInterval", TimeSpan.FromMinutes(15), TimeSpan.FromSeconds(1), TimeSpan.FromDays(6)),
        MaxPerDay = settings.Integer("Restore__MaxPerDay", 0, 0, 1_000_000),
    };
}
