namespace Archiving.Testing;

/// <summary>The settings without which nothing starts: nothing in these tests runs by them.</summary>
internal static class Schedules
{
    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["TokenRefreshSchedule"] = "0 */5 * * * *",
        ["ListingSchedule"] = "0 */10 * * * *",
        ["ReconcileSchedule"] = "0 0 3 * * 0",
        ["VerifySchedule"] = "0 30 1 * * *",
        ["Catalogue__Schedule"] = "0 0 4 * * *",
    };

    /// <summary>Adds those that are not there.</summary>
    public static void AddTo(IDictionary<string, string?> settings)
    {
        foreach (var (name, value) in All)
        {
            settings.TryAdd(name.Replace("__", ":", StringComparison.Ordinal), value);
        }
    }
}
