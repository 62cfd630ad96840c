namespace Metering;

/// <summary>The settings with which a benchmark runs the app's services in its own process: those that have no default.</summary>
public static class AppSettings
{
    /// <summary>The settings, to add others to.</summary>
    /// <param name="connection">Connection string of the storage account.</param>
    public static Dictionary<string, string?> For(string connection) => new(StringComparer.Ordinal)
    {
        ["AzureWebJobsStorage"] = connection,
        ["EightByEight:Key"] = "key",
        ["EightByEight:Secret"] = "secret",
        ["TokenRefreshSchedule"] = "0 */5 * * * *",
        ["ListingSchedule"] = "0 */10 * * * *",
        ["ReconcileSchedule"] = "0 0 3 * * 0",
        ["VerifySchedule"] = "0 30 1 * * *",
        ["Catalogue:Schedule"] = "0 0 4 * * *",
        ["Notifications:Schedule"] = "0 0 7 * * *",
    };
}
