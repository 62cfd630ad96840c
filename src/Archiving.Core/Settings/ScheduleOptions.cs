namespace Archiving.Settings;

/// <summary>
/// When the timer functions run. The Functions host reads these settings by itself; a schedule that it cannot use
/// disables its function and nothing else, so the app checks them when it starts.
/// </summary>
public sealed record ScheduleOptions
{
    /// <summary>When the token is refreshed.</summary>
    public required string TokenRefresh { get; init; }

    /// <summary>When new objects are listed.</summary>
    public required string Listing { get; init; }

    /// <summary>When everything at 8x8 is compared with the archive.</summary>
    public required string Reconcile { get; init; }

    /// <summary>When the night's share of the archive is verified, and what is old enough is purged.</summary>
    public required string Verify { get; init; }

    /// <summary>When the catalogue of what is archived is built.</summary>
    public required string Catalogue { get; init; }

    /// <summary>When the daily summary is posted.</summary>
    public required string Notifications { get; init; }

    /// <summary>When a restore drill runs; <see langword="null"/> for never.</summary>
    public string? Drill { get; init; }

    internal static ScheduleOptions Read(SettingsReader settings) => new()
    {
        TokenRefresh = settings.Schedule("TokenRefreshSchedule", "0 */5 * * * *"),
        Listing = settings.Schedule("ListingSchedule", "0 */10 * * * *"),
        Reconcile = settings.Schedule("ReconcileSchedule", "0 0 3 * * 0"),
        Verify = settings.Schedule("VerifySchedule", "0 30 1 * * *"),
        Catalogue = settings.Schedule("Catalogue__Schedule", "0 0 4 * * *"),
        Notifications = settings.OptionalSchedule("Notifications__Schedule", "0 0 7 * * *") ?? "0 0 7 * * *",
        Drill = settings.OptionalSchedule("Drill__Schedule", "0 0 5 1 * *"),
    };
}
