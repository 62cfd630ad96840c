using Archiving.Model;
using Microsoft.Extensions.Configuration;

namespace Archiving.Settings;

/// <summary>Every setting of the archiver, read and validated together.</summary>
/// <param name="EightByEight">The source.</param>
/// <param name="KeyVault">The vault.</param>
/// <param name="Archive">The destination.</param>
/// <param name="Listing">What a listing looks at.</param>
/// <param name="Retention">When 8x8 deletes objects.</param>
/// <param name="Restore">Cold storage.</param>
/// <param name="Purge">Deleting at 8x8.</param>
/// <param name="Verify">Reading the archive again.</param>
/// <param name="Notifications">Summaries and warnings.</param>
/// <param name="Access">Who may do what over HTTP.</param>
/// <param name="Catalogue">The catalogue of what is archived.</param>
/// <param name="Search">What searches look at.</param>
/// <param name="Schedules">When the timer functions run.</param>
/// <param name="Host">The Functions host.</param>
public sealed record ArchiverOptions(
    EightByEightOptions EightByEight,
    KeyVaultOptions KeyVault,
    ArchiveOptions Archive,
    ListingOptions Listing,
    RetentionOptions Retention,
    RestoreOptions Restore,
    PurgeOptions Purge,
    VerifyOptions Verify,
    NotificationOptions Notifications,
    AccessOptions Access,
    CatalogueOptions Catalogue,
    SearchOptions Search,
    ScheduleOptions Schedules,
    HostOptions Host)
{
    /// <summary>Reads the settings.</summary>
    /// <exception cref="SettingsException">A setting is missing or malformed.</exception>
    public static ArchiverOptions Read(IConfiguration configuration)
    {
        var settings = new SettingsReader(configuration);
        var options = new ArchiverOptions(
            EightByEightOptions.Read(settings),
            KeyVaultOptions.Read(settings),
            ArchiveOptions.Read(settings),
            ListingOptions.Read(settings),
            RetentionOptions.Read(settings),
            RestoreOptions.Read(settings),
            PurgeOptions.Read(settings),
            VerifyOptions.Read(settings),
            NotificationOptions.Read(settings),
            AccessOptions.Read(settings),
            CatalogueOptions.Read(settings),
            SearchOptions.Read(settings),
            ScheduleOptions.Read(settings),
            HostOptions.Read(settings));
        StorageConnection.Validate(settings);
        settings.ThrowIfAnyProblem();
        return options;
    }
}
