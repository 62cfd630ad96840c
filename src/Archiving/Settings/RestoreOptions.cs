namespace Archiving.Settings;

/// <summary>How objects in 8x8's cold storage are waited for.</summary>
public sealed record RestoreOptions
{
    /// <summary>How long a message waits before it looks again whether a restored object is there.</summary>
    public required TimeSpan PollInterval { get; init; }

    internal static RestoreOptions Read(SettingsReader settings) => new()
    {
        // A queue message can be hidden for seven days at most (Azure Storage, Put Message).
        PollInterval = settings.Duration("Restore__PollInterval", TimeSpan.FromMinutes(15), TimeSpan.FromSeconds(1), TimeSpan.FromDays(7)),
    };
}
